import type { Chain } from '../chain/chain.ts'
import type { HeadFollower } from '../chain/headFollower.ts'
import { InvalidConfigError, StoreError } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import { type LegContext, walletOf } from '../domain/leg.ts'
import type { TradeContext } from '../domain/trade.ts'
import type { Attempt } from '../domain/transaction.ts'
import type { Store } from '../store/store.ts'
import type { StoredGap } from './gapFillers.ts'
import { keyOfLeg } from './legKeys.ts'
import { isWithoutPlace } from './legUpkeep.ts'
import type { StoredTrade } from './records.ts'
import { pathOf } from './runner.ts'

/** What a stored leg that has not ended left open. */
export interface OpenLeg {
  readonly key: string
  readonly wallet: Hex
  readonly nonce: number | null
  /** It has a place in its lane: admitted, and its nonce not yet consumed. */
  readonly holdsPlace: boolean
  readonly attempts: readonly Attempt[]
  /** The newest bytes for its nonce; null where none were signed, or where it is to be cancelled instead. */
  readonly raw: Hex | null
  /** Null where it needs none: it only has its nonce used up. */
  readonly venue: string | null
}

interface StoredLeg {
  readonly snapshot: { readonly status: string; readonly value: unknown; readonly context: LegContext }
}

/** Reads what live trades left open, before any actor is started. Where trading is halted, all of it is to be cancelled. */
export function openWork(
  live: readonly StoredTrade[],
  gaps: readonly StoredGap[],
  nowMs: number,
  isHalted = false,
): OpenLeg[] {
  const legs = live.flatMap(({ record }) => {
    const { children } = record.snapshot as unknown as { children: Record<string, StoredLeg> }
    return Object.values(children).map(({ snapshot }) => snapshot)
  })
  const all = [...legs, ...gaps.map(({ snapshot }) => snapshot as unknown as StoredLeg['snapshot'])]
  return all.flatMap((snapshot) => (snapshot.status === 'active' ? [openLeg(snapshot, nowMs, isHalted)] : []))
}

function openLeg({ value, context }: StoredLeg['snapshot'], nowMs: number, isHalted: boolean): OpenLeg {
  const { order, nonce, attempts } = context
  const path = pathOf(value)
  return {
    key: keyOfLeg(order),
    wallet: walletOf(order),
    nonce,
    holdsPlace: order.task.kind !== 'gap' && !isWithoutPlace(path),
    attempts,
    raw: isToBeSent(context, nowMs, isHalted) ? (attempts.at(-1)?.raw ?? null) : null,
    venue: order.task.kind === 'gap' ? null : order.venue,
  }
}

/**
 * Ties a store to its chain, so that nonces of one are never used on another: by its id and its first block.
 *
 * @throws StoreError where the store belongs to another chain. Nothing was changed.
 */
export async function bindToChain(store: Store, chain: Chain, dataDir: string): Promise<void> {
  // A node without old blocks may have none to show, or an error in its place: that says nothing.
  const genesis = await chain.block(0).then(
    (block) => block?.hash ?? null,
    () => null,
  )
  const bound = store.get('meta', chainKey) as { chainId: number; genesis: Hex | null } | undefined
  const isNews = bound === undefined || (bound.genesis === null && genesis !== null)
  const isSame = bound === undefined || bound.genesis === genesis || bound.genesis === null || genesis === null
  if (isSame && (bound === undefined || bound.chainId === chain.chainId)) {
    if (isNews) await store.commit([{ space: 'meta', key: chainKey, value: { chainId: chain.chainId, genesis } }])
    return
  }
  throw new StoreError('The store belongs to another chain. Use another dataDir.', {
    field: 'dataDir',
    dataDir,
    'chain of the store': `${bound?.chainId}, first block ${bound?.genesis}`,
    'chain configured': `${chain.chainId}, first block ${genesis}`,
  })
}

const chainKey = 'chain'

/**
 * Sees that what unfinished trades need is still configured.
 *
 * @throws InvalidConfigError naming the wallet or venue that a stored trade cannot do without.
 */
export function checkParts(
  live: readonly StoredTrade[],
  work: readonly OpenLeg[],
  wallets: readonly Hex[],
  venues: Pick<ReadonlyMap<string, unknown>, 'has'>,
): void {
  for (const { tradeId, record } of live) {
    const { order, plan } = (record.snapshot as unknown as { context: TradeContext }).context
    // Before it is split, or split again, any of its venues may be needed.
    const isSplit = plan.length > 0 && order.fillPolicy.kind === 'bestEffort'
    const unknown = isSplit ? undefined : order.venues.find((venue) => !venues.has(venue))
    if (unknown !== undefined) throw missing('venues', unknown, tradeId)
  }
  for (const { key, venue, wallet } of work) {
    if (!wallets.includes(wallet)) throw missing('wallets', wallet, key)
    if (venue !== null && !venues.has(venue)) throw missing('venues', venue, key)
  }
}

function missing(field: string, value: string, trade: string): InvalidConfigError {
  return new InvalidConfigError(`An unfinished trade needs what is not in ${field} any more.`, {
    field,
    missing: value,
    trade,
  })
}

/** A call that its leg was told to stop, or that is too late, may never have been sent: its cancellation takes the nonce. */
function isToBeSent({ cancelReason, attempts, offer }: LegContext, nowMs: number, isHalted: boolean): boolean {
  if (attempts.at(-1)?.purpose === 'cancel') return true
  return !isHalted && cancelReason === null && offer !== null && nowMs < offer.deadlineMs
}

/** Sends the recorded bytes of every open nonce again, lowest first. Whatever the nodes say, the legs look for receipts. */
export async function sendOpenAttempts(chain: Chain, work: readonly OpenLeg[]): Promise<void> {
  const open = work.flatMap(({ nonce, raw }) => (nonce === null || raw === null ? [] : [{ nonce, raw }]))
  open.sort((a, b) => a.nonce - b.nonce)
  await Promise.all(open.map(({ raw }) => chain.broadcast(raw)))
}

/** Has every hash of an open nonce watched, and looks for those that were mined meanwhile. */
export async function adoptHashes(follower: HeadFollower, work: readonly OpenLeg[]): Promise<void> {
  const hashesOf = ({ attempts }: OpenLeg): Hex[] => attempts.map(({ hash }) => hash)
  for (const leg of work) if (leg.attempts.length > 0) follower.expect(leg.key, hashesOf(leg))
  await follower.lookUp(work.flatMap(hashesOf))
}
