import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DistributionManager } from '../../src/distribution/distributionManager.ts'
import { total } from '../../src/distribution/integers.ts'
import type { Side } from '../../src/domain/swap.ts'
import { MemoryBank } from '../../src/store/memoryBank.ts'
import { bestByForce } from './bruteForce.ts'
import { anyMarket, anyPool, anyQuoted, logarithmic, type Market } from './markets.ts'
import { ask, type Listing, quoteOf } from './requests.ts'
import { gainOf, pool, ranges, weighted } from './venues.ts'

const nameOf = (place: number) => `v${place}`
const listingsOf = ({ venues }: Market, more: (place: number) => Omit<Listing, 'venue'> = () => ({})) =>
  Object.fromEntries(venues.map((venue, place) => [nameOf(place), { venue, ...more(place) }]))

/** Orders that every venue could fill most of: the last units of what a venue holds cost more than doubles can tell. */
const within = ({ venues, side, amount }: Market) =>
  side === 'sell' || venues.every(({ outputMax }) => Number(amount) < outputMax * 0.9)

/** What legs come to by the venues' own mathematics, less what they cost. */
function netOf(
  listings: Readonly<Record<string, Listing>>,
  side: Side,
  legs: readonly { venue: string; amount: bigint | string }[],
): number {
  return legs.reduce((sum, { venue, amount }) => {
    const listing = listings[venue] ?? expect.fail()
    return sum + gainOf(listing.venue, side, BigInt(amount)) - Number(listing.legCost ?? 0n)
  }, 0)
}

const anyVenue = (price: number) => fc.oneof(anyPool(price), { weight: 3, arbitrary: anyQuoted(price) })

describe('the split over venues of all kinds', () => {
  test('is within a basis point of the best that brute force finds, selling and buying', async () => {
    const property = fc.asyncProperty(anyMarket(anyVenue), async (market) => {
      fc.pre(within(market))
      const { side, amount, venues } = market
      const listings = listingsOf(market)

      const { legs, unallocated } = await new DistributionManager().allocate(ask(listings, { amount, side }).request)

      const rivals = venues.map((venue) => ({ cap: amount, gain: (part: bigint) => gainOf(venue, side, part) }))
      const best = bestByForce(rivals, amount)
      expect(unallocated).toBe('0')
      expect(best.net - netOf(listings, side, legs)).toBeLessThanOrEqual(Math.abs(best.net) * 1e-4)
    })
    await fc.assert(property, { numRuns: 1_500 })
  })

  test('adds up to the order, passes no cap, has no more legs than allowed and the venues’ own quotes', async () => {
    const caps = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 })
    const markets = anyMarket(anyVenue, { venuesMax: 8 })
    const property = fc.asyncProperty(
      markets,
      caps,
      fc.integer({ min: 1, max: 8 }),
      async (market, shares, legsMax) => {
        const { side, amount } = market
        const capOf = (place: number) => (amount * BigInt(Math.floor((shares[place] ?? 1) * 1000))) / 1000n
        const listings = listingsOf(market, (place) => ({ cap: capOf(place) }))

        const manager = new DistributionManager({ legsMax })
        const allocation = await manager.allocate(ask(listings, { amount, side }).request).catch(() => null)

        if (allocation === null) return
        const { legs, unallocated } = allocation
        expect(total([...legs.map((leg) => BigInt(leg.amount)), BigInt(unallocated)])).toBe(amount)
        expect(legs.length).toBeLessThanOrEqual(legsMax)
        expect(new Set(legs.map(({ venue }) => venue)).size).toBe(legs.length)
        for (const leg of legs) {
          const listing = listings[leg.venue] ?? expect.fail()
          expect(BigInt(leg.amount)).toBeGreaterThan(0n)
          expect(BigInt(leg.amount)).toBeLessThanOrEqual(listing.cap ?? 0n)
          if (listing.venue.closedForm === null) expect(leg.quote).toEqual(quoteOf(listing, side, BigInt(leg.amount)))
        }
      },
    )
    await fc.assert(property, { numRuns: 500 })
  })

  test('is worth no less, net of gas, than any venue alone', async () => {
    const gas = fc.array(logarithmic(1e-6, 0.3), { minLength: 6, maxLength: 6 })
    const property = fc.asyncProperty(anyMarket(anyVenue, { venuesMax: 6 }), gas, async (market, parts) => {
      fc.pre(within(market))
      const { side, amount, venues } = market
      const worth = Math.abs(gainOf(venues[0] ?? expect.fail(), side, amount))
      const listings = listingsOf(market, (place) => ({ legCost: BigInt(Math.floor(worth * (parts[place] ?? 0))) }))

      const { legs } = await new DistributionManager().allocate(ask(listings, { amount, side }).request)

      const net = netOf(listings, side, legs)
      for (const venue of Object.keys(listings)) {
        const alone = netOf(listings, side, [{ venue, amount }])
        expect(alone - net).toBeLessThanOrEqual(Math.abs(alone) * 1e-12 + 10)
      }
    })
    await fc.assert(property, { numRuns: 500 })
  })

  test('is, net of gas, what the best of all sets of venues comes to', async () => {
    const gas = fc.array(logarithmic(1e-5, 0.03), { minLength: 3, maxLength: 3 })
    const property = fc.asyncProperty(anyMarket(anyPool), gas, async (market, parts) => {
      fc.pre(within(market))
      const { side, amount, venues } = market
      const worth = Math.abs(gainOf(venues[0] ?? expect.fail(), side, amount))
      const listings = listingsOf(market, (place) => ({ legCost: BigInt(Math.floor(worth * (parts[place] ?? 0))) }))
      const costs = venues.map((_, place) => Number(listings[nameOf(place)]?.legCost))

      const { legs } = await new DistributionManager().allocate(ask(listings, { amount, side }).request)

      // Every set but the empty one, as bits.
      const sets = Array.from({ length: 2 ** venues.length - 1 }, (_, bits) =>
        venues.flatMap((venue, place) => ((bits + 1) & (1 << place) ? [{ venue, cost: costs[place] ?? 0 }] : [])),
      )
      const nets = sets.map((set) => {
        const rivals = set.map(({ venue }) => ({ cap: amount, gain: (part: bigint) => gainOf(venue, side, part) }))
        const gross = rivals.length === 1 ? (rivals[0]?.gain(amount) ?? 0) : bestByForce(rivals, amount).net
        return gross - set.reduce((sum, { cost }) => sum + cost, 0)
      })
      const best = Math.max(...nets)
      expect(best - netOf(listings, side, legs)).toBeLessThanOrEqual(worth * 1e-5)
    })
    await fc.assert(property, { numRuns: 300 })
  })

  test('copes with orders of a few units', async () => {
    const property = fc.asyncProperty(anyMarket(anyVenue), fc.bigInt({ min: 1n, max: 50n }), async (market, amount) => {
      const { request } = ask(listingsOf(market), { amount, side: market.side })

      const allocation = await new DistributionManager().allocate(request).catch(() => null)

      if (allocation === null) return
      const parts = allocation.legs.map((leg) => BigInt(leg.amount))
      expect(total([...parts, BigInt(allocation.unallocated)])).toBe(amount)
      for (const { quote } of allocation.legs) expect(BigInt(quote.amount)).toBeGreaterThan(0n)
    })
    await fc.assert(property, { numRuns: 500 })
  })
})

const deep = pool(1e24, 1e24, 3000)
const amount = 10n ** 21n

describe('what is asked of the venues', () => {
  test('pools of constant product are only surveyed', async () => {
    const { request, surveyed, quoted } = ask({ a: { venue: deep }, b: { venue: pool(5e23, 5e23, 3000) } }, { amount })

    const { legs } = await new DistributionManager().allocate(request)

    expect(legs.map(({ venue }) => venue)).toEqual(['a', 'b'])
    expect(surveyed).toHaveLength(1)
    expect(quoted).toHaveLength(0)
  })

  test('an order that one venue takes whole is only surveyed', async () => {
    const { request, quoted } = ask({ a: { venue: weighted(1e24, 1e24, 1) } }, { amount })

    const { legs } = await new DistributionManager().allocate(request)

    expect(legs).toMatchObject([{ venue: 'a', amount: `${amount}` }])
    expect(quoted).toHaveLength(0)
  })

  test('chosen parts of quoted venues are asked for all in one turn, and no more where they come as expected', async () => {
    const turns: number[] = []
    let turn = 0
    const { request } = ask(
      { a: { venue: weighted(1e23, 1e23, 1) }, b: { venue: weighted(7e22, 7e22, 1) } },
      { amount },
    )
    const quote: typeof request.quote = async (amounts) => {
      turns.push(turn)
      await Promise.resolve()
      turn += 1
      return request.quote(amounts)
    }

    await new DistributionManager().allocate({ ...request, quote })

    expect(new Set(turns)).toEqual(new Set([0]))
  })

  test('where quotes are not as expected it is asked again, but not more often than allowed', async () => {
    // The price falls off where nothing on the ladder shows it.
    const kinked = ranges(1, [
      { liquidity: 1e24, fall: 0.0004 },
      { liquidity: 1e19, fall: 0.9 },
    ])
    const order = { a: { venue: kinked }, b: { venue: pool(1e23, 1e23, 3000) } }
    const often = ask(order, { amount })
    const once = ask(order, { amount })

    await new DistributionManager().allocate(often.request)
    await new DistributionManager({ quoteRoundsMax: 1 }).allocate(once.request)

    expect(once.quoted.length).toBeGreaterThan(0)
    expect(once.quoted.length).toBeLessThanOrEqual(3)
    expect(often.quoted.length).toBeGreaterThan(once.quoted.length)
    expect(often.quoted.length).toBeLessThanOrEqual(15)
  })

  test('a venue that does not quote its part is left out, and the others take it', async () => {
    const odd = { venue: weighted(1e23, 1e23, 1), answer: () => 'It reverts.' }
    const { request } = ask({ a: { venue: deep }, odd, b: { venue: deep } }, { amount })

    const { legs, unallocated } = await new DistributionManager().allocate(request)

    expect(legs.map(({ venue }) => venue)).toEqual(['a', 'b'])
    expect(unallocated).toBe('0')
  })

  test('where one venue after the other refuses its part it ends, and who is left takes the order alone', async () => {
    const odd = { venue: weighted(1e22, 1e22, 1), answer: () => 'It reverts.' }
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, place) => [nameOf(place), odd]))
    const { request, quoted } = ask(many, { amount })

    const { legs } = await new DistributionManager({ legsMax: 2 }).allocate(request)

    expect(legs).toMatchObject([{ amount: `${amount}` }])
    // Three amounts a round: its part, and one on either side.
    expect(quoted.length).toBeLessThanOrEqual(3 * 12)
  })
})

describe('which venues get a leg', () => {
  test('a leg that brings less than its gas is not sent, not even where nobody else can take its part of a sale', async () => {
    const small = { venue: deep, cap: amount / 100n, legCost: amount }
    const market = { a: { venue: deep, cap: amount / 2n }, small }

    const sale = await new DistributionManager().allocate(ask(market, { amount }).request)
    const purchase = await new DistributionManager().allocate(ask(market, { amount, side: 'buy' }).request)

    expect(sale.legs.map(({ venue }) => venue)).toEqual(['a'])
    expect(sale.unallocated).toBe(`${amount / 2n}`)
    // A purchase is for exactly this much.
    expect(purchase.legs.map(({ venue }) => venue)).toEqual(['a', 'small'])
  })

  test('an order that costs more gas than it brings is still an order', async () => {
    const { request } = ask(
      { a: { venue: deep, legCost: 10n * amount }, b: { venue: deep, legCost: 9n * amount } },
      { amount },
    )

    const { legs, unallocated } = await new DistributionManager().allocate(request)

    expect(legs).toMatchObject([{ venue: 'b' }])
    expect(unallocated).toBe('0')
  })

  test('what caps leave no room for is unallocated', async () => {
    const { request } = ask({ a: { venue: deep, cap: 300n }, b: { venue: deep, cap: 200n } }, { amount: 1_000n })

    const { legs, unallocated } = await new DistributionManager().allocate(request)

    expect(legs).toMatchObject([
      { venue: 'a', amount: '300' },
      { venue: 'b', amount: '200' },
    ])
    expect(unallocated).toBe('500')
  })

  test('where no venue can take any of it each one’s reason is named', async () => {
    const { request } = ask(
      {
        gone: { venue: deep, refusal: 'It has no pool.' },
        full: { venue: deep, cap: 0n },
        empty: { venue: pool(1e24, 0, 3000) },
        dry: { venue: weighted(1e24, 1, 1) },
      },
      { amount },
    )

    const failure = new DistributionManager().allocate(request)

    await expect(failure).rejects.toThrow(
      /gone: It has no pool\.[\s\S]*full: Its limits leave[\s\S]*empty: The pool is empty[\s\S]*dry: It would give nothing/,
    )
    await expect(failure).rejects.toMatchObject({ code: 'NO_LIQUIDITY' })
  })
})

describe('the configuration', () => {
  test('every fault is named with its field', () => {
    const faulty = { legsMax: 0, restMs: 1.5, probeShareBps: 20_000, legsMin: 1 }

    expect(() => new DistributionManager(faulty)).toThrow(
      /legsMax: must be a whole number[\s\S]*restMs: must[\s\S]*probeShareBps: must[\s\S]*legsMin: is unknown/,
    )
    expect(() => new DistributionManager({ restMs: 2_000, restMaxMs: 1_000 })).toThrow(/restMaxMs: must not be less/)
  })

  test('what is in force is described as plain data', () => {
    const described = new DistributionManager({ legsMax: 2 }, new MemoryBank()).describe()

    expect(described).toMatchObject({ kind: 'marginal', legsMax: 2, failuresMax: 5 })
    expect(JSON.parse(JSON.stringify(described))).toEqual(described)
  })
})
