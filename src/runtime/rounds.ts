import { type BaseUnits, baseUnits, sum } from '../domain/amount.ts'
import type { Failure } from '../domain/errors.ts'
import { type LegContext, type LegOrder, type LegPurpose, walletOf } from '../domain/leg.ts'
import type { AcceptedOrder } from '../domain/trade.ts'
import { type Portion, wholeOf } from './portion.ts'

type SwapLeg = LegContext & { readonly order: { readonly task: { readonly kind: 'swap' } } }

const whole = 10_000n

function isSwapOf(purpose: LegPurpose) {
  return (leg: LegContext): leg is SwapLeg =>
    leg.order.task.kind === 'swap' && (leg.order.purpose ?? 'fill') === purpose
}

/** True where a leg's swap was mined and succeeded, whether or not its fill could be read. */
function isDone({ endedAtMs, failure }: LegContext): boolean {
  return endedAtMs !== null && failure === null
}

/** What a leg has filled, in the units of its amount: all of it where its fill could not be read. */
function filledBy(leg: SwapLeg): bigint {
  const { fill, order } = leg
  if (order.task.kind !== 'swap') return 0n
  const { side, amount } = order.task.swap
  if (fill === null) return isDone(leg) ? BigInt(amount) : 0n
  return BigInt(side === 'sell' ? fill.amountIn : fill.amountOut)
}

/** What of an order its legs have filled so far, in the order's units. */
export function filledOf(legs: readonly LegContext[]): bigint {
  return legs.filter(isSwapOf('fill')).reduce((sum, leg) => sum + filledBy(leg), 0n)
}

/** Venues that have not failed the order. */
function venuesLeft({ venues }: AcceptedOrder, swaps: readonly SwapLeg[]): readonly string[] {
  const failed = swaps.filter((leg) => !isDone(leg)).map(({ order }) => order.venue)
  return venues.filter((venue) => !failed.includes(venue))
}

/**
 * What is left of an order whose legs have ended, to be split over the venues that have not failed it. All of its fills together
 * keep the slippage that was allowed from the first quotes: the rest has to come to what the first legs had to, less what those that
 * were filled had to.
 *
 * @returns Null where there is nothing left, nowhere to go, or its minimum is reached.
 */
export function restOf(order: AcceptedOrder, legs: readonly LegContext[], round: number): Portion | null {
  const swaps = legs.filter(isSwapOf('fill'))
  const rest = BigInt(order.amount) - filledOf(legs)
  const venues = venuesLeft(order, swaps)
  const isEnough = order.fillPolicy.kind === 'minimumFill' && isReached(order, legs)
  if (rest <= 0n || venues.length === 0 || isEnough) return null
  const part = { ...wholeOf(order), round, amount: baseUnits(rest), venues, taken: takenBy(swaps) }
  const limits = leftOf(order, swaps, ({ task }) => (task.kind === 'swap' ? task.limit : '0'))
  const quotes = leftOf(order, swaps, (leg) => leg.promised ?? leg.quote?.amount ?? '0')
  return { ...part, bound: limits, promised: quotes }
}

/**
 * What a trade has bought and is to sell back, over the venues that have not failed it; all of them where each has. One wallet at a
 * time: what one sells moves the price for the next.
 *
 * @returns Null where every wallet that bought something has had its turn.
 */
export function boughtOf(order: AcceptedOrder, legs: readonly LegContext[], round: number): Portion | null {
  const swaps = legs.filter(isSwapOf('fill'))
  const served = new Set(legs.filter(isSwapOf('unwind')).map((leg) => walletOf(leg.order)))
  const wallet = swaps
    .filter(({ fill }) => fill !== null)
    .map((leg) => walletOf(leg.order))
    .find((one) => !served.has(one))
  if (wallet === undefined) return null
  const bought = swaps.flatMap((leg) => (walletOf(leg.order) === wallet ? (leg.fill?.amountOut ?? []) : []))
  const left = venuesLeft(order, swaps)
  return {
    ...wholeOf(order),
    purpose: 'unwind',
    round,
    wallet,
    side: 'sell',
    amount: sum(bought),
    tokenIn: order.tokenOut,
    tokenOut: order.tokenIn,
    venues: left.length > 0 ? left : order.venues,
  }
}

/** Why a trade whose legs have all ended is not what its policy asks for; null where it is. */
export function shortfallOf(order: AcceptedOrder, legs: readonly LegContext[]): Failure | null {
  const { fillPolicy, amount } = order
  const filled = filledOf(legs)
  if (filled === 0n || filled >= BigInt(amount)) return null
  if (fillPolicy.kind === 'minimumFill' && !isReached(order, legs)) return belowMinimum
  if (fillPolicy.kind !== 'unwind') return null
  const amountOf = (purpose: 'fill' | 'unwind', side: 'amountIn' | 'amountOut'): BaseUnits =>
    sum(legs.filter(isSwapOf(purpose)).flatMap(({ fill }) => fill?.[side] ?? []))
  return amountOf('unwind', 'amountIn') === amountOf('fill', 'amountOut') ? unwound : exposed
}

/** True where at least the order's minimum is filled. */
function isReached(order: AcceptedOrder, legs: readonly LegContext[]): boolean {
  const { fillPolicy, amount } = order
  if (fillPolicy.kind !== 'minimumFill') return true
  return filledOf(legs) * whole >= BigInt(amount) * BigInt(fillPolicy.bps)
}

function takenBy(swaps: readonly SwapLeg[]): Record<string, BaseUnits> {
  const taken: Record<string, BaseUnits> = {}
  for (const leg of swaps) {
    const { order } = leg
    if (isDone(leg) && order.task.kind === 'swap') {
      taken[order.venue] = sum([taken[order.venue] ?? '0', order.task.swap.amount])
    }
  }
  return taken
}

/**
 * What is left for the rest of an order of something that its first legs had for all of it, once each fill has had its own part.
 *
 * @returns Null where there were no first legs.
 */
function leftOf(
  { amount, side }: AcceptedOrder,
  swaps: readonly SwapLeg[],
  partOf: (leg: LegOrder) => BaseUnits,
): BaseUnits | null {
  let [split, had, used] = [0n, 0n, 0n]
  for (const leg of swaps) {
    const { order } = leg
    if (order.task.kind !== 'swap') continue
    const size = BigInt(order.task.swap.amount)
    const part = BigInt(partOf(order))
    if (isFirst(order)) {
      split += size
      had += part
    }
    used += (part * filledBy(leg)) / size
  }
  if (split === 0n) return null
  // A least output is rounded up, a most input down. What was not split at first counts as the rest was.
  const all = had * BigInt(amount)
  const whole = side === 'sell' ? (all + split - 1n) / split : all / split
  return baseUnits(whole > used ? whole - used : 0n)
}

/** True for the legs of the first split: later ones have other names than their venues'. */
export function isFirst({ legId, venue }: Pick<LegOrder, 'legId' | 'venue'>): boolean {
  return legId === venue
}

const belowMinimum: Failure = {
  code: 'MINIMUM_FILL',
  message: 'Less than the order’s minimum was filled. What was bought stays in the wallet.',
  retryable: false,
}
const unwound: Failure = {
  code: 'UNWOUND',
  message: 'Not all of the order could be filled; what was bought was sold back.',
  retryable: false,
}
const exposed: Failure = {
  code: 'NOT_UNWOUND',
  message:
    'Not all of the order could be filled, and what was bought could not all be sold back: it stays in the wallet.',
  retryable: false,
}
