import { describe, expect, test } from 'vitest'
import { type Conduct, judged, standingOf, type Verdict, verdictOf } from '../../src/distribution/breaker.ts'
import { DistributionManager } from '../../src/distribution/distributionManager.ts'
import { MemoryBank } from '../../src/store/memoryBank.ts'
import { ask } from './requests.ts'
import { leg, resultOf } from './results.ts'
import { pool } from './venues.ts'

const settings = { failuresMax: 2, restMs: 1_000, restMaxMs: 3_000, probeShareBps: 1_000 }
const blameless: Conduct = { version: 1, failures: 0, restMs: 0, restsUntilMs: 0, probe: null }
const ended =
  (verdict: Verdict) =>
  (tradeId: string, endedAtMs: number, startedAtMs = endedAtMs) => ({
    tradeId,
    startedAtMs,
    endedAtMs,
    verdict,
  })
const [fault, success, nothing] = [ended('fault'), ended('well'), ended(null)]
const rested = judged(judged(blameless, fault('1', 10), settings), fault('2', 20), settings)

describe('a verdict', () => {
  test.each(['SLIPPAGE', 'REVERTED', 'WOULD_REVERT', 'NO_LIQUIDITY', 'OUT_OF_GAS', 'GAS_LIMIT_TOO_LOW'])(
    '%s is the venue’s fault',
    (failureCode) => {
      expect(verdictOf({ status: 'failed', failureCode })).toBe('fault')
    },
  )

  test.each([
    'CANCELLED',
    'GAS_PRICE_TOO_HIGH',
    'INSUFFICIENT_BALANCE',
    'INSUFFICIENT_ALLOWANCE',
    'APPROVAL_FAILED',
    'TIMEOUT',
    'HALTED',
    'UNEXPECTED',
  ])('%s is not', (failureCode) => {
    expect(verdictOf({ status: 'failed', failureCode })).toBeNull()
  })
})

describe('a venue', () => {
  const at = (conduct: Conduct, nowMs: number, tradeId = 'next') => standingOf(conduct, { tradeId, nowMs })

  test('rests after too many faults in a row, and may then prove itself', () => {
    const once = judged(blameless, fault('1', 10), settings)

    expect(at(once, 11)).toEqual({ kind: 'trusted' })
    expect(at(rested, 21)).toEqual({ kind: 'resting', untilMs: 1_020, failures: 2 })
    expect(at(rested, 1_020)).toEqual({ kind: 'probing' })
  })

  test('a good leg in between clears it; one that says nothing does not', () => {
    const cleared = judged(judged(blameless, fault('1', 10), settings), success('2', 20), settings)
    const unclear = judged(judged(blameless, fault('1', 10), settings), nothing('2', 20), settings)

    expect(at(judged(cleared, fault('3', 30), settings), 31)).toEqual({ kind: 'trusted' })
    expect(at(judged(unclear, fault('3', 30), settings), 31)).toMatchObject({ kind: 'resting' })
  })

  test('rests twice as long each time that it fails its test, up to the longest rest', () => {
    let conduct = rested
    const rests: number[] = []
    for (let probe = 0; probe < 3; probe += 1) {
      const nowMs = conduct.restsUntilMs
      conduct = judged({ ...conduct, probe: { tradeId: 'p', atMs: nowMs } }, fault('p', nowMs), settings)
      rests.push(conduct.restsUntilMs - nowMs)
    }

    expect(rests).toEqual([2_000, 3_000, 3_000])
  })

  test('legs from before the rest do not make it longer', () => {
    const late = judged(rested, fault('3', 900), settings)

    expect(at(late, 1_019)).toMatchObject({ kind: 'resting', untilMs: 1_020 })
    expect(at(late, 1_020)).toEqual({ kind: 'probing' })
  })

  test('a leg from before the rest does not end it by going well late', () => {
    const during = judged(rested, success('3', 900, 15), settings)
    const afterwards = judged(rested, success('3', 1_500, 15), settings)

    expect(at(during, 901)).toMatchObject({ kind: 'resting', untilMs: 1_020 })
    expect(at(afterwards, 1_501)).toEqual({ kind: 'probing' })
  })

  test('a leg that began after the rest ends it, though another trade was to prove it since', () => {
    const probing = { ...rested, probe: { tradeId: 'q', atMs: 2_100 } }

    expect(at(judged(probing, success('p', 2_200, 1_050), settings), 2_201)).toEqual({ kind: 'trusted' })
  })

  test('rests no longer than it has to, where a fault was noted by a clock that was far ahead', () => {
    const ahead = judged(judged(blameless, fault('1', 10), settings), fault('2', 10 ** 12), settings)
    const probed = { ...ahead, probe: { tradeId: 'p', atMs: 10 ** 12 } }

    expect(at(ahead, 20)).toEqual({ kind: 'probing' })
    expect(at(probed, 20)).toEqual({ kind: 'probing' })
    // A little ahead is as good as now.
    expect(at(ahead, 10 ** 12 - 500)).toMatchObject({ kind: 'resting' })
  })

  test('one trade proves it at a time, and one that tells nothing makes room for the next', () => {
    const probing = { ...rested, probe: { tradeId: 'p', atMs: 2_000 } }

    expect(at(probing, 2_100, 'p')).toEqual({ kind: 'probing' })
    expect(at(probing, 2_100)).toMatchObject({ kind: 'resting', untilMs: 3_000 })
    expect(at(probing, 3_000)).toEqual({ kind: 'probing' })
    const unclear = judged(probing, nothing('p', 2_200), settings)
    expect(at(unclear, 2_300)).toEqual({ kind: 'probing' })
  })
})

describe('the manager', () => {
  const amount = 10n ** 21n
  const deep = { venue: pool(1e24, 1e24, 3000) }
  const reverted = leg('a', { failureCode: 'REVERTED' })

  function managerWithRest(bank = new MemoryBank()): DistributionManager {
    const manager = new DistributionManager(settings, bank)
    manager.record(resultOf('1', [reverted], 10))
    manager.record(resultOf('2', [reverted], 20))
    return manager
  }
  const split = async (manager: DistributionManager, nowMs: number, tradeId = 'next') => {
    const { request } = ask({ a: deep, b: deep }, { amount, nowMs, tradeId })
    const { legs } = await manager.allocate(request)
    return Object.fromEntries(legs.map((one) => [one.venue, BigInt(one.amount)]))
  }

  test('gives a resting venue nothing, over a restart too', async () => {
    const bank = new MemoryBank()
    const manager = managerWithRest(bank)

    expect(Object.keys(await split(manager, 500))).toEqual(['b'])
    expect(Object.keys(await split(new DistributionManager(settings, bank), 500))).toEqual(['b'])
  })

  test('gives it one small leg once it has rested, and its part again when that went well', async () => {
    const manager = managerWithRest()

    const probe = await split(manager, 1_020, 'probe')
    const meanwhile = await split(manager, 1_030, 'other')
    manager.record(resultOf('probe', [leg('a'), leg('b')], 1_500))
    const after = await split(manager, 1_600)

    expect(probe).toEqual({ a: amount / 10n, b: (amount * 9n) / 10n })
    expect(meanwhile).toEqual({ b: amount })
    expect(Number(after.a)).toBeGreaterThan(Number(amount) * 0.3)
  })

  test('rests it for longer when that failed', async () => {
    const manager = managerWithRest()

    await split(manager, 1_020, 'probe')
    manager.record(resultOf('probe', [reverted, leg('b')], 1_500))

    expect(Object.keys(await split(manager, 3_499))).toEqual(['b'])
    expect(await split(manager, 3_500)).toHaveProperty('a')
  })

  test('gives a venue that has to prove itself all of an order that no other can take', async () => {
    const manager = managerWithRest()
    const alone = ask({ a: deep }, { amount, nowMs: 1_020, tradeId: 'probe' })
    const other = ask(
      { a: deep, b: { ...deep, refusal: 'It has no pool.' } },
      { amount, nowMs: 1_020, tradeId: 'probe' },
    )

    const { legs, unallocated } = await manager.allocate(alone.request)
    const beside = await manager.allocate(other.request)
    const next = manager.allocate(ask({ a: deep }, { amount, nowMs: 1_030, tradeId: 'next' }).request)

    expect(legs).toMatchObject([{ venue: 'a', amount: `${amount}` }])
    expect(unallocated).toBe('0')
    expect(beside.legs).toMatchObject([{ venue: 'a', amount: `${amount}` }])
    // It has to prove itself all the same: one trade at a time.
    await expect(next).rejects.toMatchObject({ code: 'NO_LIQUIDITY' })
  })

  test('says so where every venue rests', async () => {
    const manager = managerWithRest()

    const failure = manager.allocate(ask({ a: deep }, { amount, nowMs: 500 }).request)

    await expect(failure).rejects.toThrow(/a: It rests until 1970-01-01T00:00:01.020Z, after 2 failures in a row/)
    await expect(failure).rejects.toMatchObject({ code: 'NO_LIQUIDITY' })
  })

  test('lets it go on trading another pair', async () => {
    const manager = managerWithRest()

    const { legs } = await manager.allocate(ask({ a: deep }, { amount, nowMs: 500, pair: 'X/Z' }).request)

    expect(legs).toMatchObject([{ venue: 'a', amount: `${amount}` }])
  })
})
