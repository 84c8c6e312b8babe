import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DistributionManager } from '../../src/distribution/proportional.ts'
import { type BaseUnits, baseUnits, sum } from '../../src/domain/amount.ts'
import type { Quote, Side } from '../../src/domain/swap.ts'

const token = { symbol: 'X', address: 'native', decimals: 18 } as const

/** Venues as price functions: what each gives for an amount, or why it cannot. */
function requestFor(amount: bigint, venues: Record<string, (amount: bigint) => bigint | string>, side: Side = 'sell') {
  let rounds = 0
  const request = {
    tradeId: 't',
    pair: 'X/Y',
    side,
    amount: baseUnits(amount),
    tokenIn: token,
    tokenOut: token,
    venues: Object.keys(venues),
    quote: async (amounts: readonly BaseUnits[]) => {
      rounds += 1
      const entries = Object.entries(venues).map(([venue, price]): [string, (Quote | string)[]] => [
        venue,
        amounts.map((one) => {
          const given = price(BigInt(one))
          return typeof given === 'string' ? given : { amount: baseUnits(given) }
        }),
      ])
      return Object.fromEntries(entries)
    },
  }
  return { request, rounds: () => rounds }
}

const pool = (input: bigint, output: bigint) => (amount: bigint) => (output * amount) / (input + amount)

describe('the proportional split', () => {
  test('gives each venue its share, adds up to the order, and asks for quotes once', async () => {
    const amount = fc.bigInt({ min: 1n, max: 10n ** 30n })
    const pools = fc.array(fc.tuple(amount, amount), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(amount, pools, async (whole, sizes) => {
        const venues = Object.fromEntries(sizes.map(([input, output], index) => [`v${index}`, pool(input, output)]))
        const { request, rounds } = requestFor(whole, venues)

        const { legs, unallocated } = await new DistributionManager().allocate(request)

        expect(sum([...legs.map((leg) => leg.amount), unallocated])).toBe(baseUnits(whole))
        expect(legs.every((leg) => BigInt(leg.amount) > 0n)).toBe(true)
        expect(legs.length).toBeLessThanOrEqual(4)
        expect(rounds()).toBe(1)
      }),
    )
  })

  test('gives more to the venue that would give more', async () => {
    const { request } = requestFor(1_000n, { deep: pool(10n ** 9n, 3n * 10n ** 9n), poor: pool(10n ** 9n, 10n ** 9n) })

    const { legs } = await new DistributionManager().allocate(request)

    expect(legs).toMatchObject([
      { venue: 'deep', amount: '750' },
      { venue: 'poor', amount: '250' },
    ])
  })

  test('gives more to the venue that wants less, when buying', async () => {
    const { request } = requestFor(1_000n, { dear: (amount) => amount * 3n, cheap: (amount) => amount }, 'buy')

    const { legs } = await new DistributionManager().allocate(request)

    expect(legs[0]).toMatchObject({ venue: 'cheap', amount: '750' })
  })

  test('leaves out a venue that has no pool, and says what was left where none can take all', async () => {
    const shallow = (amount: bigint) => (amount > 250n ? 'too shallow' : amount)

    const one = await new DistributionManager().allocate(
      requestFor(1_000n, { good: pool(10n ** 9n, 10n ** 9n), none: () => 'no pool' }).request,
    )
    const both = await new DistributionManager().allocate(requestFor(1_000n, { a: shallow, b: shallow }).request)

    expect(one.legs.map(({ venue }) => venue)).toEqual(['good'])
    expect(both.legs.length).toBeGreaterThan(0)
    expect(sum([...both.legs.map((leg) => leg.amount), both.unallocated])).toBe('1000')
    for (const { amount } of both.legs) expect(BigInt(amount)).toBeLessThanOrEqual(250n)
  })

  test('names every venue’s reason where none can take any of it', async () => {
    const { request } = requestFor(1_000n, { a: () => 'no pool', b: () => 'dry' })

    await expect(new DistributionManager().allocate(request)).rejects.toThrow(/a: no pool[\s\S]*b: dry/)
  })
})
