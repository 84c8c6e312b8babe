import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TradeResult } from '../../src/distribution/distribution.ts'
import { DistributionManager } from '../../src/distribution/distributionManager.ts'
import { learned, trustIn, unknown } from '../../src/distribution/learning.ts'
import { recentTrades } from '../../src/distribution/recentTrades.ts'
import { MemoryBank } from '../../src/store/memoryBank.ts'
import { ask } from './requests.ts'
import { leg, resultOf } from './results.ts'
import { pool } from './venues.ts'

const amount = 10n ** 21n
const deep = { venue: pool(1e24, 1e24, 3000) }

describe('what is learned of a venue', () => {
  test('legs, fills, faults, gas and time add up; a failure that is nobody’s fault counts as a leg alone', () => {
    const ends = [leg('a'), leg('a', { failureCode: 'SLIPPAGE', retries: 2 }), leg('a', { failureCode: 'CANCELLED' })]

    const lessons = ends.reduce((before, end) => learned(before, end, 'sell'), unknown)

    expect(lessons).toMatchObject({ legs: 3, fills: 1, faults: 1, retries: 2, gasUsed: 300_000, elapsedMs: 36_000 })
    expect(JSON.parse(JSON.stringify(lessons))).toEqual(lessons)
  })

  test('slippage is what was received less than quoted, or paid more, for what was filled', () => {
    const sold = leg('a', { amount: '1000', quoted: '2000', filledIn: '500', filledOut: '990' })
    const bought = leg('a', { amount: '1000', quoted: '2000', filledIn: '2020', filledOut: '1000' })

    expect(learned(unknown, sold, 'sell').slippagePpm).toBe(10_000)
    expect(learned(unknown, bought, 'buy').slippagePpm).toBe(10_000)
  })

  test('a venue is taken at its word until it breaks it, and never trusted more or less than the bounds allow', () => {
    const ends = fc.record({
      filledOut: fc.bigInt({ min: 1n, max: 10n ** 6n }).map((units) => `${units}` as const),
      failureCode: fc.constantFrom(undefined, 'REVERTED'),
    })
    const property = fc.property(fc.array(ends, { maxLength: 300 }), (outcomes) => {
      const lessons = outcomes.reduce(
        (before, { filledOut, failureCode }) =>
          learned(before, leg('a', { filledOut, ...(failureCode === undefined ? {} : { failureCode }) }), 'sell'),
        unknown,
      )

      const { trustPpm, costPpm } = trustIn(lessons, 'sell')

      expect(trustPpm).toBeGreaterThanOrEqual(950_000n)
      expect(trustPpm).toBeLessThanOrEqual(1_050_000n)
      expect(costPpm).toBeGreaterThanOrEqual(1_000_000n)
      expect(costPpm).toBeLessThanOrEqual(4_000_000n)
      expect(lessons.legs).toBeLessThanOrEqual(128)
    })
    fc.assert(property, { numRuns: 200 })
    expect(trustIn(unknown, 'sell')).toEqual({ trustPpm: 1_000_000n, costPpm: 1_000_000n })
  })
})

describe('what the manager makes of it', () => {
  const badFill = (venue: string) => leg(venue, { amount: '1000', quoted: '1000', filledIn: '1000', filledOut: '990' })

  test('a venue that gives less than it says gets less, and its quote stays its own', async () => {
    const manager = new DistributionManager()
    const before = await manager.allocate(ask({ a: deep, b: deep }, { amount }).request)
    for (let trade = 0; trade < 20; trade += 1) manager.record(resultOf(`${trade}`, [badFill('a'), leg('b')]))

    const after = await manager.allocate(ask({ a: deep, b: deep }, { amount }).request)

    expect(before.legs.map(({ venue }) => venue)).toEqual(['a', 'b'])
    expect(after.legs).toMatchObject([{ venue: 'b', amount: `${amount}` }])
    const alone = await manager.allocate(ask({ a: deep }, { amount }).request)
    const fresh = await new DistributionManager().allocate(ask({ a: deep }, { amount }).request)
    expect(alone).toEqual(fresh)
  })

  test('a venue whose legs often fail is dearer, on that side of that pair alone', async () => {
    const listings = { a: { ...deep, legCost: 10n ** 15n }, b: { ...deep, legCost: (10n ** 15n * 11n) / 10n } }
    const small = 10n ** 18n
    const first = async (pair: string) => {
      const { legs } = await manager.allocate(ask(listings, { amount: small, pair }).request)
      return legs[0]?.venue
    }
    const manager = new DistributionManager({ failuresMax: 1_000 })
    for (let trade = 0; trade < 8; trade += 1)
      manager.record(resultOf(`${trade}`, [leg('a', { failureCode: 'REVERTED' })]))

    expect(await first('X/Y')).toBe('b')
    expect(await first('X/Z')).toBe('a')
  })

  test('what was learned is in the bank, and a manager that opens on it knows it', async () => {
    const bank = new MemoryBank()
    const first = new DistributionManager({}, bank)
    for (let trade = 0; trade < 20; trade += 1) first.record(resultOf(`${trade}`, [badFill('a'), leg('b')]))

    const second = new DistributionManager({}, bank)

    const { request } = ask({ a: deep, b: deep }, { amount })
    expect(await second.allocate(request)).toEqual(await first.allocate(request))
    expect((await second.allocate(request)).legs).toMatchObject([{ venue: 'b' }])
  })

  test.each([
    ['learned a X/Y sell', { ...unknown, slippagePpm: 'much' }],
    ['learned a X/Y sell', { ...unknown, fills: -8 }],
    ['learned a X/Y sell', { version: 1 }],
    ['conduct a X/Y', { version: 1, failures: 5, restMs: 'long', restsUntilMs: 9e15, probe: null }],
    ['conduct a X/Y', { version: 1, failures: 5, restMs: 1_000, restsUntilMs: 0, probe: 7 }],
    ['trade 0', { version: 1, turn: 'first' }],
  ])('a damaged record of %s stops no trade, and is written anew: %j', async (key, value) => {
    const bank = new MemoryBank()
    bank.set('distribution', key, value)
    const manager = new DistributionManager({ failuresMax: 1 }, bank)

    const { legs } = await manager.allocate(ask({ a: deep }, { amount }).request)
    manager.record(resultOf('trade_1', [leg('a', { failureCode: 'REVERTED' })]))

    expect(legs).toMatchObject([{ venue: 'a', amount: `${amount}` }])
    expect(bank.get('distribution', 'learned a X/Y sell')).toMatchObject({ legs: 1, faults: 1, slippagePpm: 0 })
    expect(bank.get('distribution', 'conduct a X/Y')).toMatchObject({ failures: 1, probe: null })
    expect(bank.get('distribution', 'trade 0')).toMatchObject({ turn: 0, tradeId: 'trade_1' })
  })

  test('records of another version are not read', async () => {
    const bank = new MemoryBank()
    bank.set('distribution', 'learned a X/Y sell', { version: 99, slippagePpm: 'much' })
    bank.set('distribution', 'conduct a X/Y', { version: 99 })

    const { legs } = await new DistributionManager({}, bank).allocate(ask({ a: deep }, { amount }).request)

    expect(legs).toMatchObject([{ venue: 'a', amount: `${amount}` }])
  })
})

describe('a result that is delivered again', () => {
  const legsOf = (bank: MemoryBank) => (bank.get('distribution', 'learned a X/Y sell') as { legs: number }).legs

  test('counts once, after a restart too', () => {
    const bank = new MemoryBank()
    const result: TradeResult = resultOf('trade_1', [leg('a')])
    const manager = new DistributionManager({}, bank)

    manager.record(result)
    manager.record(result)
    new DistributionManager({}, bank).record(result)

    expect(legsOf(bank)).toBe(1)
  })

  test('is known for a thousand trades, in so many small entries', () => {
    const bank = new MemoryBank()
    const recent = recentTrades(bank)
    for (let trade = 0; trade < 3_000; trade += 1) expect(recent.note(`trade_${trade}`)).toBe(true)

    const again = recentTrades(bank)

    for (let trade = 2_000; trade < 3_000; trade += 1) expect(again.note(`trade_${trade}`)).toBe(false)
    expect(again.note('trade_0')).toBe(true)
    expect(bank.entries('distribution').length).toBe(1_024)
  })
})
