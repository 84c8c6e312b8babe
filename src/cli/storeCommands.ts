import type { Halt, TradeStatus } from '../index.ts'
import { openStoredTrades, type StoredTrades } from '../runtime/storedTrades.ts'
import { grouped, quotient, rounded, seconds, short } from './figures.ts'
import { haltText } from './haltCommands.ts'
import { exitCodes, type Io } from './io.ts'
import { type Cell, formatTable } from './table.ts'
import type { Terminal } from './terminal.ts'
import { styleOf, tradeReport } from './tradeReport.ts'

/** What every command on a store takes. */
export interface StoreOptions {
  readonly dataDir: string
  readonly json?: true
}

/** More would not be read; `--json` has all of them. */
const listedMax = 50
const weiPerEther = '1000000000000000000'

/**
 * Prints one stored trade, or a line for each.
 *
 * @throws UnknownTradeError, StoreError, StoreLockedError.
 *
 * @example
 * await status('trade_1', { dataDir: './legwork-data' }, io)
 */
export function status(tradeId: string | undefined, { dataDir, json }: StoreOptions, { out }: Io): Promise<number> {
  return withStore(dataDir, (trades) => {
    const found = tradeId === undefined ? trades.all() : trades.status(tradeId)
    if (json) out.write(jsonText(found))
    else out.write('tradeId' in found ? tradeReport(out, found) : haltLine(trades.halted()) + tradeList(out, found))
  })
}

/**
 * Prints every transition of one stored trade, oldest first.
 *
 * @throws UnknownTradeError, StoreError, StoreLockedError.
 *
 * @example
 * await history('trade_1', { dataDir: './legwork-data' }, io)
 */
export function history(tradeId: string, { dataDir, json }: StoreOptions, { out }: Io): Promise<number> {
  return withStore(dataDir, (trades) => {
    const entries = trades.history(tradeId)
    const columns = ['time', 'leg', 'from', 'to', 'event', 'hash'].map((title) => ({ title }))
    const rows = entries.map(({ atMs, legId, from, to, event, hash }): Cell[] => [
      { text: new Date(atMs).toISOString(), style: 'dim' },
      legId ?? 'trade',
      from,
      to,
      event,
      hash === undefined ? null : { text: short(hash), style: 'dim' },
    ])
    out.write(json ? jsonText(entries) : formatTable(out, columns, rows))
  })
}

/**
 * Prints the totals by venue and pair.
 *
 * @throws StoreError, StoreLockedError.
 *
 * @example
 * await metrics({ dataDir: './legwork-data' }, io)
 */
export function metrics({ dataDir, json }: StoreOptions, { out }: Io): Promise<number> {
  return withStore(dataDir, (trades) => {
    const all = trades.metrics()
    const columns = [
      { title: 'venue' },
      { title: 'pair' },
      { title: 'legs', align: 'right' },
      { title: 'done', align: 'right' },
      { title: 'failed', align: 'right' },
      { title: 'success', unit: '%', align: 'right' },
      { title: 'retries', align: 'right' },
      { title: 'gas', unit: 'units', align: 'right' },
      { title: 'gas cost', unit: 'ETH', align: 'point' },
      { title: 'mean time', align: 'right' },
    ] as const
    const rows = all.map((sums): Cell[] => [
      sums.venue,
      sums.pair,
      grouped(sums.legs),
      grouped(sums.done),
      grouped(sums.failed),
      (100 * sums.successRate).toFixed(1),
      grouped(sums.retries),
      grouped(sums.gasUsed),
      etherOf(sums.gasCostWei),
      seconds(sums.meanElapsedMs),
    ])
    if (json) out.write(jsonText(all))
    else out.write(all.length === 0 ? 'No trade has ended yet.\n' : formatTable(out, columns, rows))
  })
}

/**
 * Forgets the trades that have ended, and says how many.
 *
 * @throws StoreError, StoreLockedError.
 *
 * @example
 * await clear({ dataDir: './legwork-data' }, io)
 */
export function clear({ dataDir }: StoreOptions, { out }: Io): Promise<number> {
  return withStore(dataDir, async (trades) => {
    const count = await trades.clear()
    out.write(`Forgot ${count} ended ${count === 1 ? 'trade' : 'trades'}. The totals stay.\n`)
  })
}

async function withStore(dataDir: string, use: (trades: StoredTrades) => Promise<void> | void): Promise<number> {
  const trades = await openStoredTrades(dataDir)
  try {
    await use(trades)
    return exitCodes.ok
  } finally {
    await trades.close()
  }
}

function haltLine(halt: Halt | null): string {
  return halt === null ? '' : `Halted ${haltText(halt)}.\n`
}

function tradeList(out: Terminal, trades: readonly TradeStatus[]): string {
  if (trades.length === 0) return 'There are no trades.\n'
  const columns = [
    { title: 'trade' },
    { title: 'status' },
    { title: 'order' },
    { title: 'in', align: 'right' },
    { title: 'out', align: 'right' },
    { title: 'started' },
    { title: 'took', align: 'right' },
  ] as const
  const rows = trades
    .slice(0, listedMax)
    .map((trade): Cell[] => [
      trade.tradeId,
      { text: trade.outcome === 'partial' ? 'done (partial)' : trade.state, style: styleOf(trade.status) },
      `${trade.side} ${trade.amount} ${trade.pair}`,
      `${trade.amountIn} ${trade.tokenIn}`,
      `${trade.amountOut} ${trade.tokenOut}`,
      { text: new Date(trade.startedAtMs).toISOString(), style: 'dim' },
      trade.endedAtMs === null ? null : seconds(trade.endedAtMs - trade.startedAtMs),
    ])
  const more = trades.length > listedMax ? `  and ${trades.length - listedMax} older ones: --json has all\n` : ''
  return formatTable(out, columns, rows) + more
}

/** To be read; `--json` has it exactly. */
function etherOf(wei: string): string {
  return rounded(quotient(wei, weiPerEther, 18) ?? '0', 6)
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
