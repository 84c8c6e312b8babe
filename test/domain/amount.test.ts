import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  baseUnits,
  formatAmount,
  fractionToBps,
  maximumInput,
  minimumOutput,
  parseAmount,
  sum,
} from '../../src/domain/amount.ts'
import { backoffMs } from '../../src/domain/backoff.ts'

const amount = fc.bigInt({ min: 1n, max: 2n ** 256n - 1n })
const decimals = fc.nat(77)
const bps = fc.nat(10_000)

describe('amounts', () => {
  test('come back from text as they went, for any uint256 and any decimals', () => {
    fc.assert(
      fc.property(amount, decimals, (units, places) => {
        expect(parseAmount(formatAmount(baseUnits(units), places), places)).toBe(baseUnits(units))
      }),
    )
  })

  test.each([
    '',
    ' 1',
    '1 ',
    '-1',
    '+1',
    '1e3',
    '.5',
    '5.',
    '0x10',
    'NaN',
    'Infinity',
    '1_000',
    '0',
    '0.000',
    '1.0000001',
  ])('%j is no amount of a token with six decimals', (text) => {
    expect(() => parseAmount(text, 6)).toThrow()
  })

  test('read 1.5 of a token with six decimals as 1 500 000 base units', () => {
    expect(parseAmount('1.5', 6)).toBe('1500000')
    expect(parseAmount('001.50', 6)).toBe('1500000')
    expect(formatAmount('1500000', 6)).toBe('1.5')
  })

  test('add up without a limit', () => {
    fc.assert(
      fc.property(fc.array(amount), (amounts) => {
        expect(sum(amounts.map(baseUnits))).toBe(baseUnits(amounts.reduce((a, b) => a + b, 0n)))
      }),
    )
  })
})

describe('slippage bounds', () => {
  test('are exact: the floor of the quote less, or plus, the fraction', () => {
    fc.assert(
      fc.property(amount, bps, (quote, slippage) => {
        const least = BigInt(minimumOutput(baseUnits(quote), slippage))
        const most = BigInt(maximumInput(baseUnits(quote), slippage))

        expect(least).toBe((quote * BigInt(10_000 - slippage)) / 10_000n)
        expect(most).toBe((quote * BigInt(10_000 + slippage)) / 10_000n)
        expect(least <= quote && quote <= most).toBe(true)
      }),
    )
  })

  test('refuse what is no fraction', () => {
    expect(() => minimumOutput('1', 10_001)).toThrow()
    expect(() => maximumInput('1', -1)).toThrow()
    expect(() => fractionToBps('1.1')).toThrow()
    expect(fractionToBps('0.005')).toBe(50)
  })
})

describe('the wait before a retry', () => {
  test('grows, is bounded, and is spread by a quarter either way', () => {
    fc.assert(
      fc.property(fc.nat(60_000), fc.nat(100), fc.string(), (baseMs, attempt, seed) => {
        const full = Math.min(baseMs * 2 ** Math.min(attempt, 30), 300_000)

        const delayMs = backoffMs({ baseMs, attempt, seed })

        expect(delayMs).toBeGreaterThanOrEqual(Math.floor(full * 0.75))
        expect(delayMs).toBeLessThanOrEqual(Math.ceil(full * 1.25))
        expect(backoffMs({ baseMs, attempt, seed })).toBe(delayMs)
      }),
    )
  })

  test('differs between legs that failed together', () => {
    const delays = Array.from({ length: 50 }, (_, leg) =>
      backoffMs({ baseMs: 10_000, attempt: 0, seed: `trade/${leg}` }),
    )

    expect(new Set(delays).size).toBeGreaterThan(40)
  })
})
