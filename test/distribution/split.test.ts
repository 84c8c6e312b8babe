import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { poolOf } from '../../src/distribution/constantProduct.ts'
import { type Curve, poolCurve } from '../../src/distribution/curve.ts'
import { lesser, total } from '../../src/distribution/integers.ts'
import { quotedCurve } from '../../src/distribution/quotedCurve.ts'
import { chooseSplit } from '../../src/distribution/split.ts'
import { fill, stepsOf } from '../../src/distribution/waterFilling.ts'
import { bestByForce } from './bruteForce.ts'
import { anyMarket, anyPool, type Market } from './markets.ts'
import { gainOf } from './venues.ts'

const trustPpm = 1_000_000n

function curvesOf({ venues, side, amount }: Market, caps: readonly bigint[] = []): Curve[] {
  return venues.flatMap(({ closedForm }, place) =>
    closedForm === null ? [] : [poolCurve(poolOf(closedForm), { side, cap: caps[place] ?? amount, trustPpm })],
  )
}

/** Shares of the order that a venue's limits leave, none for most. */
const anyCaps = fc.array(
  fc.oneof({ weight: 2, arbitrary: fc.constant(1) }, fc.double({ min: 0, max: 1, noNaN: true })),
  {
    minLength: 8,
    maxLength: 8,
  },
)
const capsOf = ({ venues, side, amount }: Market, shares: readonly number[]) =>
  venues.map(({ outputMax }, place) => {
    const cap = (amount * BigInt(Math.floor((shares[place] ?? 1) * 1e6))) / 1_000_000n
    // The last units of a pool cost more than doubles can tell.
    return side === 'sell' ? cap : lesser(cap, BigInt(Math.floor(outputMax * 0.9)))
  })

describe('the split over pools of constant product', () => {
  test('is within a tenth of a basis point of the best that brute force finds, selling and buying', () => {
    const property = fc.property(anyMarket(anyPool), anyCaps, (market, shares) => {
      const caps = capsOf(market, shares)
      const curves = curvesOf(market, caps)

      const split = chooseSplit(
        curves.map((curve) => ({ curve, legCost: 0n })),
        { side: market.side, amount: market.amount, legsMax: 8 },
      )

      const rivals = curves.map(({ reach }, place) => ({
        cap: reach,
        gain: (amount: bigint) => gainOf(market.venues[place] ?? expect.fail(), market.side, amount),
      }))
      const best = bestByForce(rivals, split.filled)
      const net = rivals.reduce((sum, { gain }, place) => sum + gain(split.shares[place] ?? 0n), 0)
      expect(best.net).toBeGreaterThan(Number.NEGATIVE_INFINITY)
      expect(best.net - net).toBeLessThanOrEqual(Math.abs(best.net) * 1e-5)
    })
    fc.assert(property, { numRuns: 1_500 })
  })

  test('adds up to the order to the unit, or to all that there is room for, and passes no cap', () => {
    const amounts = fc.bigInt({ min: 1n, max: 10n ** 30n })
    const pools = fc.array(fc.tuple(amounts, amounts, amounts), { minLength: 1, maxLength: 8 })
    const property = fc.property(
      pools,
      amounts,
      fc.constantFrom('sell' as const, 'buy' as const),
      (sizes, amount, side) => {
        const candidates = sizes.map(([reserveIn, reserveOut, cap]) => {
          const pool = poolOf({ reserveIn: `${reserveIn}`, reserveOut: `${reserveOut}`, feePpm: 3000 })
          return { curve: poolCurve(pool, { side, cap, trustPpm }), legCost: 0n }
        })

        const { shares, filled } = chooseSplit(candidates, { side, amount, legsMax: 8 })

        const room = total(candidates.map(({ curve }) => curve.reach))
        expect(total(shares)).toBe(filled)
        expect(filled).toBe(lesser(room, amount))
        for (const [place, { curve }] of candidates.entries()) {
          expect(shares[place]).toBeGreaterThanOrEqual(0n)
          expect(shares[place]).toBeLessThanOrEqual(curve.reach)
        }
      },
    )
    fc.assert(property, { numRuns: 2_000 })
  })

  test('has no share below nothing where one venue is so deep that levels round to whole orders', () => {
    const huge = 652_733_116_035_821_310_023_594_727_566n
    const pool = poolOf({ reserveIn: `${huge}`, reserveOut: `${huge * 314_763n}`, feePpm: 8176 })
    const lineOf = (size: bigint, gain: bigint) =>
      quotedCurve([{ amount: size, gain }], { side: 'sell', cap: size, trustPpm }) ?? expect.fail()
    const amounts = fc.bigInt({ min: 100n, max: 10n ** 10n })
    const sizes = fc.bigInt({ min: 1n, max: 99n })
    const property = fc.property(amounts, sizes, sizes, (amount, better, worse) => {
      const curves = [
        lineOf(better, better * 10n ** 9n),
        poolCurve(pool, { side: 'sell', cap: amount, trustPpm }),
        lineOf(worse, worse),
      ]

      const { shares } = fill(amount, stepsOf(curves), [true, true, true])

      for (const share of shares) expect(share).toBeGreaterThanOrEqual(0n)
    })
    fc.assert(property, { numRuns: 1_000 })
  })

  test('is the closed form with caps pinned one after the other', () => {
    const property = fc.property(anyMarket(anyPool, { venuesMax: 8 }), anyCaps, (market, shares) => {
      const caps = capsOf(market, shares)
      const { shares: split } = chooseSplit(
        curvesOf(market, caps).map((curve) => ({ curve, legCost: 0n })),
        { side: market.side, amount: market.amount, legsMax: 8 },
      )

      for (const [place, share] of pinned(market, caps).entries()) {
        const difference = Math.abs(Number(split[place]) - share)
        expect(difference).toBeLessThan(Number(market.amount) * 1e-6)
      }
    })
    fc.assert(property, { numRuns: 1_000 })
  })

  test('gives the odd unit to the pool where it brings most', () => {
    const poor = poolOf({ reserveIn: '1000000', reserveOut: '1000000', feePpm: 0 })
    const rich = poolOf({ reserveIn: '1000000', reserveOut: '9000000', feePpm: 0 })
    const candidates = [poor, rich].map((pool) => ({
      curve: poolCurve(pool, { side: 'sell', cap: 1n, trustPpm }),
      legCost: 0n,
    }))

    expect(chooseSplit(candidates, { side: 'sell', amount: 1n, legsMax: 2 }).shares).toEqual([0n, 1n])
  })
})

/** Section 8 word for word, in doubles: the clamped closed form over the active pools, and who is over the cap pinned there. */
function pinned({ venues, side, amount }: Market, caps: readonly bigint[]): number[] {
  const pools = venues.map(({ closedForm }) => {
    const { reserveIn, reserveOut, feePpm } = closedForm ?? expect.fail()
    const [a, b, kept] = [Number(reserveIn), Number(reserveOut), 1 - feePpm / 1e6]
    return { slope: Math.sqrt((a * b) / kept), shift: side === 'sell' ? a / kept : -b }
  })
  const capOf = (place: number) => Number(caps[place])
  const shares = pools.map(() => 0)
  let over = new Set<number>()
  let under = new Set<number>()
  for (;;) {
    const active = pools.map((_, place) => place).filter((place) => !over.has(place) && !under.has(place))
    const rest = Number(amount) - [...over].reduce((sum, place) => sum + capOf(place), 0)
    const sum = (figure: 'slope' | 'shift') => active.reduce((all, place) => all + (pools[place]?.[figure] ?? 0), 0)
    const level = active.length === 0 ? 0 : (rest + sum('shift')) / sum('slope')
    for (const place of over) shares[place] = capOf(place)
    for (const place of under) shares[place] = 0
    for (const place of active) shares[place] = level * (pools[place]?.slope ?? 0) - (pools[place]?.shift ?? 0)
    const low = active.filter((place) => (shares[place] ?? 0) < 0)
    const high = active.filter((place) => (shares[place] ?? 0) > capOf(place))
    // Who is below nothing goes first: with caps pinned meanwhile, some of them come back.
    if (low.length > 0) under = new Set([...under, ...low])
    else if (high.length > 0) {
      over = new Set([...over, ...high])
      under = new Set()
    } else return shares
  }
}
