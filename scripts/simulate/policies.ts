import { fractionToBps } from '../../src/domain/amount.ts'
import { byTrade, type Ended, type Evidence, fillOf, isFilling, type Leg, units } from './evidence.ts'
import { type Place, placesOf } from './places.ts'
import type { Violation } from './witness.ts'

// Fill policies, from what was sent and what was mined alone.

/** A trade with its legs, what was sent of it, and its amounts in the order's units. */
interface Trade {
  readonly ended: Ended
  readonly legs: readonly Leg[]
  readonly places: readonly Place[]
  readonly whole: bigint
  readonly filled: bigint
}

/** Each trade did what its fill policy says, and nothing beyond it. */
export function* policiesKept(evidence: Evidence): Generator<Violation> {
  const allPlaces = byTrade(placesOf(evidence), ({ leg }) => leg.trade)
  const allLegs = byTrade(evidence.legs, ({ trade }) => trade)
  for (const ended of evidence.endings) {
    const { status } = ended
    const legs = allLegs.get(status.tradeId) ?? []
    const places = allPlaces.get(status.tradeId) ?? []
    const whole = units(status.amount, status.side === 'sell' ? status.tokenIn : status.tokenOut)
    const fills = legs.filter(isFilling).flatMap((leg) => fillOf(leg) ?? [])
    const filled = fills.reduce(
      (sum, { amountIn, amountOut }) => sum + (status.side === 'sell' ? amountIn : amountOut),
      0n,
    )
    const trade = { ended, legs, places, whole, filled }
    yield* neverTooMuch(trade)
    yield* inTurn(trade)
    yield* withinFirstQuotes(trade)
    yield* endedRight(trade)
    yield* unwoundRight(trade)
  }
}

/** At no instant can the order be filled with more than it is for. */
function* neverTooMuch({ ended: { status }, places, whole }: Trade): Generator<Violation> {
  const fills = places.filter(({ leg, swap }) => isFilling(leg) && swap !== null)
  for (const { leg, attempts } of fills) {
    const [first] = attempts
    if (first === undefined) continue
    const possible = fills.reduce((sum, place) => {
      const isSent = (place.attempts[0]?.turn ?? 0) <= first.turn
      const isPossible = place.finalAtMs > first.atMs || place.fill !== null
      return isSent && isPossible ? sum + (place.swap?.amount ?? 0n) : sum
    }, 0n)
    if (possible <= whole) continue
    yield { kind: 'doubled', text: `${leg.name} makes it ${possible} of the ${whole} that ${status.tradeId} is for.` }
  }
}

/** What is split again, or sold back, waits until nothing of the splits before it can be mined any more. */
function* inTurn({ places }: Trade): Generator<Violation> {
  for (const { leg, attempts } of places) {
    const [first] = attempts
    // What is sold back is so wallet by wallet, side by side.
    const isBack = leg.status.purpose === 'unwind'
    const isAhead = (other: Leg): boolean => other.status.purpose === 'fill' && (isBack || other.round < leg.round)
    const early = places.find((one) => isAhead(one.leg) && one.leg !== leg && one.finalAtMs > (first?.atMs ?? 0))
    if (early !== undefined) yield { kind: 'doubled', text: `${leg.name} left before ${early.leg.name} was final.` }
  }
}

/** All fills together keep the bound of the first quotes: what came later made up for what the first legs did not bring. */
function* withinFirstQuotes({ ended: { status }, legs, whole }: Trade): Generator<Violation> {
  const isSell = status.side === 'sell'
  const [exact, other] = isSell ? [status.tokenIn, status.tokenOut] : [status.tokenOut, status.tokenIn]
  const swaps = legs.filter(isFilling)
  const amountOf = (some: readonly Leg[]): bigint =>
    some.reduce((sum, leg) => sum + units(leg.status.amount, exact), 0n)
  const boundOf = (some: readonly Leg[]): bigint => some.reduce((sum, leg) => sum + units(leg.status.limit, other), 0n)
  const cameTo = (some: readonly Leg[]): bigint =>
    some.reduce((sum, leg) => {
      const { amountIn = 0n, amountOut = 0n } = fillOf(leg) ?? {}
      return sum + (isSell ? amountOut : amountIn)
    }, 0n)
  const first = swaps.filter(({ round }) => round === 0)
  const firstFilled = first.filter((leg) => fillOf(leg) !== undefined)
  const later = swaps.filter((leg) => leg.round > 0 && fillOf(leg) !== undefined)
  if (later.length === 0) return
  // What is left of the bound of the whole order, for what was left of the order; compared as products: no rounding.
  const left = boundOf(first) * whole - boundOf(firstFilled) * amountOf(first)
  const rest = whole - amountOf(firstFilled)
  const bound = left * amountOf(later)
  const came = cameTo(later) * rest * amountOf(first)
  const slack = BigInt(later.length) * rest * amountOf(first)
  if (isSell ? came + slack >= bound : came <= bound + slack) return
  const text = `${status.tradeId} got ${cameTo(later)} for ${amountOf(later)} later, and its first quotes leave another price.`
  yield { kind: 'other', text }
}

/** Done or failed, as its policy asks; a minimum that was out of reach from the beginning was not begun upon. */
function* endedRight({ ended: { status, order }, legs, places, whole, filled }: Trade): Generator<Violation> {
  const { tradeId, failure } = status
  const { fillPolicy } = order
  const leastBps = typeof fillPolicy === 'object' ? BigInt(fractionToBps(fillPolicy.minimumFill)) : 0n
  const isDone = filled > 0n && (fillPolicy === 'unwind' ? filled >= whole : filled * 10_000n >= whole * leastBps)
  if (status.status !== (isDone ? 'done' : 'failed')) {
    yield { kind: 'lost', text: `${tradeId} is ${status.status}, with ${filled} of ${whole} filled.` }
  }
  if (typeof fillPolicy !== 'object') return
  if (filled > 0n && filled * 10_000n < whole * leastBps && failure?.code !== 'MINIMUM_FILL') {
    yield { kind: 'other', text: `${tradeId} is below its minimum, and says ${failure?.code}.` }
  }
  const base = status.side === 'sell' ? status.tokenIn : status.tokenOut
  const first = legs.filter((leg) => isFilling(leg) && leg.round === 0)
  const planned = first.reduce((sum, leg) => sum + units(leg.status.amount, base), 0n)
  if (places.length > 0 && planned * 10_000n < whole * leastBps) {
    yield { kind: 'other', text: `${tradeId} was begun with ${planned} of ${whole}.` }
  }
}

/** What was bought and not wanted in part is sold back, and no more than that; what stays is said. */
function* unwoundRight({ ended: { status, order }, legs, places, whole, filled }: Trade): Generator<Violation> {
  const { tradeId, failure } = status
  const back = legs.filter(({ status: leg }) => leg.purpose === 'unwind' && leg.kind === 'swap')
  if (order.fillPolicy !== 'unwind') {
    if (back.length > 0) yield { kind: 'other', text: `${tradeId} was sold back, and nobody asked for it.` }
    return
  }
  const bought = legs.filter(isFilling).reduce((sum, leg) => sum + (fillOf(leg)?.amountOut ?? 0n), 0n)
  const sent = places.filter(({ leg, swap }) => leg.status.purpose === 'unwind' && swap !== null)
  const most = sent.reduce((sum, { swap, fill }) => (fill === null ? sum : sum + (swap?.amount ?? 0n)), 0n)
  const planned = back.reduce((sum, leg) => sum + units(leg.status.amount, leg.tokenIn), 0n)
  if (most > bought || planned > bought) {
    yield { kind: 'doubled', text: `${tradeId} bought ${bought}, and ${planned} of it was to be sold back.` }
  }
  if (filled === 0n || filled >= whole) return
  const code = most === bought ? 'UNWOUND' : 'NOT_UNWOUND'
  if (failure?.code !== code) {
    yield { kind: 'other', text: `${tradeId} sold ${most} of ${bought} back, and says ${failure?.code}.` }
  }
}
