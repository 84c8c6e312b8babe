import type { Side } from '../domain/swap.ts'
import { type Curve, levelBits } from './curve.ts'
import { lesser, total } from './integers.ts'
import { fill, type Step, stepsOf } from './waterFilling.ts'

/** A venue that may get a leg. */
export interface Candidate {
  readonly curve: Curve
  /** What a leg there costs beside the price, in the other units. */
  readonly legCost: bigint
}

/** What is to be split. */
export interface SplitOrder {
  readonly side: Side
  /** In the order's units. */
  readonly amount: bigint
  /** Legs at most. */
  readonly legsMax: number
}

/** What a split comes to. */
export interface Worth {
  /** How much of the order it fills, in the order's units. */
  readonly filled: bigint
  /** What it brings less what its legs cost, in the other units: below zero when buying. */
  readonly net: bigint
}

/** How an order is spread over candidates. */
export interface Split extends Worth {
  /** For each candidate, in the order's units. Zero for one that gets no leg. */
  readonly shares: readonly bigint[]
}

interface Draft extends Split {
  readonly isOpen: readonly boolean[]
  /** What each candidate brings for its share. */
  readonly gains: readonly bigint[]
  readonly level: bigint | null
}

/**
 * Which candidates get how much: the split of equal marginal prices, less the legs that cost more than they bring. Legs are
 * dropped one by one, each time the one without which the rest is worth most, while that is an improvement or there are too
 * many; after each the order is spread anew. The result is never worth less than the best candidate alone that takes as much.
 *
 * A leg whose share nobody else can take is only dropped from a sale, where it costs more than it brings; a purchase is for
 * exactly this much, and no price of ours tells what to have less is worth.
 *
 * @example
 * chooseSplit([{ curve, legCost: 0n }], { side: 'sell', amount: 100n, legsMax: 4 }).shares // [100n]
 */
export function chooseSplit(candidates: readonly Candidate[], order: SplitOrder): Split {
  const steps = stepsOf(candidates.map(({ curve }) => curve))
  const drafted = (isOpen: readonly boolean[]) => draft(candidates, order, steps, isOpen)
  let best = drafted(candidates.map(() => true))
  for (let next: Draft | null = best; next !== null; ) {
    best = next
    next = bestDrop(best, candidates, order, drafted)
  }
  for (const place of candidates.keys()) {
    const alone = drafted(candidates.map((_, other) => other === place))
    if (isBetter(alone, best)) best = alone
  }
  const { shares, filled, net } = best
  return { shares, filled, net }
}

/** To fill more comes first: an order is there to be filled. */
export function isBetter(one: Worth, other: Worth): boolean {
  return one.filled > other.filled || (one.filled === other.filled && one.net > other.net)
}

/**
 * The best of the splits with one leg less, where one has to go or the split is better without; else null. Legs that matter least
 * are tried first, and those that must matter more than the best found so far need not be tried.
 */
function bestDrop(
  split: Draft,
  candidates: readonly Candidate[],
  { side, amount, legsMax }: SplitOrder,
  drafted: (isOpen: readonly boolean[]) => Draft,
): Draft | null {
  const legs = legsOf(split)
  if (legs.length < 2) return null
  const isTooMany = legs.length > legsMax
  const reach = total(candidates.map(({ curve }, place) => (split.isOpen[place] ? curve.reach : 0n)))
  const ranked = legs.map((leg) => {
    const left = reach - (candidates[leg]?.curve.reach ?? 0n)
    return { leg, filled: lesser(left, amount), net: split.net - leastLoss(split, leg, candidates, side) }
  })
  ranked.sort((a, b) => (isBetter(a, b) ? -1 : 1))
  let best: Draft | null = null
  for (const atBest of ranked) {
    if (best !== null && !isBetter(atBest, best)) break
    if (!isTooMany && !isImprovement({ ...atBest, net: atBest.net + roundingMax }, split, side)) continue
    const drop = drafted(split.isOpen.map((open, place) => open && place !== atBest.leg))
    if (!isTooMany && !isImprovement(drop, split, side)) continue
    if (best === null || isBetter(drop, best)) best = drop
  }
  return best
}

/** Where nothing is lost, fewer legs are better: each can fail. */
function isImprovement(drop: Worth, before: Worth, side: Side): boolean {
  if (drop.filled >= before.filled) return drop.net >= before.net
  return side === 'sell' && drop.net > before.net
}

/** What is lost at least without a leg: the others take its share at the marginal price at best, and its cost is saved. */
function leastLoss({ level, shares, gains }: Draft, leg: number, candidates: readonly Candidate[], side: Side): bigint {
  const [share = 0n, gain = 0n, legCost = 0n] = [shares[leg], gains[leg], candidates[leg]?.legCost]
  const elsewhere = level === null || level === 0n ? 0n : (share << (2n * levelBits)) / (level * level)
  return gain - legCost - (side === 'sell' ? elsewhere : -elsewhere)
}

/** Units that rounding may account for. */
const roundingMax = 2n

function legsOf({ shares }: Split): number[] {
  return [...shares.keys()].filter((place) => (shares[place] ?? 0n) > 0n)
}

function draft(
  candidates: readonly Candidate[],
  { amount }: SplitOrder,
  steps: readonly Step[],
  isOpen: readonly boolean[],
): Draft {
  const { shares: rough, level } = fill(amount, steps, isOpen)
  const shares = exactShares(candidates, amount, rough, isOpen)
  const gains = shares.map((share, place) => candidates[place]?.curve.gain(share) ?? 0n)
  const costs = shares.map((share, place) => (share > 0n ? (candidates[place]?.legCost ?? 0n) : 0n))
  return { shares, gains, level, isOpen, filled: total(shares), net: total(gains) - total(costs) }
}

/**
 * The shares rounded down, and what is left of the amount by that on the leg that it brings most on, as far as there is room: a
 * few units. An order of so few units that no share has any goes there as a whole.
 */
function exactShares(
  candidates: readonly Candidate[],
  amount: bigint,
  rough: readonly bigint[],
  isOpen: readonly boolean[],
): bigint[] {
  const shares = [...rough]
  const roomOf = (place: number) => (candidates[place]?.curve.reach ?? 0n) - (shares[place] ?? 0n)
  for (let rest = amount - total(shares); rest !== 0n; rest = amount - total(shares)) {
    if (rest < 0n) {
      const largest = top([...shares.keys()], (place) => shares[place] ?? 0n)
      shares[largest] = (shares[largest] ?? 0n) + rest
      continue
    }
    const roomy = [...shares.keys()].filter((place) => isOpen[place] && roomOf(place) > 0n)
    if (roomy.length === 0) break
    const legs = roomy.filter((place) => (shares[place] ?? 0n) > 0n)
    const more = (place: number) => lesser(roomOf(place), rest)
    const steepest = top(legs.length > 0 ? legs : roomy, (place) => {
      const { curve } = candidates[place] ?? {}
      const share = shares[place] ?? 0n
      return (curve?.gain(share + more(place)) ?? 0n) - (curve?.gain(share) ?? 0n)
    })
    shares[steepest] = (shares[steepest] ?? 0n) + more(steepest)
  }
  return shares
}

/** The place whose figure is the highest, the first of equals. */
function top(places: readonly number[], figure: (place: number) => bigint): number {
  const figures = places.map((place) => ({ place, figure: figure(place) }))
  return figures.reduce((best, one) => (one.figure > best.figure ? one : best)).place
}
