import fc from 'fast-check'
import { expect, test } from 'vitest'
import { poolOf, poolOutput } from '../../src/distribution/constantProduct.ts'
import { ladder } from '../../src/distribution/ladder.ts'
import { hullOf, type Point, quotedCurve } from '../../src/distribution/quotedCurve.ts'
import { anyMarket, anyQuoted } from './markets.ts'
import { gainOf } from './venues.ts'

const trustPpm = 1_000_000n
const side = fc.constantFrom('sell' as const, 'buy' as const)
const sign = (of: 'sell' | 'buy') => (of === 'sell' ? 1n : -1n)

/** Whatever a venue may answer: no order in it at all. */
const anyPoints = fc.uniqueArray(
  fc.record({ amount: fc.bigInt({ min: 1n, max: 10n ** 9n }), gain: fc.bigInt({ min: 0n, max: 10n ** 9n }) }),
  { selector: ({ amount }) => amount, minLength: 1, maxLength: 16 },
)

test('the ladder has distinct sizes above zero, ascending to the whole order', () => {
  const property = fc.property(fc.bigInt({ min: 1n, max: 10n ** 40n }), (amount) => {
    const sizes = ladder(amount)

    expect(sizes.at(-1)).toBe(amount)
    expect(sizes[0]).toBeGreaterThan(0n)
    expect(new Set(sizes).size).toBe(sizes.length)
    expect(sizes).toEqual([...sizes].sort((a, b) => (a < b ? -1 : 1)))
    if (amount > 100_000n) expect(sizes).toHaveLength(16)
  })
  fc.assert(property)
})

test('the hull is the least concave curve that no point is above', () => {
  const property = fc.property(anyPoints, side, (given, of) => {
    const points = given.map(({ amount, gain }) => ({ amount, gain: gain * sign(of) }))

    const hull = hullOf(points, of)

    const chords = hull.slice(1).map((point, index) => ({ from: hull[index] ?? expect.fail(), point }))
    for (const { from, point } of chords) {
      const rise = (to: Point) => (to.gain - from.gain) * (point.amount - from.amount)
      const line = (to: Point) => (point.gain - from.gain) * (to.amount - from.amount)
      // Each corner was quoted, and below the line through any two neighbours lies every quote.
      expect(points).toContainEqual(point)
      for (const other of points) if (other.gain !== 0n) expect(rise(other)).toBeLessThanOrEqual(line(other))
    }
  })
  fc.assert(property, { numRuns: 1_000 })
})

test('a curve goes through the corners of its hull, is concave, and ends at its cap', () => {
  const property = fc.property(anyPoints, side, fc.bigInt({ min: 1n, max: 10n ** 9n }), (given, of, cap) => {
    const points = given.map(({ amount, gain }) => ({ amount, gain: gain * sign(of) }))
    const corners = hullOf(points, of).slice(1)

    const curve = quotedCurve(points, { side: of, cap, trustPpm })

    const end = corners.at(-1)?.amount ?? 0n
    expect(curve?.reach ?? 0n).toBe([cap, end].sort((a, b) => Number(a - b))[0])
    for (const { amount, gain } of corners) if (amount <= (curve?.reach ?? 0n)) expect(curve?.gain(amount)).toBe(gain)
    const levels = curve?.stretches.flatMap(({ enters, leaves }) => [enters, leaves]) ?? []
    for (const [index, level] of levels.slice(1).entries()) {
      const before = levels[index] ?? 0n
      // Doubles shape what is between two quotes.
      const slack = (before < 0n ? -before : before) >> 20n
      expect(level).toBeGreaterThanOrEqual(before - slack)
    }
  })
  fc.assert(property, { numRuns: 1_000 })
})

test('quotes of a pool of constant product give the pool’s own curve between them', () => {
  const reserve = fc.bigInt({ min: 10n ** 18n, max: 10n ** 24n })
  const property = fc.property(reserve, reserve, fc.double({ min: 0.01, max: 1, noNaN: true }), (a, b, share) => {
    const pool = poolOf({ reserveIn: `${a}`, reserveOut: `${b}`, feePpm: 3000 })
    const points = ladder(a).map((amount) => ({ amount, gain: poolOutput(pool, amount) }))
    const amount = (a * BigInt(Math.floor(share * 1e9))) / 1_000_000_000n

    const gain = quotedCurve(points, { side: 'sell', cap: a, trustPpm })?.gain(amount) ?? 0n

    const exact = Number(poolOutput(pool, amount))
    expect(Math.abs(Number(gain) - exact) / exact).toBeLessThan(1e-7)
  })
  fc.assert(property, { numRuns: 1_000 })
})

test('between two quotes of any venue the curve is not below the chord, nor above the line that leads there', () => {
  const property = fc.property(anyMarket(anyQuoted, { venuesMax: 2 }), ({ venues, side: of, amount }) => {
    for (const venue of venues) {
      const points = ladder(amount)
        .filter((one) => of === 'sell' || Number(one) < venue.outputMax * 0.99)
        .map((one) => ({ amount: one, gain: BigInt(Math.floor(gainOf(venue, of, one))) }))
      const curve = quotedCurve(points, { side: of, cap: amount, trustPpm })
      const corners = hullOf(points, of)
      for (const [index, to] of corners.slice(1).entries()) {
        const from = corners[index] ?? expect.fail()
        const before = corners[index - 1]
        const along = (one: Point, other: Point, amount: bigint) =>
          from.gain + ((other.gain - one.gain) * (amount - from.amount)) / (other.amount - one.amount)
        const middle = (from.amount + to.amount) / 2n
        const found = curve?.gain(middle) ?? expect.fail()
        expect(found).toBeGreaterThanOrEqual(along(from, to, middle) - 1n)
        if (before !== undefined) expect(found).toBeLessThanOrEqual(along(before, from, middle) + 1n)
      }
    }
  })
  fc.assert(property, { numRuns: 300 })
})
