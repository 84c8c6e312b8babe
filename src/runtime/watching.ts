import type { LegEvent } from '../../machines/legEvents.ts'
import { NonceUnprovenError } from '../domain/errors.ts'
import { type Hex, lowerHex } from '../domain/hex.ts'
import { type LegContext, walletOf } from '../domain/leg.ts'
import type { Attempt, MinedCall, Receipt } from '../domain/transaction.ts'
import { keyOfLeg } from './legKeys.ts'
import { known, type Ports } from './ports.ts'
import { until } from './until.ts'

/** What watching a pending nonce came to. */
export type Watched =
  /** `found`: an attempt of this leg that it did not know. */
  | { readonly type: 'mined'; readonly receipt: Receipt; readonly found?: Attempt }
  | { readonly type: 'event'; readonly event: { type: 'leg.overdue' } | Displaced }

type Displaced = Omit<Extract<LegEvent, { type: 'leg.displaced' }>, 'atMs'>

/**
 * Watches every hash of a leg's nonce: resolves with the first receipt, or when it is time to look closer and nothing
 * was found.
 *
 * Looking closer asks for the receipts by hash, in case their block was missed, and then for who else used the nonce. Only
 * a transaction found in a block at depth proves that it was somebody else; anything missing proves nothing.
 */
export function watchPending(ports: Ports, context: LegContext, signal: AbortSignal): Promise<Watched> {
  const { follower, clock, lanes } = ports
  const { order, attempts, checkAtMs } = context
  const hashes = attempts.map(({ hash }) => hash)
  const key = keyOfLeg(order)
  follower.expect(key, hashes)
  return new Promise((resolve) => {
    // Only for those that come to look closer: most are mined before.
    let over: AbortController | null = null
    let callOffTime = (): void => {}
    let callOffMined = (): void => {}
    const end = (watched: Watched | null): void => {
      callOffTime()
      callOffMined()
      signal.removeEventListener('abort', leave)
      over?.abort()
      if (watched !== null) resolve(watched)
    }
    const leave = (): void => end(null)
    const look = (): void => {
      over = new AbortController()
      const { signal: ended } = over
      void lookAgainAndAgain(ports, context, ended).then((watched) => {
        if (!ended.aborted) end(watched)
      })
    }
    // At once where the nonce is said to be used up; whatever that finds, fees are raised in their own time only.
    const isUsedUp = known(lanes, walletOf(order), 'wallet').takeUsedUp(key)
    // Before `whenMined`, which calls back at once where the receipt is known already.
    callOffTime = clock.at(isUsedUp ? clock.now() : checkAtMs, look)
    signal.addEventListener('abort', leave)
    callOffMined = follower.whenMined(hashes, (receipt) => end({ type: 'mined', receipt }))
  })
}

/** Looks closer until there is something to be done, or it is over. */
async function lookAgainAndAgain(ports: Ports, context: LegContext, ended: AbortSignal): Promise<Watched | null> {
  const { clock } = ports
  const { checkAtMs, order } = context
  const intervalMs = order.policy.bumpIntervalMs
  let unproven = 0
  while (!ended.aborted) {
    const found = await lookCloser(ports, context, ended)
    if (found === 'tooShallow') await until(ports, clock.now() + intervalMs, ended, 'head')
    else if (found === 'unproven') {
      // Such a search is dear: ever fewer.
      await until(ports, clock.now() + intervalMs * 2 ** Math.min(unproven, 6), ended)
      unproven += 1
    } else if (found === overdue && clock.now() < checkAtMs) await until(ports, checkAtMs, ended)
    else return found
  }
  return null
}

const overdue: Watched = { type: 'event', event: { type: 'leg.overdue' } }

/** `tooShallow`, `unproven`: the nonce is used up, and by what is not final, or not known, yet. */
type Found = Watched | 'tooShallow' | 'unproven'

async function lookCloser(ports: Ports, context: LegContext, ended: AbortSignal): Promise<Found> {
  const { follower, gaps, lanes, onTrouble } = ports
  const { order, nonce, attempts } = context
  try {
    await follower.lookUp(attempts.map(({ hash }) => hash))
    if (nonce === null || ended.aborted) return overdue
    const wallet = walletOf(order)
    const mined = await known(lanes, wallet, 'wallet').minedCount(follower.head().hash)
    if (ended.aborted) return overdue
    if (mined < nonce) gaps.closeGaps(wallet, mined)
    return mined > nonce ? await whoUsed(ports, context, nonce, ended) : overdue
  } catch (error) {
    onTrouble(error, `looking for the transaction of ${keyOfLeg(order)}`)
    return overdue
  }
}

/** The nonce is used up, as far as one knows: to sign more for it would be in vain, but nothing is concluded without proof. */
async function whoUsed(ports: Ports, context: LegContext, nonce: number, ended: AbortSignal): Promise<Found> {
  const { chain, follower, lanes, clock, onTrouble } = ports
  const { order, attempts, offer } = context
  const wallet = walletOf(order)
  const key = keyOfLeg(order)
  const to = follower.head().number - order.policy.confirmations + 1
  if (to < 0 || (await chain.minedNonce(wallet, to)) <= nonce) return 'tooShallow'
  // Nobody knows when the nonce of a gap was still free.
  const freeAtMs = order.task.kind === 'gap' ? 0 : (context.submittedAtMs ?? context.startedAtMs) - clockDriftMs
  const user = await chain.nonceUser(wallet, nonce, { from: Math.max(0, to - searchBlocks), to, freeAtMs })
  if (ended.aborted) return overdue
  if (user === null) {
    onTrouble(new NonceUnprovenError('The nonce is used up, and nobody shows by what.', { nonce }), key)
    // An endpoint may lie about the count: in the end the leg goes on as if it were free.
    const patientUntilMs = (offer?.deadlineMs ?? Number.POSITIVE_INFINITY) + order.policy.timeoutMs
    return clock.now() < patientUntilMs ? 'unproven' : overdue
  }
  // Its receipt comes with the next look.
  if (attempts.some(({ hash }) => hash === user.hash)) return 'tooShallow'
  if (isOwnCall(context, user)) return adoptOwn(ports, context, { hash: user.hash, nonce })
  await known(lanes, wallet, 'wallet').resync(nonce)
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
): Promise<Found> {
  if (offer === null) return 'unproven'
  follower.expect(keyOfLeg(order), [hash])
  await follower.lookUp([hash])
  const { gasLimit, maxFeePerGas, maxPriorityFeePerGas } = offer
  const found: Attempt = { hash, raw: '0x', purpose: 'call', nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas }
  let watched: Found = 'tooShallow'
  follower.whenMined([hash], (receipt) => {
    watched = { type: 'mined', receipt, found }
  })()
  return watched
}

/** The chain's clock may be behind ours. */
const clockDriftMs = 600_000

/** Where a foreign transaction is looked for first: nodes keep the state of at least so many blocks. */
const searchBlocks = 120
