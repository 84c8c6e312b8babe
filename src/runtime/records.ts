import type { AnyActor, AnyActorRef } from 'xstate'
import { machineVersion } from '../../machines/version.ts'
import { StoreError } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import type { Json } from '../domain/json.ts'
import type { LegContext } from '../domain/leg.ts'
import { walletOf } from '../domain/leg.ts'
import type { AcceptedOrder, TradeContext } from '../domain/trade.ts'
import type { Store, Write } from '../store/store.ts'
import { upgraded } from './migrate.ts'
import type { TradeStatus } from './status.ts'

/** One transition, for people. The trade's own have no `legId`. */
export interface HistoryEntry {
  readonly atMs: number
  readonly legId?: string
  readonly from: string | null
  readonly to: string
  readonly event: string | null
  readonly hash?: Hex
}

type WrittenEntry = Omit<HistoryEntry, 'from'>

/** A trade that has not ended, as it is on disk. */
export interface LiveRecord {
  readonly schema: number
  readonly machineVersion: number
  readonly snapshot: Json
  /** Sequence number of the trade's next history record. */
  readonly historyNext: number
}

/** A live trade by its id. */
export interface StoredTrade {
  readonly tradeId: string
  readonly record: LiveRecord
}

/** A trade that has ended. The order's fingerprint tells a repeated order from another one. */
export interface EndedRecord {
  readonly schema: number
  readonly fingerprint: string
  readonly status: TradeStatus
}

/** Version of the two records above. */
const schema = 1

/** Versions of the machines whose snapshots this one can take over: see `migrate.ts`. */
export const readableVersions: readonly number[] = [1, 2, machineVersion]

/** The record of a live trade. */
export function liveWrites(
  trade: Pick<AnyActor, 'getPersistedSnapshot'>,
  tradeId: string,
  historyNext: number,
): Write[] {
  const snapshot = trade.getPersistedSnapshot() as unknown as Json
  const record: LiveRecord = { schema, machineVersion, snapshot, historyNext }
  return [{ space: 'live', key: tradeId, value: record as unknown as Json }]
}

/** The records of a trade that has just ended: out of the live ones, into the archive, at once. */
export function endedWrites(status: TradeStatus, order: AcceptedOrder): Write[] {
  const record: EndedRecord = { schema, fingerprint: order.fingerprint, status }
  return [
    { space: 'live', key: order.tradeId, value: undefined },
    { space: 'ended', key: order.tradeId, value: record as unknown as Json },
  ]
}

/** One commit's worth of a trade's transitions. Where each came from is where its actor was before: that is not written. */
export function historyWrite(tradeId: string, sequence: number, entries: readonly HistoryEntry[]): Write {
  const value = entries.map(({ from, ...entry }) => entry)
  return { space: 'history', key: [tradeId, sequence], value: value as unknown as Json }
}

/**
 * All transitions of a trade, oldest first.
 *
 * @example
 * readHistory(store, 'trade_1').map(({ to }) => to) // ['preparing.allocating', …]
 */
export function readHistory(store: Store, tradeId: string): HistoryEntry[] {
  const written = [...store.entries('history', tradeId)].flatMap(({ value }) => value as unknown as WrittenEntry[])
  const places = new Map<string | undefined, string>()
  return written.map((entry) => {
    const from = places.get(entry.legId) ?? null
    places.set(entry.legId, entry.to)
    return { ...entry, from }
  })
}

export function readEnded(store: Store, tradeId: string): EndedRecord | undefined {
  return store.get('ended', tradeId) as unknown as EndedRecord | undefined
}

/**
 * The live trades of a store.
 *
 * @throws StoreError for a record from a version that this one cannot take over. Nothing was changed.
 */
export function readLive(store: Store): StoredTrade[] {
  return [...store.entries('live')].map(({ key, value }) => {
    const record = value as unknown as LiveRecord
    const tradeId = String(key)
    if (record.schema !== schema || !readableVersions.includes(record.machineVersion)) {
      throw new StoreError('A stored trade is from a version of the machines that this one cannot take over.', {
        tradeId,
        'stored schema': record.schema,
        'stored machine version': record.machineVersion,
        'this machine version': machineVersion,
      })
    }
    return { tradeId, record: current(record) }
  })
}

function current(record: LiveRecord): LiveRecord {
  return { ...record, machineVersion, snapshot: upgraded(record.snapshot, record.machineVersion) }
}

/** A live trade as it is on disk now; undefined where it was never written. */
export function readLiveTrade(store: Store, tradeId: string): StoredTrade | undefined {
  const record = store.get('live', tradeId) as unknown as LiveRecord | undefined
  return record === undefined ? undefined : { tradeId, record: current(record) }
}

/** The highest nonce that a trade's legs have signed for, by wallet. */
export function noncesOf(trade: AnyActorRef): Map<string, number> {
  const snapshot = trade.getSnapshot()
  const highest = new Map<string, number>()
  for (const { legId } of (snapshot.context as TradeContext).plan) {
    const leg = snapshot.children[legId]?.getSnapshot().context as LegContext | undefined
    const nonce = leg?.attempts.at(-1)?.nonce
    if (leg === undefined || nonce === undefined) continue
    const wallet = walletOf(leg.order)
    highest.set(wallet, Math.max(nonce, highest.get(wallet) ?? 0))
  }
  return highest
}

/** Records are removed this many trades at a time, so that clearing a large archive does not hold up a send. */
const forgetBatch = 500

/**
 * Removes every ended trade and its history.
 *
 * @returns How many there were, once they are gone from the disk.
 */
export async function forgetEnded(store: Store): Promise<number> {
  const tradeIds = [...store.entries('ended')].map(({ key }) => String(key))
  for (let first = 0; first < tradeIds.length; first += forgetBatch) {
    await store.commit(tradeIds.slice(first, first + forgetBatch).flatMap((tradeId) => forgetWrites(store, tradeId)))
  }
  return tradeIds.length
}

function forgetWrites(store: Store, tradeId: string): Write[] {
  const history = [...store.entries('history', tradeId)]
  return [
    { space: 'ended', key: tradeId, value: undefined },
    ...history.map(({ key }): Write => ({ space: 'history', key, value: undefined })),
  ]
}
