import { type BaseUnits, baseUnits, sum } from '../domain/amount.ts'
import type { Failure } from '../domain/errors.ts'
import type { LegContext } from '../domain/leg.ts'
import type { AcceptedOrder } from '../domain/trade.ts'
import type { Portion } from './portion.ts'

type SwapLeg = LegContext & { readonly order: { readonly task: { readonly kind: 'swap' } } }

const whole = 10_000n

function isSwapOf(purpose: 'fill' | 'unwind') {
  return (leg: LegContext): leg is SwapLeg =>
    leg.order.task.kind === 'swap' && (leg.order.purpose ?? 'fill') === purpose
}

/** What of an order its legs have filled so far, in the order's units. */
export function filledOf({ side }: Pick<AcceptedOrder, 'side'>, legs: readonly LegContext[]): bigint {
  const fills = legs.filter(isSwapOf('fill')).flatMap(({ fill }) => fill ?? [])
  return BigInt(sum(fills.map(({ amountIn, amountOut }) => (side === 'sell' ? amountIn : amountOut))))
}

/**
 * What is left of an order whose legs have ended, to be split over the venues that have not failed it. All of its fills together
 * keep the slippage that was allowed from the first quotes: the rest has to come to its part of what the first legs had to.
 *
 * @returns Null where there is nothing left, nowhere to go, or its minimum is reached.
 */
export function restOf(order: AcceptedOrder, legs: readonly LegContext[], round: number): Portion | null {
  const { side, tokenIn, tokenOut, fillPolicy } = order
  const rest = BigInt(order.amount) - filledOf(order, legs)
  const swaps = legs.filter(isSwapOf('fill'))
  const failed = swaps.filter(({ fill }) => fill === null).map((leg) => leg.order.venue)
  const venues = order.venues.filter((venue) => !failed.includes(venue))
  const isEnough = fillPolicy.kind === 'minimumFill' && isReached(order, legs)
  if (rest <= 0n || venues.length === 0 || isEnough) return null
  const first = swaps.filter((leg) => leg.order.legId === leg.order.venue)
  return {
    order,
    purpose: 'fill',
    round,
    side,
    amount: baseUnits(rest),
    tokenIn,
    tokenOut,
    venues,
    taken: takenBy(swaps),
    caps: {},
    bound: boundOf(first, order, rest),
  }
}

/** What a trade has bought and is to sell back, over the venues that have not failed it; all of them where each has. */
export function boughtOf(order: AcceptedOrder, legs: readonly LegContext[], round: number): Portion | null {
  const swaps = legs.filter(isSwapOf('fill'))
  const bought = sum(swaps.flatMap(({ fill }) => fill?.amountOut ?? []))
  if (bought === '0') return null
  const failed = swaps.filter(({ fill }) => fill === null).map((leg) => leg.order.venue)
  const venues = order.venues.filter((venue) => !failed.includes(venue))
  return {
    order,
    purpose: 'unwind',
    round,
    side: 'sell',
    amount: bought,
    tokenIn: order.tokenOut,
    tokenOut: order.tokenIn,
    venues: venues.length > 0 ? venues : order.venues,
    taken: {},
    caps: {},
    bound: null,
  }
}

/** Why a trade whose legs have all ended is not what its policy asks for; null where it is. */
export function shortfallOf(order: AcceptedOrder, legs: readonly LegContext[]): Failure | null {
  const { fillPolicy, amount } = order
  const filled = filledOf(order, legs)
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
  return filledOf(order, legs) * whole >= BigInt(amount) * BigInt(fillPolicy.bps)
}

function takenBy(swaps: readonly SwapLeg[]): Record<string, BaseUnits> {
  const taken: Record<string, BaseUnits> = {}
  for (const { order, fill } of swaps) {
    if (fill === null || order.task.kind !== 'swap') continue
    taken[order.venue] = sum([taken[order.venue] ?? '0', order.task.swap.amount])
  }
  return taken
}

function boundOf(first: readonly SwapLeg[], { side }: AcceptedOrder, rest: bigint): BaseUnits | null {
  const tasks = first.flatMap(({ order: { task } }) => (task.kind === 'swap' ? [task] : []))
  const amount = BigInt(sum(tasks.map(({ swap }) => swap.amount)))
  if (amount === 0n) return null
  const part = BigInt(sum(tasks.map(({ limit }) => limit))) * rest
  return baseUnits(side === 'sell' ? (part + amount - 1n) / amount : part / amount)
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
