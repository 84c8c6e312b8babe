import { fractionToBps } from '../../src/domain/amount.ts'
import { poolOf, routerOf } from './contracts.ts'
import { type Evidence, isFilling, units, unitsOf } from './evidence.ts'
import { type Attempt, type Place, placesOf } from './places.ts'
import { firstQuotes } from './quotes.ts'
import type { RouterCall } from './router.ts'
import { balanceOf } from './state.ts'
import type { Violation } from './witness.ts'
import type { World } from './world.ts'

// Limits and budgets, from what was sent and what was mined alone: whatever the runtime believes to have reserved, at the
// departure of each call all that can still happen, and all that has, is within them.

/** A limit on a sum, as the oracle reads the configuration. */
interface Sum {
  readonly name: string
  readonly most: bigint
  /** How long what has happened counts; 0: not at all. */
  readonly windowMs: number
  /** What a place counts: `open` at most while it may still be mined, `spent` once it cannot. */
  readonly open: (place: Place, turn: number) => bigint
  readonly spent: (place: Place) => bigint
  /** What it is counted over: one of these has a sum of its own. */
  readonly scope: (place: Place) => string
  readonly covers: (place: Place) => boolean
}

/** Nothing that was sent can take more than a limit leaves, and nothing that was mined has. */
export function* withinLimits(evidence: Evidence): Generator<Violation> {
  const sums = sumsOf(evidence.world)
  if (sums.length + evidence.world.plan.limits.length === 0) return
  const places = placesOf(evidence)
  for (const sum of sums) {
    const covered = places.filter(sum.covers)
    const attempts = covered.flatMap((place) => place.attempts.map((attempt) => ({ place, attempt })))
    for (const { place, attempt } of attempts) {
      const scope = sum.scope(place)
      const same = covered.filter((other) => sum.scope(other) === scope)
      const taken = takenAt(sum, same, attempt)
      if (taken * 1_000n >= sum.most * 999n) noteUsedUp(evidence.world, sum, same)
      if (taken <= sum.most) continue
      yield { kind: 'over', text: `${sum.name}: ${place.leg.name} makes it ${taken} of ${sum.most}.` }
      break
    }
  }
  yield* withinPools(evidence.world, places)
}

function noteUsedUp({ scenarios }: World, { name }: Sum, places: readonly Place[]): void {
  if (name.startsWith('loss')) scenarios.note('15 loss budget used up')
  if (!name.startsWith('limits')) return
  scenarios.note('14 limit used up')
  const trades = new Set(places.map(({ leg }) => leg.trade.tradeId))
  if (trades.size > 1) scenarios.note('14 limit used up by several trades')
}

function takenAt({ windowMs, open, spent }: Sum, places: readonly Place[], { turn, atMs }: Attempt): bigint {
  return places.reduce((all, place) => {
    if ((place.attempts[0]?.turn ?? 0) > turn) return all
    if (place.finalAtMs > atMs) return all + open(place, turn)
    return place.finalAtMs > atMs - windowMs ? all + spent(place) : all
  }, 0n)
}

const forEver = Number.POSITIVE_INFINITY
const dayMs = 86_400_000

function sumsOf({ plan }: World): Sum[] {
  const sums: Sum[] = []
  for (const [index, { venue, pair, token, amount, window, shareOfTrade }] of plan.limits.entries()) {
    const covers = (place: Place): boolean =>
      isFilling(place.leg) && isOf(place, { venue, pair }) && (token === undefined || place.leg.tokenIn === token)
    const sold = { covers, scope: () => '', open: soldMax, spent: ({ fill }: Place) => fill?.amountIn ?? 0n }
    const name = `limits[${index}]`
    if (token !== undefined && amount !== undefined)
      sums.push({ ...sold, name: `${name}.amount`, most: units(amount, token), windowMs: 0 })
    if (token !== undefined && window !== undefined) {
      const most = units(window.amount, token)
      sums.push({ ...sold, name: `${name}.window`, most, windowMs: window.seconds * 1_000 })
    }
    if (shareOfTrade !== undefined) {
      sums.push({
        name: `${name}.shareOfTrade`,
        // Of ten thousand parts of the order.
        most: BigInt(fractionToBps(shareOfTrade)) * scale,
        windowMs: forEver,
        covers,
        scope: ({ leg }) => `${leg.trade.tradeId} ${leg.status.venue}`,
        open: partOfOrder,
        spent: (place) => (place.fill === null ? 0n : partOfOrder(place)),
      })
    }
  }
  return [...sums, ...gasSums(plan), ...lossSums(plan)]
}

const scale = 10n ** 30n

function partOfOrder({ leg, swap }: Place): bigint {
  const whole = units(leg.trade.amount, leg.trade.side === 'sell' ? leg.trade.tokenIn : leg.trade.tokenOut)
  return ((swap?.amount ?? 0n) * 10_000n * scale) / whole
}

function isOf({ leg, swap }: Place, { venue, pair }: { venue?: string | undefined; pair?: string | undefined }) {
  const isThere = venue === undefined || swap?.router === routerOf(Number(venue.slice(1)))
  return isThere && (pair === undefined || pair === leg.trade.pair)
}

function soldMax({ swap }: Place): bigint {
  if (swap === null) return 0n
  return swap.isSell ? swap.amount : swap.limit
}

/** Every call counts, approvals included; cancellations do not: a nonce must be closed. */
function gasSums({ budgets }: World['plan']): Sum[] {
  const gas = {
    covers: () => true,
    open: ({ attempts }: Place, now: number) =>
      attempts.reduce((most, { turn, worstWei }) => (turn <= now && worstWei > most ? worstWei : most), 0n),
    spent: ({ paidWei }: Place) => paidWei,
  }
  const { gasPerTrade, gasPerDay } = budgets
  const ofTrade = { ...gas, name: 'gasPerTrade', windowMs: forEver, scope: ({ leg }: Place) => leg.trade.tradeId }
  const ofDay = { ...gas, name: 'gasPerDay', windowMs: dayMs, scope: () => '' }
  return [
    ...(gasPerTrade === undefined ? [] : [{ ...ofTrade, most: unitsOf(gasPerTrade, 18) }]),
    ...(gasPerDay === undefined ? [] : [{ ...ofDay, most: unitsOf(gasPerDay, 18) }]),
  ]
}

/** What is known of it from outside: what a fill fell short of the quote that its bound tells of, where nothing else made that tighter. */
function lossSums({ budgets, config }: World['plan']): Sum[] {
  const { lossPerTrade = {}, lossPerDay = {} } = budgets
  const bps = BigInt(fractionToBps(config.maxSlippage))
  const quotesOf = ({ isSell, limit }: RouterCall) =>
    firstQuotes({ side: isSell ? 'sell' : 'buy', limit, bps, isBound: false })
  const loss = (symbol: string) => ({
    covers: ({ leg, swap }: Place) =>
      isFilling(leg) && leg.round === 0 && (swap?.isSell ? leg.tokenOut : leg.tokenIn) === symbol,
    open: ({ swap }: Place) => (swap === null ? 0n : beyond(swap, quotesOf(swap), swap.limit)),
    spent: ({ swap, fill }: Place) => {
      if (swap === null || fill === null) return 0n
      return beyond(swap, quotesOf(swap), swap.isSell ? fill.amountOut : fill.amountIn)
    },
  })
  const trade = { windowMs: forEver, scope: ({ leg }: Place) => leg.trade.tradeId }
  const day = { windowMs: dayMs, scope: () => '' }
  const sums = (name: string, bySymbol: Readonly<Record<string, string>>, over: typeof trade): Sum[] =>
    Object.entries(bySymbol).map(([symbol, amount]) => {
      return { ...loss(symbol), ...over, name: `${name}.${symbol}`, most: units(amount, symbol) }
    })
  return [...sums('lossPerTrade', lossPerTrade, trade), ...sums('lossPerDay', lossPerDay, day)]
}

/** By how much an amount is worse than the quote at least was. */
function beyond({ isSell }: RouterCall, quotes: { least: bigint; most: bigint }, amount: bigint): bigint {
  const worse = isSell ? quotes.least - amount : amount - quotes.most
  return worse > 0n ? worse : 0n
}

/** No call puts more into a pool than its share of the most that the pool ever held. */
function* withinPools({ plan, ledger }: World, places: readonly Place[]): Generator<Violation> {
  const bps = BigInt(fractionToBps(plan.config.maxSlippage))
  for (const [index, { venue, pair, shareOfPool }] of plan.limits.entries()) {
    if (shareOfPool === undefined) continue
    for (const place of places) {
      const { leg, swap } = place
      if (swap === null || !isFilling(leg) || !isOf(place, { venue, pair })) continue
      const paid = swap.isSell ? swap.amount : firstQuotes({ side: 'buy', limit: swap.limit, bps, isBound: true }).least
      let most = 0n
      for (const { state } of ledger.blocks()) {
        const held = balanceOf(state, swap.tokenIn, poolAt(swap))
        if (held > most) most = held
      }
      if (paid * 10_000n <= most * BigInt(fractionToBps(shareOfPool))) continue
      yield { kind: 'over', text: `limits[${index}].shareOfPool: ${leg.name} puts ${paid} into ${most}.` }
    }
  }
}

function poolAt({ router, tokenIn, tokenOut }: RouterCall): string {
  return poolOf(router, tokenIn, tokenOut)
}
