import type { Side } from '../domain/swap.ts'
import { millionths, type Pool, poolInput, poolOutput } from './constantProduct.ts'
import { integerRoot, lesser, total } from './integers.ts'

/**
 * Where a split stands is told by its *level*: one over the square root of the marginal price, in `levelBits` of binary
 * fraction; below zero when buying. Selling, the first unit goes where the price is highest; buying, where it is lowest: either
 * way a split that takes more has a higher level, and all venues that share an order are at one level.
 *
 * The level is what makes this simple: along a curve of constant product the amount is linear in it.
 * (Angeris, Chitra, Evans, Boyd, *Optimal Routing for Constant Function Market Makers*, for the condition of equal prices.)
 */
export const levelBits = 96n

/** Binary fraction of a stretch's own numbers. */
export const shapeBits = 32n

/** A part of a curve along which the product of two amounts is constant: `amount = slope × level − shift` within its ends. */
export interface Stretch {
  /** Base units, in the order's units. */
  readonly length: bigint
  /** In `shapeBits`. Zero for a straight line: that is taken whole at its one level. */
  readonly slope: bigint
  readonly shift: bigint
  /** The levels at which it begins and is used up. */
  readonly enters: bigint
  readonly leaves: bigint
}

/** What one venue is worth for each amount. */
export interface Curve {
  /** The most that it can take, in the order's units. */
  readonly reach: bigint
  /** Each begins where the one before ends. */
  readonly stretches: readonly Stretch[]

  /**
   * What an amount up to `reach` brings, in the other units: what comes out when selling; when buying what goes in, below zero. So
   * more is better on both sides.
   */
  gain(amount: bigint): bigint
}

/** What a curve is to be for. */
export interface CurveOptions {
  readonly side: Side
  /** The most that the venue may take, in the order's units. */
  readonly cap: bigint
  /** What becomes of what the venue promises, in millionths: less than a million where it gave less than that (selling). */
  readonly trustPpm: bigint
}

/**
 * The curve of a pool of constant product. For reserves a in and b out and γ = 1 − fee the amount at a level μ is
 * `μ·√(ab/γ) − a/γ` when selling, and `b − |μ|·√(ab/γ)` when buying.
 *
 * @example
 * poolCurve(pool, { side: 'sell', cap: 100n, trustPpm: 1_000_000n }).gain(100n) // what the router would say
 */
export function poolCurve(pool: Pool, { side, cap, trustPpm }: CurveOptions): Curve {
  const { reserveIn, reserveOut, keptPpm } = pool
  const isSale = side === 'sell'
  const reach = isSale || cap < reserveOut ? cap : reserveOut - 1n
  const slope = integerRoot(((reserveIn * reserveOut * trustPpm) << (2n * shapeBits)) / keptPpm)
  const shift = isSale ? ((reserveIn * millionths) << shapeBits) / keptPpm : -(reserveOut << shapeBits)
  return {
    reach,
    stretches: reach > 0n ? [bend({ length: reach, slope, shift })] : [],
    gain(amount) {
      if (amount === 0n) return 0n
      const given = isSale ? poolOutput(pool, amount) : -poolInput(pool, amount)
      return trustPpm === millionths ? given : (given * trustPpm) / millionths
    },
  }
}

/** A stretch of constant product. */
export function bend({ length, slope, shift }: Pick<Stretch, 'length' | 'slope' | 'shift'>): Stretch {
  const levelAt = (amount: bigint) => (((amount << shapeBits) + shift) << levelBits) / slope
  return { length, slope, shift, enters: levelAt(0n), leaves: levelAt(length) }
}

/** A stretch along which the price stays: `gain` for `amount`, of which `length` may be taken. */
export function line(length: bigint, { amount, gain, side }: { amount: bigint; gain: bigint; side: Side }): Stretch {
  const root = integerRoot((amount << (2n * levelBits)) / gain)
  const level = side === 'sell' ? root : -root
  return { length, slope: 0n, shift: 0n, enters: level, leaves: level }
}

/** How much of a stretch is taken at a level. */
export function amountAt({ length, slope, shift }: Stretch, level: bigint): bigint {
  const amount = (((slope * level) >> levelBits) - shift) >> shapeBits
  return amount < 0n ? 0n : lesser(amount, length)
}

/** How much of a curve is taken at a level. */
export function takenAt({ stretches }: Pick<Curve, 'stretches'>, level: bigint): bigint {
  const wholeIf = ({ length, enters }: Stretch) => (level >= enters ? length : 0n)
  return total(stretches.map((stretch) => (stretch.slope === 0n ? wholeIf(stretch) : amountAt(stretch, level))))
}
