import type { Grant } from '../dex/erc20.ts'
import { type LegContext, type LegOrder, walletOf } from '../domain/leg.ts'
import type { AcceptedOrder } from '../domain/trade.ts'
import { moneyOf, noteFunds } from './legFunds.ts'
import { approvalIdOf, keyOfLeg } from './legKeys.ts'
import { pairOf } from './offering.ts'
import { known, type Ports } from './ports.ts'
import type { Step } from './runner.ts'

type UpkeepPorts = Pick<Ports, 'lanes' | 'follower' | 'allowances' | 'gasBook' | 'funds' | 'dexes'>

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
  if (isEnded || to === 'retrying') follower.forget(key)
  if (isEnded || isWithoutPlace(to)) {
    // A nonce is let go from there only when it is used up for good.
    const isFinal = from === 'confirming' || from === 'submitted.pending'
    known(lanes, walletOf(order), 'wallet').leave(key, isFinal ? follower.head().number : null)
  }
  if (isEnded) allowances.drop(key)
  if (to === 'confirming' && order.task.kind === 'approval' && mined?.succeeded && context.offer !== null) {
    // The last word of approve's calldata is the amount.
    allowances.note(order.task, BigInt(`0x${context.offer.call.data.slice(-64)}`))
  }
  if (to !== 'done' || fill === null || order.task.kind !== 'swap') return
  if (context.retries === 0) gasBook.note(order.venue, pairOf(order), context.gasUsed)
  const grant = grantOf(ports, order)
  if (grant !== null) allowances.take(grant, BigInt(fill.amountIn))
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
  { order, offer }: Pick<LegContext, 'order' | 'offer'>,
): void {
  ports.funds.promise(keyOfLeg(order), walletOf(order), moneyOf(order, offer))
  const grant = grantOf(ports, order)
  if (grant === null || order.task.kind !== 'swap') return
  const { swap, limit } = order.task
  ports.allowances.want(keyOfLeg(order), grant, BigInt(swap.side === 'sell' ? swap.amount : limit))
}

/** Takes back what was noted for any of a trade's legs: those that were planned for and never began may want something still. */
export function dropWants(
  { allowances, funds }: Pick<Ports, 'allowances' | 'funds'>,
  { tradeId, venues }: Pick<AcceptedOrder, 'tradeId' | 'venues'>,
): void {
  for (const legId of venues.flatMap((venue) => [venue, approvalIdOf(venue)])) {
    const key = keyOfLeg({ tradeId, legId })
    allowances.drop(key)
    funds.release(key)
  }
}

/** What a leg needs to be allowed, or null: an approval and the native coin need none. */
export function grantOf({ dexes }: Pick<Ports, 'dexes'>, { task, venue }: LegOrder): Grant | null {
  if (task.kind !== 'swap' || task.swap.tokenIn.address === 'native') return null
  return { wallet: task.swap.wallet, token: task.swap.tokenIn.address, spender: known(dexes, venue, 'venue').spender }
}
