import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DistributionManager } from '../../src/distribution/distributionManager.ts'
import { ask, type Listing } from './requests.ts'
import { gainOf, pool, weighted } from './venues.ts'

const deep = pool(1e24, 1e24, 3000)
const amount = 10n ** 21n
/** Too little for one venue to take the order alone. */
const cap = amount - 2n

async function split(listings: Readonly<Record<string, Listing>>, manager = new DistributionManager()) {
  const { legs, unallocated } = await manager.allocate(ask(listings, { amount }).request)
  return { parts: Object.fromEntries(legs.map((leg) => [leg.venue, BigInt(leg.amount)])), unallocated }
}

const capOf = (percent: number) => (amount * BigInt(percent)) / 100n

/** Whoever gets a leg, no two of them are on one pool. */
const poolsOf = (listings: Readonly<Record<string, Listing>>, venues: readonly string[]) =>
  venues.flatMap((venue) => listings[venue]?.pools ?? [venue])

describe('of venues on one pool', () => {
  test('the one with the cheaper leg gets it; at equal cost the first; where that is of no use, the other', async () => {
    const shared = { venue: deep, pools: ['the pool'] }

    const cheaper = await split({ dear: { ...shared, legCost: 2n }, cheap: { ...shared, legCost: 1n } })
    const first = await split({ a: shared, b: shared })
    const other = await split({ a: { ...shared, cap: 0n }, b: shared })

    expect([cheaper.parts, first.parts, other.parts]).toEqual([{ cheap: amount }, { a: amount }, { b: amount }])
  })

  test('the one gets it that may take more', async () => {
    const shared = { venue: deep, pools: ['the pool'] }

    const wide = { ...shared, cap: amount - 1n, legCost: 1n }
    const { parts, unallocated } = await split({ narrow: { ...shared, cap: 10n }, wide })

    expect(parts).toEqual({ wide: amount - 1n })
    expect(unallocated).toBe('1')
  })

  test('the one gets it that gives more, though it shares a pool of which nobody wants anything', async () => {
    const worse = { venue: pool(1e22, 0.9e22, 10_000), pools: ['shallow'] }
    const better = { venue: weighted(1e24, 1e24, 1), pools: ['shallow', 'deep'], legCost: 1n, cap }

    const { parts } = await split({ worse: { ...worse, cap }, better })

    expect(parts).toEqual({ better: cap })
  })

  test('the one gets it that brings more, though the other would fill a little more of a sale', async () => {
    const thin = { venue: pool(1e21, 1e21, 100), pools: ['thin'] }
    const good = { venue: weighted(1e24, 1e24, 1), pools: ['thin', 'deep'], legCost: 1n, cap }

    const { parts, unallocated } = await split({ thin, good })

    expect(parts).toEqual({ good: cap })
    expect(unallocated).toBe('2')
  })

  test('a purchase is filled first, whatever it costs: it is for exactly this much', async () => {
    const thin = { venue: pool(1e22, 1e22, 100), pools: ['thin'] }
    const good = { venue: weighted(1e24, 1e24, 1), pools: ['thin', 'deep'], legCost: 1n, cap }

    const { legs } = await new DistributionManager().allocate(ask({ thin, good }, { amount, side: 'buy' }).request)

    expect(legs).toMatchObject([{ venue: 'thin', amount: `${amount}` }])
  })

  test('one that shares with two is taken for both of them where that is better, and both where that is', async () => {
    const left = { venue: pool(1e22, 1e22, 3000), pools: ['left'], cap: cap / 2n }
    const right = { venue: pool(1e22, 1e22, 3000), pools: ['right'], cap: cap / 2n }
    const both = { venue: weighted(1e24, 1e24, 1), pools: ['left', 'right'], legCost: 1n, cap }

    const one = await split({ left, right, both })
    const two = await split({ left, right, both: { ...both, venue: weighted(1e21, 1e21, 1) } })

    expect(Object.keys(one.parts)).toEqual(['both'])
    expect(Object.keys(two.parts).sort()).toEqual(['left', 'right'])
  })

  test('never two get a leg, whatever they share, and the split is worth no less than any of them alone', async () => {
    const listing = fc.record({
      depth: fc.integer({ min: 1, max: 1000 }),
      price: fc.integer({ min: 90, max: 110 }),
      percent: fc.integer({ min: 1, max: 100 }),
      cost: fc.integer({ min: 0, max: 5 }),
      pools: fc.subarray(['p', 'q', 'r', 's'], { minLength: 1 }),
    })
    const property = fc.asyncProperty(fc.array(listing, { minLength: 2, maxLength: 6 }), async (rows) => {
      const listings: Record<string, Listing> = Object.fromEntries(
        rows.map(({ depth, price, percent, cost, pools }, place) => {
          const venue = pool(depth * 1e21, (depth * 1e21 * price) / 100, 3000)
          return [`v${place}`, { venue, pools, cap: capOf(percent), legCost: BigInt(cost) * 10n ** 16n }]
        }),
      )

      const { parts } = await split(listings)

      const shared = poolsOf(listings, Object.keys(parts))
      const worthOf = (venue: string, part: bigint) => {
        const listing = listings[venue] ?? expect.fail()
        return gainOf(listing.venue, 'sell', part) - Number(listing.legCost)
      }
      const net = Object.entries(parts).reduce((sum, [venue, part]) => sum + worthOf(venue, part), 0)
      const alone = Object.entries(listings).map(([venue, listing]) => worthOf(venue, listing.cap ?? 0n))
      expect(new Set(shared).size).toBe(shared.length)
      expect(net).toBeGreaterThanOrEqual(Math.max(...alone) * (1 - 1e-9))
    })
    await fc.assert(property, { numRuns: 200 })
  })
})

describe('where quotes name the pool that they go through', () => {
  const [one, other] = [weighted(1e22, 1e22, 1), weighted(1.2e22, 1.2e22, 1)]
  const routes = { small: 'the pool', large: 'its own' }

  test('only the pools count that they do go through', async () => {
    const a = { venue: one, pools: ['the pool', 'its own'], routes, routeOf: () => 'large' }
    const b = { venue: other, pools: ['the pool'] }

    const { parts } = await split({ a, b })

    expect(Object.keys(parts).sort()).toEqual(['a', 'b'])
  })

  test('all count where one of them names none that is known', async () => {
    const a = { venue: one, pools: ['the pool', 'its own'], routes, routeOf: () => 'another' }
    const b = { venue: other, pools: ['the pool'] }

    const { parts } = await split({ a, b })

    expect(Object.keys(parts)).toHaveLength(1)
  })

  test('a part that turns out to go through another’s pool is not sent beside it', async () => {
    // Only for amounts that no survey asks for it goes through the pool of the other.
    const asked = new Set<bigint>()
    const a: Listing = {
      venue: one,
      pools: ['the pool', 'its own'],
      routes,
      routeOf: (part) => (asked.has(part) ? 'large' : 'small'),
    }
    const b = { venue: other, pools: ['the pool'] }
    const { request } = ask({ a, b }, { amount })
    const survey: typeof request.survey = (amounts) => {
      for (const size of amounts) asked.add(BigInt(size))
      return request.survey(amounts)
    }

    const { legs, unallocated } = await new DistributionManager().allocate({ ...request, survey })

    expect(legs).toHaveLength(1)
    expect(unallocated).toBe('0')
  })
})
