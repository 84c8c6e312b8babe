import { approvedAmount, type Grant } from '../dex/erc20.ts'
import { type LegContext, type LegOrder, walletOf } from '../domain/leg.ts'
import { grantsOf } from './grants.ts'
import { moneyOf, noteFunds, soldMax } from './legFunds.ts'
import { keyOfLeg } from './legKeys.ts'
import { noteLedger } from './legLedger.ts'
import { pairOf } from './offering.ts'
import { known, type Ports } from './ports.ts'
import type { Step } from './runner.ts'

type UpkeepPorts = Pick<Ports, 'lanes' | 'follower' | 'allowances' | 'gasBook' | 'funds' | 'dexes' | 'ledger' | 'clock'>

/**
 * Keeps what is derived from legs in step with them: their places in the lane, the hashes that are watched, allowances and
 * gas. None of it is an effect: it follows from where a leg is, and may be noted again.
 */
export function noteLegStep(ports: UpkeepPorts, { from, to }: Pick<Step, 'from' | 'to'>, context: LegContext): void {
  const { lanes, follower, allowances, gasBook } = ports
  const { order, mined, fill } = context
  const key = keyOfLeg(order)
  const isEnded = to === 'done' || to === 'failed'
  noteFunds(ports, { from, to }, context)
  noteLedger(ports, to, context)
  if (isEnded || to === 'retrying') follower.forget(key)
  if (isEnded || isWithoutPlace(to)) {
    // A nonce is let go from there only when it is used up for good.
    const isFinal = from === 'confirming' || from === 'submitted.pending'
    known(lanes, walletOf(order), 'wallet').leave(key, isFinal ? follower.head().number : null)
  }
  if (isEnded) allowances.drop(key)
  noteAllowances(ports, { from, to }, context)
  if (to === 'confirming' && order.task.kind === 'approval' && mined?.succeeded && context.offer !== null) {
    allowances.note(order.task, approvedAmount(context.offer.call))
  }
  if (to !== 'done' || fill === null || order.task.kind !== 'swap') return
  if (context.retries === 0) gasBook.note(order.venue, pairOf(order), context.gasUsed)
}

/** A swap that is in a block has taken what it wanted; one that is out of it again wants it again. */
function noteAllowances(
  ports: Pick<Ports, 'dexes' | 'allowances' | 'funds'>,
  { from, to }: Pick<Step, 'from' | 'to'>,
  { order, offer, mined }: LegContext,
): void {
  const { allowances } = ports
  const grants = legGrants(ports, order)
  if (grants.length === 0 || from === null) return
  if (to === 'confirming' && mined !== null && mined.fill !== null) {
    allowances.drop(keyOfLeg(order))
    for (const grant of grants) allowances.take(grant, BigInt(mined.fill.amountIn))
  } else if (from === 'confirming' && to.startsWith('submitted')) {
    // What is on the chain now is not known.
    for (const grant of grants) allowances.forget(grant)
    noteWant(ports, { order, offer, mined: null })
  }
}

/**
 * True for the states in which a leg that has not ended has no place in flight: before it is admitted, and once its nonce is
 * used up.
 *
 * @example
 * isWithoutPlace('retrying') // true
 */
export function isWithoutPlace(state: string): boolean {
  return state === 'preparing.queued' || state === 'preparing.admitting' || state === 'retrying'
}

/** Notes what a live leg will take from its wallet, and have taken by its venue. Again for the same leg changes nothing. */
export function noteWant(
  ports: Pick<Ports, 'dexes' | 'allowances' | 'funds'>,
  { order, offer, mined }: Pick<LegContext, 'order' | 'offer' | 'mined'>,
): void {
  ports.funds.promise(keyOfLeg(order), walletOf(order), moneyOf(order, offer))
  // One that is in a block has taken it.
  if (mined?.succeeded) return
  const grants = legGrants(ports, order)
  if (order.task.kind === 'swap' && grants.length > 0) {
    ports.allowances.want(keyOfLeg(order), grants, soldMax(order.task))
  }
}

/** Takes back what was noted for legs that were planned and never began, or that are no more. */
export function dropWants(
  { allowances, funds, ledger }: Pick<Ports, 'allowances' | 'funds' | 'ledger'>,
  keys: readonly string[],
): void {
  for (const key of keys) {
    allowances.drop(key)
    funds.release(key)
    ledger.release(key)
  }
}

/** What a leg needs to be allowed: an approval and the native coin need nothing. */
function legGrants(ports: Pick<Ports, 'dexes'>, { task, venue }: LegOrder): readonly Grant[] {
  return task.kind === 'swap' ? grantsOf(ports, venue, task.swap.wallet, task.swap.tokenIn) : []
}
