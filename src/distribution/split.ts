import type { Side } from '../domain/swap.ts'
import { type Curve, levelBits, takenAt } from './curve.ts'
import { lesser, total } from './integers.ts'
import { type Filling, fill, stepsOf } from './waterFilling.ts'

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
  readonly level: bigint | null
}

/**
 * Which candidates get how much: the split of equal marginal prices, less the legs that cost more than they bring.
 *
 * Which set of legs is best can only be found by trying, and there are too many sets. So legs are dropped one by one, each time
 * the one without which the rest is worth most, while that is an improvement or there are too many; then candidates are taken
 * in, or put in the place of others, while that is an improvement. After each change the order is spread anew. The result is
 * never worth less than the best candidate alone that takes as much.
 *
 * A leg whose share nobody else can take is only dropped from a sale, where it costs more than it brings; a purchase is for
 * exactly this much, and no price of ours tells what to have less is worth.
 *
 * @example
 * chooseSplit([{ curve, legCost: 0n }], { side: 'sell', amount: 100n, legsMax: 4 }).shares // [100n]
 */
export function chooseSplit(candidates: readonly Candidate[], order: SplitOrder): Split {
  const steps = stepsOf(candidates.map(({ curve }) => curve))
  const everyone = candidates.map(() => true)
  const first = fill(order.amount, steps, everyone)
  const market: Market = {
    ...order,
    candidates,
    drafted: (isOpen) => draft(candidates, order, isOpen, fill(order.amount, steps, isOpen, first.end)),
  }
  const all = draft(candidates, order, everyone, first)
  const down = withoutUseless(all, market)
  // The more legs there are, the less each adds: where all have one and none can be spared, none can be among fewer either.
  const isBest = down === all && legsOf(all).length === candidates.length
  const { shares, filled, net } = isBest ? all : bestFrom(down, market)
  return { shares, filled, net }
}

/** What a split is looked for in. */
interface Market extends SplitOrder {
  readonly candidates: readonly Candidate[]
  /** The split over the candidates that are open. */
  drafted(isOpen: readonly boolean[]): Draft
}

/** Coming down from all candidates and up from one leads to different sets, where no one step leads from the one to the other. */
function bestFrom(down: Draft, market: Market): Draft {
  const single = bestAlone(market)
  const up = market.drafted(market.candidates.map((_, place) => place === single))
  const [fewer, more] = [improved(down, market), improved(up, market)]
  return isBetter(more, fewer) ? more : fewer
}

/** The candidate that would do best alone. */
function bestAlone({ candidates, amount }: Market): number {
  const worths = candidates.map(({ curve, legCost }, place) => {
    const filled = lesser(amount, curve.reach)
    return { place, filled, net: curve.gain(filled) - legCost }
  })
  return worths.reduce(
    (best, one) => (isBetter(one, best) ? one : best),
    worths[0] ?? { place: -1, filled: 0n, net: 0n },
  ).place
}

function improved(split: Draft, market: Market): Draft {
  let best = split
  for (let moves = 0; moves < market.candidates.length; moves += 1) {
    const next = bestMove(best, market)
    if (next === null) break
    best = withoutUseless(next, market)
  }
  return best
}

function withoutUseless(split: Draft, market: Market): Draft {
  let best = split
  for (let next = bestDrop(best, market); next !== null; next = bestDrop(best, market)) best = next
  return best
}

/** To fill more comes first: an order is there to be filled. */
export function isBetter(one: Worth, other: Worth): boolean {
  return one.filled > other.filled || (one.filled === other.filled && one.net > other.net)
}

/**
 * The best of the splits with one leg less, where one has to go or the split is better without; else null. Legs that matter least
 * are tried first, and those that must matter more than the best found so far need not be tried.
 */
function bestDrop(split: Draft, { candidates, side, amount, legsMax, drafted }: Market): Draft | null {
  const legs = legsOf(split)
  const isTooMany = legs.length > legsMax
  const mayLeave = side === 'sell' && legs.length > 1
  const reach = total(candidates.map(({ curve }, place) => (split.isOpen[place] ? curve.reach : 0n)))
  const ranked = legs.map((leg) => {
    const left = reach - (candidates[leg]?.curve.reach ?? 0n)
    return {
      leg,
      filled: lesser(left, amount),
      net: split.net - surplus(split, candidates[leg], split.shares[leg], side),
    }
  })
  ranked.sort((a, b) => (isBetter(a, b) ? -1 : 1))
  let best: Draft | null = null
  for (const atBest of ranked) {
    if (best !== null && !isBetter(atBest, best)) break
    if (!isTooMany && !isImprovement({ ...atBest, net: atBest.net + roundingMax }, split, mayLeave)) continue
    const drop = drafted(split.isOpen.map((open, place) => open && place !== atBest.leg))
    if (!isTooMany && !isImprovement(drop, split, mayLeave)) continue
    if (best === null || isBetter(drop, best)) best = drop
  }
  return best
}

/** Where nothing is lost, fewer legs are better: each can fail. */
function isImprovement(drop: Worth, before: Worth, mayLeave: boolean): boolean {
  if (drop.filled >= before.filled) return drop.net >= before.net
  return mayLeave && drop.net > before.net
}

/**
 * A better split with one candidate more, or with one in the place of another; else null. By as much as a candidate brings more
 * than the marginal price it may improve the split, and by no more; where that is nothing it need not be tried.
 */
function bestMove(split: Draft, { candidates, side, legsMax, drafted }: Market): Draft | null {
  const { level } = split
  if (level === null) return null
  const legs = legsOf(split)
  const worths = candidates.map((candidate, place) => {
    const share = legs.includes(place) ? split.shares[place] : takenAt(candidate.curve, level)
    return surplus(split, candidate, share, side)
  })
  const others = [...candidates.keys()].filter((place) => !legs.includes(place))
  const moves = others.flatMap((taken) => {
    const swaps = legs.map((left) => ({ taken, left, gain: (worths[taken] ?? 0n) - (worths[left] ?? 0n) }))
    return legs.length < legsMax ? [{ taken, left: -1, gain: worths[taken] ?? 0n }, ...swaps] : swaps
  })
  const promising = moves.filter(({ gain }) => gain > 0n).sort((a, b) => (a.gain > b.gain ? -1 : 1))
  for (const { taken, left } of promising) {
    const moved = drafted(candidates.map((_, place) => place === taken || (legs.includes(place) && place !== left)))
    if (isBetter(moved, split)) return moved
  }
  return null
}

/**
 * What a share brings beside its leg's cost above the marginal price. For a leg it is what is lost without it at least, since the
 * others take its share at the marginal price at best.
 */
function surplus({ level }: Draft, candidate: Candidate | undefined, share = 0n, side: Side): bigint {
  if (candidate === undefined) return 0n
  const elsewhere = level === null || level === 0n ? 0n : (share << (2n * levelBits)) / (level * level)
  return candidate.curve.gain(share) - candidate.legCost - (side === 'sell' ? elsewhere : -elsewhere)
}

/** Units that rounding may account for. */
const roundingMax = 2n

function legsOf({ shares }: Split): number[] {
  return [...shares.keys()].filter((place) => (shares[place] ?? 0n) > 0n)
}

function draft(
  candidates: readonly Candidate[],
  { amount }: SplitOrder,
  isOpen: readonly boolean[],
  { shares: rough, level }: Filling,
): Draft {
  const shares = exactShares(candidates, amount, rough, isOpen)
  const gains = shares.map((share, place) => candidates[place]?.curve.gain(share) ?? 0n)
  const costs = shares.map((share, place) => (share > 0n ? (candidates[place]?.legCost ?? 0n) : 0n))
  return { shares, level, isOpen, filled: total(shares), net: total(gains) - total(costs) }
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
