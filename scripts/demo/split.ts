import { basisPoints, difference, grouped, quotient, signed } from '../../src/cli/figures.ts'
import { startProgress } from '../../src/cli/progress.ts'
import { type Cell, formatTable } from '../../src/cli/table.ts'
import { tradeReport } from '../../src/cli/tradeReport.ts'
import { formatAmount, parseAmount } from '../../src/domain/amount.ts'
import { ExecutionManager, type OpenOptions, type TradeOrder, type TradeStatus } from '../../src/index.ts'
import { auditTrade, standing } from './ledger.ts'
import { heading, order, proven, type Stage } from './stage.ts'

/**
 * Sells over all venues, live; then the same on each venue alone from the same starting state, for real, and compares.
 *
 * @throws DemoFault where a leg is not done or the chain disagrees with what was reported.
 *
 * @example
 * await showSplit(stage)
 */
export async function showSplit(stage: Stage): Promise<void> {
  const { terminal, world, wallet, options } = stage
  const start = await world.snapshot()
  const before = await standing(world, wallet)
  heading(terminal, 'The trade, split over the venues')
  const progress = startProgress(terminal)
  const split = await execute(stage, options('split'), order, (execution) =>
    execution.on('step', (step) => progress.step(step)),
  )
  terminal.write(`\n${tradeReport(terminal, split)}\n`)
  await auditTrade(world, before, split)
  proven(
    terminal,
    'The chain agrees: one transaction a leg, and the balances changed by exactly these amounts and the gas.',
  )

  heading(terminal, 'The same order on one venue alone, sold for real from the same starting state')
  let snapshot = start
  const alone: TradeStatus[] = []
  for (const { id } of world.venues) {
    await world.revert(snapshot)
    // A snapshot is good for one return.
    snapshot = await world.snapshot()
    const again = await standing(world, wallet)
    const status = await execute(stage, options(id), { ...order, tradeId: id, venues: [id] })
    await auditTrade(world, again, status)
    alone.push(status)
  }
  compare(stage, split, alone)
}

/** Opens a manager, executes one order and closes it, so that nothing of it is left on the chain that comes next. */
async function execute(
  { cleanup }: Stage,
  options: OpenOptions,
  trade: TradeOrder,
  listen: (execution: ExecutionManager) => void = () => {},
): Promise<TradeStatus> {
  const execution = await ExecutionManager.open(options)
  cleanup.add(() => execution.close())
  listen(execution)
  const status = await execution.submitTrade(trade).result()
  await execution.close()
  return status
}

interface Offer {
  readonly name: string
  readonly out: string
  readonly gasUsed: number
  /** Output less the gas, at the split's own gas price and price. */
  readonly net: string
}

function compare({ terminal }: Stage, split: TradeStatus, alone: readonly TradeStatus[]): void {
  const offerOf = (name: string, { amountOut, gasUsed }: TradeStatus): Offer => ({
    name,
    out: amountOut,
    gasUsed,
    net: difference(amountOut, gasInOutput(split, gasUsed)),
  })
  const offer = offerOf('split', split)
  const offers = alone.map((status, index) => offerOf(status.legs[0]?.venue ?? `venue ${index}`, status))
  const [best] = [...offers].sort((a, b) => (difference(b.out, a.out).startsWith('-') ? -1 : 1))
  if (best === undefined) return
  const unit = split.tokenOut
  const columns = [
    { title: '' },
    { title: 'out', unit, align: 'point' },
    { title: 'gas', unit: 'units', align: 'right' },
    { title: 'net of gas', unit, align: 'point' },
    { title: 'against best', unit, align: 'point' },
    { title: '', unit: 'bp', align: 'right' },
  ] as const
  const rows = [...offers, offer].map(({ name, out, gasUsed, net }): Cell[] => {
    const label = name === best.name ? { text: `${name} (best alone)`, style: 'bold' as const } : name
    const gap = difference(out, best.out)
    return [label, out, grouped(gasUsed), net, signed(gap), signed(basisPoints(gap, best.out) ?? '0')]
  })
  terminal.write(formatTable(terminal, columns, rows))
  const gasPrice = quotient(split.gasCost, String(split.gasUsed), 18) ?? '0'
  terminal.write(`\n${verdict(terminal.paint, split, offer, best)}`)
  terminal.write(terminal.paint('dim', `  Gas is counted for both at what the split paid: ${gwei(gasPrice)} gwei.\n`))
}

function verdict(paint: Stage['terminal']['paint'], { tokenOut }: TradeStatus, split: Offer, best: Offer): string {
  const gross = difference(split.out, best.out)
  const net = difference(split.net, best.net)
  const isLoss = gross.startsWith('-')
  const sentence =
    `The split ${isLoss ? 'lost' : 'gained'} ${gross.replace('-', '')} ${tokenOut} ` +
    `(${signed(basisPoints(gross, best.out) ?? '0')} bp) against ${best.name} alone; ` +
    `net of gas ${signed(net)} ${tokenOut} (${signed(basisPoints(net, best.net) ?? '0')} bp).`
  return `  ${paint(isLoss ? 'yellow' : 'green', sentence)}\n`
}

/** What gas is worth in the token that was bought, at the split's own gas price and price. */
function gasInOutput({ gasUsed, gasCost, amountIn, amountOut }: TradeStatus, gas: number): string {
  const wei = (BigInt(parseAmount(gasCost, 18)) * BigInt(gas)) / BigInt(gasUsed)
  const out = (wei * BigInt(parseAmount(amountOut, 6))) / BigInt(parseAmount(amountIn, 18))
  return formatAmount(`${out}`, 6)
}

function gwei(ether: string): string {
  return quotient(ether, '0.000000001', 3) ?? '0'
}
