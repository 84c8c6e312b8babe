import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { StoreError, UnknownTradeError } from '../domain/errors.ts'
import { openLmdbStore, storeFile } from '../store/lmdbStore.ts'
import { MemoryBank } from '../store/memoryBank.ts'
import { type Halt, readHalt } from './halting.ts'
import { metrics, type VenueMetrics } from './metrics.ts'
import { type EndedRecord, forgetEnded, type HistoryEntry, readEnded, readHistory, readLive } from './records.ts'
import { restoreTrade } from './restore.ts'
import { type TradeStatus, tradeStatus } from './status.ts'

/** The trades of a data directory, read without a chain, a key or a configuration: nothing goes on by it. */
export interface StoredTrades {
  /** All trades: those that have not ended, then those that have, the latest first. */
  all(): TradeStatus[]
  /** @throws UnknownTradeError where no trade has this id, or it was cleared. */
  status(tradeId: string): TradeStatus
  /** Every transition, oldest first. @throws UnknownTradeError as above. */
  history(tradeId: string): HistoryEntry[]
  /** Totals by venue and pair, over all trades that ended, cleared ones included. */
  metrics(): VenueMetrics[]
  /** Since when nothing is traded, and why; null where trading may go on. */
  halted(): Halt | null
  /** Forgets the trades that have ended, and keeps the totals. Resolves with how many, once that is on disk. */
  clear(): Promise<number>
  close(): Promise<void>
}

/**
 * Opens what a data directory holds. Nobody else may have it open meanwhile.
 *
 * @throws StoreError where there is no store, or it cannot be read; StoreLockedError where another process has it open.
 *
 * @example
 * const trades = await openStoredTrades('./legwork-data')
 * trades.status('trade_1').status // 'submitted'
 */
export async function openStoredTrades(dataDir: string): Promise<StoredTrades> {
  refuseMissing(dataDir)
  const store = await openLmdbStore(dataDir)

  function status(tradeId: string): TradeStatus {
    const live = readLive(store).find((one) => one.tradeId === tradeId)
    if (live !== undefined) return tradeStatus(restoreTrade(live))
    const ended = readEnded(store, tradeId)
    if (ended === undefined) throw new UnknownTradeError('No trade has this id.', { tradeId })
    return ended.status
  }

  return {
    all() {
      const live = readLive(store).map((trade) => tradeStatus(restoreTrade(trade)))
      const ended = [...store.entries('ended')].map(({ value }) => (value as unknown as EndedRecord).status)
      return [...live, ...ended.sort((a, b) => (b.endedAtMs ?? 0) - (a.endedAtMs ?? 0))]
    },
    status,
    history(tradeId) {
      status(tradeId)
      return readHistory(store, tradeId)
    },
    metrics: () => metrics(MemoryBank.over(store)).all(),
    halted: () => readHalt(store),
    clear: () => forgetEnded(store),
    close: () => store.close(),
  }
}

/**
 * Sees that there is a store: to open would make a new one, and a misspelt path would look like a store without trades.
 *
 * @throws StoreError where there is none.
 */
export function refuseMissing(dataDir: string): void {
  if (!existsSync(join(dataDir, storeFile))) throw new StoreError('There is no store here.', { dataDir })
}
