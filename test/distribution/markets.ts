import fc from 'fast-check'
import type { Side } from '../../src/domain/swap.ts'
import { pool, ranges, stable, type Venue, weighted } from './venues.ts'

/** Some venues for one pair at nearly one price, and an order for them. */
export interface Market {
  readonly venues: readonly Venue[]
  readonly side: Side
  readonly amount: bigint
}

/** Evenly spread over the orders of magnitude between two numbers. */
export function logarithmic(min: number, max: number): fc.Arbitrary<number> {
  const [from, to] = [Math.log(min), Math.log(max)]
  return fc.double({ min: 0, max: 1, noNaN: true }).map((share) => Math.exp(from + share * (to - from)))
}

const fees = fc.constantFrom(0, 100, 500, 3000, 10_000)
/** Base units that a venue is deep: far more than its rounding. */
const depth = logarithmic(1e20, 1e23)
const nearPrice = logarithmic(0.99, 1.01)

/** A pool of constant product. */
export function anyPool(price: number): fc.Arbitrary<Venue> {
  return fc.tuple(depth, nearPrice, fees).map(([deep, near, fee]) => pool(deep, deep * price * near, fee))
}

/** A venue that is known by its quotes alone. */
export function anyQuoted(price: number): fc.Arbitrary<Venue> {
  const range = fc.record({ liquidity: logarithmic(0.2, 5), fall: logarithmic(1e-4, 0.2) })
  return fc.oneof(
    fc
      .tuple(depth, nearPrice, logarithmic(0.25, 4))
      .map(([deep, near, ratio]) => weighted(deep, (deep * price * near) / ratio, ratio)),
    fc.tuple(depth, nearPrice, fc.array(range, { minLength: 1, maxLength: 8 })).map(([deep, near, parts]) => {
      const scale = deep * Math.sqrt(price)
      return ranges(
        price * near,
        parts.map(({ liquidity, fall }) => ({ liquidity: liquidity * scale, fall })),
      )
    }),
    fc
      .tuple(depth, nearPrice, fc.integer({ min: 2, max: 8 }))
      .map(([deep, near, power]) => stable(price * near, deep, power)),
  )
}

/** A market of venues that `anyVenue` makes, and an order that is a part of what they can take. */
export function anyMarket(
  anyVenue: (price: number) => fc.Arbitrary<Venue>,
  { venuesMax = 3, partMax = 0.3 }: { venuesMax?: number; partMax?: number } = {},
): fc.Arbitrary<Market> {
  return logarithmic(1e-3, 1e3).chain((price) =>
    fc
      .record({
        venues: fc.array(anyVenue(price), { minLength: 2, maxLength: venuesMax }),
        side: fc.constantFrom<Side>('sell', 'buy'),
        part: logarithmic(1e-4, partMax),
      })
      .map(({ venues, side, part }) => {
        // No venue's output is without end; what they hold together is the measure of the order.
        const held = venues.reduce((sum, { outputMax }) => sum + outputMax, 0)
        const units = side === 'buy' ? held * part : (held * part) / price
        return { venues, side, amount: BigInt(Math.floor(units)) + 1n }
      }),
  )
}
