import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { baseUnits } from '../../src/domain/amount.ts'
import { bumpFees, gasLimitFor, isAffordable, nextBaseFee, offerFees } from '../../src/domain/fees.ts'

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
          // Both geth's rule (at least a tenth more, and more) and reth's (more than a tenth where that is a wei or more).
          expect(BigInt(bumped[field]) * 10n).toBeGreaterThanOrEqual(BigInt(last[field]) * 11n)
          expect(BigInt(bumped[field])).toBeGreaterThan(BigInt(last[field]))
          expect(BigInt(bumped[field])).toBeLessThanOrEqual(BigInt(ceiling))
        }
      }),
    )
  })
})

describe('a gas limit', () => {
  test('has headroom over what is expected, keeps above the floor, and never passes the ceiling', () => {
    expect(gasLimitFor({ expected: 100_000, floor: 0, ceiling: 300_000 })).toBe(150_000)
    expect(gasLimitFor({ expected: 100_000, floor: 180_000, ceiling: 300_000 })).toBe(180_000)
    expect(gasLimitFor({ expected: 290_000, floor: 0, ceiling: 300_000 })).toBe(300_000)
  })
})
