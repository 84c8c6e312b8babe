import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { baseUnits } from '../../src/domain/amount.ts'
import {
  bumpFees,
  feeStatistics,
  gasLimitFor,
  isAffordable,
  isAffordableAgain,
  nextBaseFee,
  offerFees,
} from '../../src/domain/fees.ts'

const wei = fc.bigInt({ min: 0n, max: 10n ** 13n }).map(baseUnits)
const market = fc.record({ nextBaseFee: wei, tip: wei })

describe('the next base fee', () => {
  test('follows the rule of EIP-1559 on real blocks of mainnet', () => {
    // Blocks 12965000 to 12965002: the first of London and the one after it.
    const gasLimit = '30029122'

    expect(nextBaseFee({ baseFeePerGas: '1000000000', gasUsed: '30025257', gasLimit })).toBe('1124967822')
    expect(nextBaseFee({ baseFeePerGas: '1000000000', gasUsed: '0', gasLimit })).toBe('875000000')
    expect(nextBaseFee({ baseFeePerGas: '1000000000', gasUsed: '15014561', gasLimit })).toBe('1000000000')
  })

  test('never moves by more than an eighth, and rises by at least 1 wei after a full block', () => {
    fc.assert(
      fc.property(wei, fc.bigInt({ min: 2n, max: 10n ** 8n }), fc.nat(100), (baseFeePerGas, limit, percent) => {
        const gasUsed = baseUnits((limit * BigInt(percent)) / 100n)
        const before = BigInt(baseFeePerGas)

        const after = BigInt(nextBaseFee({ baseFeePerGas, gasUsed, gasLimit: baseUnits(limit) }))

        expect(after).toBeGreaterThanOrEqual(before - before / 8n - 1n)
        expect(after).toBeLessThanOrEqual(before + before / 4n + 1n)
        if (percent === 100) expect(after).toBeGreaterThan(before)
      }),
    )
  })
})

describe('fees', () => {
  test('are never offered above the ceiling, nor a tip above the fee', () => {
    fc.assert(
      fc.property(market, wei, (current, ceiling) => {
        const { maxFeePerGas, maxPriorityFeePerGas } = offerFees(current, ceiling)

        expect(BigInt(maxFeePerGas)).toBeLessThanOrEqual(BigInt(ceiling))
        expect(BigInt(maxPriorityFeePerGas)).toBeLessThanOrEqual(BigInt(maxFeePerGas))
      }),
    )
  })

  test('cover the next block whenever it is affordable', () => {
    fc.assert(
      fc.property(market, wei, (current, ceiling) => {
        fc.pre(isAffordable(current, ceiling))

        const { maxFeePerGas } = offerFees(current, ceiling)

        expect(BigInt(maxFeePerGas)).toBeGreaterThanOrEqual(BigInt(current.nextBaseFee) + BigInt(current.tip))
      }),
    )
  })

  test('are bumped by more than a tenth on both fields and never above the ceiling, or not at all', () => {
    fc.assert(
      fc.property(market, market, wei, (first, later, ceiling) => {
        const last = offerFees(first, ceiling)

        const bumped = bumpFees(last, later, ceiling)

        if (bumped === null) {
          const isRoom = BigInt(last.maxFeePerGas) * 9n + 16n <= BigInt(ceiling) * 8n
          expect(isRoom).toBe(false)
          return
        }
        for (const field of ['maxFeePerGas', 'maxPriorityFeePerGas'] as const) {
          // Geth wants at least a tenth more, reth more than that.
          expect(BigInt(bumped[field]) * 10n).toBeGreaterThan(BigInt(last[field]) * 11n)
          expect(BigInt(bumped[field])).toBeGreaterThan(BigInt(last[field]))
          expect(BigInt(bumped[field])).toBeLessThanOrEqual(BigInt(ceiling))
        }
      }),
    )
  })
})

describe('a cancellation', () => {
  test('can always outbid what it replaces, within its own ceiling: there is no deadlock', () => {
    fc.assert(
      fc.property(market, market, wei, (first, later, ceiling) => {
        fc.pre(BigInt(ceiling) > 0n)
        const cancelCeiling = baseUnits(2n * BigInt(ceiling) + 1n)
        let last = offerFees(first, ceiling)
        for (let bumped = bumpFees(last, later, ceiling); bumped !== null; bumped = bumpFees(last, later, ceiling)) {
          last = bumped
        }

        const cancelling = bumpFees(last, later, cancelCeiling)

        expect(cancelling).not.toBeNull()
        expect(BigInt(cancelling?.maxFeePerGas ?? 0)).toBeLessThanOrEqual(BigInt(cancelCeiling))
      }),
    )
  })
})

describe('holding', () => {
  test('ends only where a full block more leaves the price within the ceiling', () => {
    fc.assert(
      fc.property(market, wei, (current, ceiling) => {
        fc.pre(isAffordableAgain(current, ceiling))
        const gasLimit = '30000000'
        const after = nextBaseFee({ baseFeePerGas: current.nextBaseFee, gasUsed: gasLimit, gasLimit })

        // A base fee below 8 wei still rises by one.
        fc.pre(BigInt(current.nextBaseFee) >= 8n)
        expect(isAffordable(current, ceiling)).toBe(true)
        expect(isAffordable({ ...current, nextBaseFee: after }, ceiling)).toBe(true)
      }),
    )
  })
})

describe('a chain without a base fee', () => {
  test('is offered and bumped one price: both fields stay equal', () => {
    fc.assert(
      fc.property(wei, wei, wei, (price, later, ceiling) => {
        const offered = offerFees({ nextBaseFee: '0', tip: price }, ceiling)
        const bumped = bumpFees(offered, { nextBaseFee: '0', tip: later }, ceiling)

        expect(offered.maxFeePerGas).toBe(offered.maxPriorityFeePerGas)
        expect(bumped?.maxFeePerGas).toBe(bumped?.maxPriorityFeePerGas)
      }),
    )
  })
})

describe('statistics of fees', () => {
  test('have the spread of what was sampled, and none of nothing', () => {
    const samples = Array.from({ length: 11 }, (_, index) => ({
      blockNumber: index,
      nextBaseFee: baseUnits(BigInt(100 - index)),
      tip: baseUnits(BigInt(index)),
    }))

    expect(feeStatistics([])).toBeNull()
    expect(feeStatistics(samples)).toEqual({
      blocks: 11,
      nextBaseFee: { min: '90', median: '95', p90: '99', max: '100' },
      tip: { min: '0', median: '5', p90: '9', max: '10' },
    })
  })
})

describe('a gas limit', () => {
  test('has headroom over what is expected, keeps above the floor, and never passes the ceiling', () => {
    expect(gasLimitFor({ expected: 100_000, floor: 0, ceiling: 300_000 })).toBe(150_000)
    expect(gasLimitFor({ expected: 100_000, floor: 180_000, ceiling: 300_000 })).toBe(180_000)
    expect(gasLimitFor({ expected: 290_000, floor: 0, ceiling: 300_000 })).toBe(300_000)
  })
})
