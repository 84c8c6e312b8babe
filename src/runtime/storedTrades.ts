import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createActor, type Snapshot } from 'xstate'
import { tradeMachine } from '../../machines/tradeMachine.ts'
import { StoreError, toFailure, UnknownTradeError } from '../domain/errors.ts'
import type { AcceptedOrder } from '../domain/trade.ts'
import { openLmdbStore } from '../store/lmdbStore.ts'
import { MemoryBank } from '../store/memoryBank.ts'
import type { Store, Write } from '../store/store.ts'
import { metrics, type VenueMetrics } from './metrics.ts'
import { type EndedRecord, type HistoryEntry, type LiveRecord, readEnded, readHistory, readLive } from './records.ts'
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
  /** Forgets the trades that have ended, and keeps the totals. Resolves with how many, once that is on disk. */
  clear(): Promise<number>
  close(): Promise<void>
}

/** Records are removed this many trades at a time: a commit holds all of them in memory. */
const clearBatch = 500

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
  // Opening would make a new one, and a misspelt path would look like a store without trades.
  if (!existsSync(join(dataDir, 'legwork.mdb'))) throw new StoreError('There is no store here.', { dataDir })
  const store = await openLmdbStore(dataDir)

  function status(tradeId: string): TradeStatus {
    const live = readLive(store).find((one) => one.tradeId === tradeId)
    if (live !== undefined) return statusOf(live)
    const ended = readEnded(store, tradeId)
    if (ended === undefined) throw new UnknownTradeError('No trade has this id.', { tradeId })
    return ended.status
  }

  return {
    all() {
      const live = readLive(store).map(statusOf)
      const ended = [...store.entries('ended')].map(({ value }) => (value as unknown as EndedRecord).status)
      return [...live, ...ended.sort((a, b) => (b.endedAtMs ?? 0) - (a.endedAtMs ?? 0))]
    },
    status,
    history(tradeId) {
      status(tradeId)
      return readHistory(store, tradeId)
    },
    metrics: () => metrics(MemoryBank.over(store)).all(),
    async clear() {
      const tradeIds = [...store.entries('ended')].map(({ key }) => String(key))
      for (let first = 0; first < tradeIds.length; first += clearBatch) {
        await store.commit(tradeIds.slice(first, first + clearBatch).flatMap((tradeId) => forgetWrites(store, tradeId)))
      }
      return tradeIds.length
    },
    close: () => store.close(),
  }
}

/** The charts say where a trade is; they are put back in their states and never started. */
function statusOf({ tradeId, record }: { tradeId: string; record: LiveRecord }): TradeStatus {
  try {
    const snapshot = record.snapshot as unknown as Snapshot<unknown>
    // The input is not used where there is a snapshot.
    return tradeStatus(createActor(tradeMachine, { snapshot, input: undefined as unknown as AcceptedOrder }))
  } catch (error) {
    const reason = toFailure(error).message
    throw new StoreError('A stored trade does not restore as it was saved.', { tradeId, reason }, error)
  }
}

function forgetWrites(store: Store, tradeId: string): Write[] {
  const history = [...store.entries('history', tradeId)]
  return [
    { space: 'ended', key: tradeId, value: undefined },
    ...history.map(({ key }): Write => ({ space: 'history', key, value: undefined })),
  ]
}
