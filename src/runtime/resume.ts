import type { Chain } from '../chain/chain.ts'
import type { HeadFollower } from '../chain/headFollower.ts'
import type { Hex } from '../domain/hex.ts'
import { type LegContext, walletOf } from '../domain/leg.ts'
import { keyOfLeg } from './legEffects.ts'
import type { LiveRecord } from './records.ts'
import { pathOf } from './runner.ts'

/** What a stored leg that has not ended left open. */
export interface OpenLeg {
  readonly key: string
  readonly wallet: Hex
  readonly nonce: number | null
  /** It has a place in its lane: admitted, and its nonce not yet consumed. */
  readonly holdsPlace: boolean
  readonly hashes: readonly Hex[]
  /** The newest bytes for its nonce; null where none were signed. */
  readonly raw: Hex | null
}

interface StoredLeg {
  readonly snapshot: { readonly status: string; readonly value: unknown; readonly context: LegContext }
}

/** Reads what live trades left open, before any actor is started. */
export function openWork(live: readonly { record: LiveRecord }[]): OpenLeg[] {
  return live.flatMap(({ record }) => {
    const { children } = record.snapshot as unknown as { children: Record<string, StoredLeg> }
    return Object.values(children).flatMap(({ snapshot }) => (snapshot.status === 'active' ? [openLeg(snapshot)] : []))
  })
}

function openLeg({ value, context }: StoredLeg['snapshot']): OpenLeg {
  const { order, nonce, attempts } = context
  const path = pathOf(value)
  return {
    key: keyOfLeg(order),
    wallet: walletOf(order),
    nonce,
    holdsPlace: path !== 'preparing.admitting' && path !== 'retrying',
    hashes: attempts.map(({ hash }) => hash),
    raw: attempts.at(-1)?.raw ?? null,
  }
}

/** Sends the recorded bytes of every open nonce again, lowest first. Whatever the nodes say, the legs look for receipts. */
export async function sendOpenAttempts(chain: Chain, work: readonly OpenLeg[]): Promise<void> {
  const open = work.flatMap(({ nonce, raw }) => (nonce === null || raw === null ? [] : [{ nonce, raw }]))
  open.sort((a, b) => a.nonce - b.nonce)
  await Promise.all(open.map(({ raw }) => chain.broadcast(raw)))
}

/** Has every hash of an open nonce watched, and looks for those that were mined meanwhile. */
export async function adoptHashes(follower: HeadFollower, work: readonly OpenLeg[]): Promise<void> {
  for (const { key, hashes } of work) if (hashes.length > 0) follower.expect(key, hashes)
  await follower.lookUp(work.flatMap(({ hashes }) => hashes))
}
