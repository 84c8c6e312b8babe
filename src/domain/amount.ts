import { Decimal } from 'decimal.js'
import { InvalidAmountError } from './errors.ts'

/** A token amount in base units, as digits: '1500000' is 1.5 USDC. Survives JSON. */
export type BaseUnits = `${bigint}`

/**
 * Base units as they are kept, from base units as they are computed with.
 *
 * @example
 * baseUnits(1_500_000n) // '1500000'
 */
export function baseUnits(amount: bigint): BaseUnits {
  return `${amount}`
}

/**
 * What a person wrote, in base units.
 *
 * @param amount - A decimal string in whole tokens, or base units as a bigint.
 * @param decimals - Digits after the point of one whole token.
 * @throws {@link InvalidAmountError} if it is not a positive decimal, or finer than the token.
 *
 * @example
 * parseAmount('1.5', 6) // '1500000'
 */
export function parseAmount(amount: string | bigint, decimals: number): BaseUnits {
  if (typeof amount === 'bigint') {
    if (amount <= 0n) throw new InvalidAmountError('The amount must be above zero.', { amount: `${amount}` })
    return baseUnits(amount)
  }
  if (typeof amount !== 'string' || !/^\d+(\.\d+)?$/.test(amount)) {
    throw new InvalidAmountError('The amount must be a plain decimal above zero, such as "1.5".', {
      amount: String(amount),
    })
  }
  const [whole = '', fraction = ''] = amount.split('.')
  const digits = fraction.replace(/0+$/, '')
  if (digits.length > decimals) {
    throw new InvalidAmountError('The amount has more decimals than the token.', { amount, decimals })
  }
  const units = BigInt(whole + digits.padEnd(decimals, '0'))
  if (units === 0n) throw new InvalidAmountError('The amount must be above zero.', { amount })
  return baseUnits(units)
}

/**
 * Base units as people read them: whole tokens, without trailing zeros.
 *
 * @example
 * formatAmount('1500000', 6) // '1.5'
 */
export function formatAmount(amount: BaseUnits, decimals: number): string {
  // Moving the point in the text is exact, and many times faster than any arithmetic: every status has a dozen amounts.
  const [sign, units] = amount.startsWith('-') ? ['-', amount.slice(1)] : ['', amount]
  const digits = units.padStart(decimals + 1, '0')
  const end = digits.length - decimals
  const fraction = digits.slice(end).replace(/0+$/, '')
  return sign + digits.slice(0, end) + (fraction === '' ? '' : `.${fraction}`)
}

/**
 * A fraction as basis points, rounded down: '0.005' is 50.
 *
 * @throws {@link InvalidAmountError} if it is not between 0 and 1.
 */
export function fractionToBps(fraction: string): number {
  const value = /^\d+(\.\d+)?$/.test(fraction) ? new Decimal(fraction) : undefined
  if (value === undefined || value.gt(1)) {
    throw new InvalidAmountError('The fraction must be a decimal between 0 and 1.', { fraction })
  }
  return value.mul(10_000).floor().toNumber()
}

const bpsWhole = 10_000n

/**
 * The least a leg may receive: the quoted output less the allowed slippage, rounded down.
 *
 * @param quotedOutput - In base units of the bought token.
 * @param slippageBps - Allowed loss in basis points, 0 to 10 000 (50 is 0.5 %).
 * @returns The bound, in base units of the bought token.
 * @throws {@link InvalidAmountError} if `slippageBps` is out of range.
 *
 * @example
 * minimumOutput('1000000', 50) // '995000'
 */
export function minimumOutput(quotedOutput: BaseUnits, slippageBps: number): BaseUnits {
  return baseUnits((BigInt(quotedOutput) * (bpsWhole - checkedBps(slippageBps))) / bpsWhole)
}

/**
 * The most a leg may pay to receive an exact output: the quoted input plus the allowed slippage, rounded down, so that
 * the bound is never looser than the fraction.
 *
 * @throws {@link InvalidAmountError} if `slippageBps` is out of range.
 *
 * @example
 * maximumInput('1000000', 50) // '1005000'
 */
export function maximumInput(quotedInput: BaseUnits, slippageBps: number): BaseUnits {
  return baseUnits((BigInt(quotedInput) * (bpsWhole + checkedBps(slippageBps))) / bpsWhole)
}

function checkedBps(slippageBps: number): bigint {
  if (!Number.isInteger(slippageBps) || slippageBps < 0 || slippageBps > 10_000) {
    throw new InvalidAmountError('Slippage must be 0 to 10 000 basis points.', { slippageBps })
  }
  return BigInt(slippageBps)
}

/**
 * The sum of amounts.
 *
 * @example
 * sum(['1', '2']) // '3'
 */
export function sum(amounts: readonly BaseUnits[]): BaseUnits {
  return baseUnits(amounts.reduce((total, amount) => total + BigInt(amount), 0n))
}
