import type { LegEvent } from '../../machines/legEvents.ts'
import { NonceUnprovenError } from '../domain/errors.ts'
import { type Hex, lowerHex } from '../domain/hex.ts'
import { type LegContext, walletOf } from '../domain/leg.ts'
import type { Attempt, MinedCall, Receipt } from '../domain/transaction.ts'
import { keyOfLeg } from './legKeys.ts'
import { known, type Ports } from './ports.ts'

/** What watching a pending nonce came to. */
export type Watched =
  /** `found`: an attempt of this leg that it did not know. */
  | { readonly type: 'mined'; readonly receipt: Receipt; readonly found?: Attempt }
  | { readonly type: 'event'; readonly event: { type: 'leg.overdue' } | Displaced }

type Displaced = Omit<Extract<LegEvent, { type: 'leg.displaced' }>, 'atMs'>

/**
 * Resolves at `atMs`, at the next head where `head` is given, or when `signal` aborts.
 *
 * @example
 * await until(ports, Date.now() + 1_000, signal)
 */
export function until(
  { clock, follower }: Pick<Ports, 'clock' | 'follower'>,
  atMs: number,
  signal: AbortSignal,
  head?: 'head',
): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      callOffTime()
      callOffHead()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const callOffTime = clock.at(atMs, end)
    const callOffHead = head === undefined ? () => {} : follower.onHead(end)
    signal.addEventListener('abort', end)
  })
}

/**
 * Watches every hash of a leg's nonce: resolves with the first receipt, or when it is time to look closer and nothing
 * was found.
 *
 * Looking closer asks for the receipts by hash, in case their block was missed, and then for who else used the nonce. Only
 * a transaction found in a block at depth proves that it was somebody else; anything missing proves nothing.
 */
export function watchPending(ports: Ports, context: LegContext, signal: AbortSignal): Promise<Watched> {
  const { follower, clock } = ports
  const hashes = context.attempts.map(({ hash }) => hash)
  follower.expect(keyOfLeg(context.order), hashes)
  return new Promise((resolve) => {
    let isOver = false
    let callOffTime = (): void => {}
    let callOffMined = (): void => {}
    const end = (watched: Watched | null): void => {
      isOver = true
      callOffTime()
      callOffMined()
      signal.removeEventListener('abort', leave)
      if (watched !== null) resolve(watched)
    }
    const leave = (): void => end(null)
    const look = async (): Promise<void> => {
      let watched = await lookCloser(ports, context)
      // What used the nonce is known once it is deep enough: with one of the next heads.
      while (watched === null && !isOver) {
        await until(ports, clock.now() + context.order.policy.bumpIntervalMs, signal, 'head')
        if (!isOver) watched = await lookCloser(ports, context)
      }
      if (!isOver) end(watched)
    }
    // Before `whenMined`, which calls back at once where the receipt is known already.
    callOffTime = clock.at(wasUsedAtOpening(ports, context) ? 0 : context.checkAtMs, () => void look())
    signal.addEventListener('abort', leave)
    callOffMined = follower.whenMined(hashes, (receipt) => end({ type: 'mined', receipt }))
  })
}

/** A restart finds out at once what became of a nonce that was used up meanwhile; the second look keeps to its time. */
function wasUsedAtOpening({ lanes }: Ports, { order }: LegContext): boolean {
  return known(lanes, walletOf(order), 'wallet').takeUsedUp(keyOfLeg(order))
}

const overdue: Watched = { type: 'event', event: { type: 'leg.overdue' } }

/** What a closer look finds; null where there is nothing to be done but to look again later. */
async function lookCloser(ports: Ports, context: LegContext): Promise<Watched | null> {
  const { follower, gaps, lanes, onTrouble } = ports
  const { order, nonce, attempts } = context
  try {
    await follower.lookUp(attempts.map(({ hash }) => hash))
    if (nonce === null) return overdue
    const wallet = walletOf(order)
    const mined = await known(lanes, wallet, 'wallet').minedCount(follower.head().hash)
    if (mined < nonce) gaps.closeGaps(wallet, mined)
    return mined > nonce ? await whoUsed(ports, context, nonce) : overdue
  } catch (error) {
    onTrouble(error, `looking for the transaction of ${keyOfLeg(order)}`)
    return overdue
  }
}

/** The nonce is used up, as far as one knows: to sign more for it would be in vain, but nothing is concluded without proof. */
async function whoUsed(ports: Ports, context: LegContext, nonce: number): Promise<Watched | null> {
  const { chain, follower, lanes, clock, onTrouble } = ports
  const { order, attempts, offer } = context
  const wallet = walletOf(order)
  const key = keyOfLeg(order)
  const patientUntilMs = (offer?.deadlineMs ?? Number.POSITIVE_INFINITY) + order.policy.timeoutMs
  const undecided = clock.now() < patientUntilMs ? null : overdue
  const to = follower.head().number - order.policy.confirmations + 1
  if (to < 0 || (await chain.minedNonce(wallet, to)) <= nonce) return undecided
  // Nobody knows when the nonce of a gap was still free.
  const freeAtMs = order.task.kind === 'gap' ? 0 : (context.submittedAtMs ?? context.startedAtMs) - clockDriftMs
  const user = await chain.nonceUser(wallet, nonce, { from: Math.max(0, to - searchBlocks), to, freeAtMs })
  if (user === null) {
    onTrouble(new NonceUnprovenError('The nonce is used up, and nobody shows by what.', { nonce }), key)
    return undecided
  }
  if (attempts.some(({ hash }) => hash === user.hash)) return undecided
  if (isOwnCall(context, user)) return adoptOwn(ports, context, { hash: user.hash, nonce })
  await known(lanes, wallet, 'wallet').resync()
  const message = `Another program used the nonce of this leg.\n  nonce: ${nonce}\n  transaction: ${user.hash}`
  return { type: 'event', event: { type: 'leg.displaced', failure: { code: 'NONCE_TAKEN', message, retryable: true } } }
}

/** The very call of this leg, deadline included: signed by it after the store that it was restored from was copied. */
function isOwnCall({ offer }: LegContext, { to, data, value }: MinedCall): boolean {
  return (
    offer !== null && lowerHex(offer.call.to) === to && lowerHex(offer.call.data) === data && offer.call.value === value
  )
}

async function adoptOwn(
  { follower }: Ports,
  { order, offer }: LegContext,
  { hash, nonce }: { hash: Hex; nonce: number },
): Promise<Watched | null> {
  if (offer === null) return null
  follower.expect(keyOfLeg(order), [hash])
  await follower.lookUp([hash])
  const { gasLimit, maxFeePerGas, maxPriorityFeePerGas } = offer
  const found: Attempt = { hash, raw: '0x', purpose: 'call', nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas }
  let watched: Watched | null = null
  follower.whenMined([hash], (receipt) => {
    watched = { type: 'mined', receipt, found }
  })()
  return watched
}

/** The chain's clock may be behind ours. */
const clockDriftMs = 600_000

/** Where a foreign transaction is looked for first: nodes keep the state of at least so many blocks. */
const searchBlocks = 120
