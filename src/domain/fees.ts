import { type BaseUnits, baseUnits } from './amount.ts'
import type { Fees } from './transaction.ts'

/**
 * What the next block asks for, in wei per gas unit. A chain without EIP-1559 has no base fee: its next one is 0 and its tip is
 * the gas price, so that an offer's two fields are equal, which is how EIP-1559 itself reads an older transaction.
 */
export interface Market {
  readonly nextBaseFee: BaseUnits
  readonly tip: BaseUnits
}

/** What the next base fee depends on. */
export interface FeeHeader {
  readonly baseFeePerGas: BaseUnits
  readonly gasUsed: BaseUnits
  readonly gasLimit: BaseUnits
}

/**
 * The base fee of the block after this one, by the rule of EIP-1559: an eighth up when the block is full, an eighth down
 * when it is empty, in proportion between.
 *
 * @example
 * nextBaseFee({ baseFeePerGas: '1000000000', gasUsed: '30000000', gasLimit: '30000000' }) // '1125000000'
 */
export function nextBaseFee({ baseFeePerGas, gasUsed, gasLimit }: FeeHeader): BaseUnits {
  const fee = BigInt(baseFeePerGas)
  const used = BigInt(gasUsed)
  const target = BigInt(gasLimit) / 2n
  if (used === target || target === 0n) return baseFeePerGas
  if (used < target) return baseUnits(fee - (fee * (target - used)) / target / 8n)
  const rise = (fee * (used - target)) / target / 8n
  return baseUnits(fee + (rise > 1n ? rise : 1n))
}

/** True while a block at the next base fee could be paid within the ceiling. */
export function isAffordable({ nextBaseFee, tip }: Market, ceiling: BaseUnits): boolean {
  return BigInt(nextBaseFee) + BigInt(tip) <= BigInt(ceiling)
}

/**
 * True where a leg that was held back may go on: the price must leave room for the rise that one full block brings. So a price
 * that moves around the ceiling does not send a leg to and fro.
 *
 * @example
 * isAffordableAgain({ nextBaseFee: '90', tip: '5' }, '100') // false: the block after the next may ask for 107
 */
export function isAffordableAgain({ nextBaseFee, tip }: Market, ceiling: BaseUnits): boolean {
  return isAffordable({ nextBaseFee: baseUnits((BigInt(nextBaseFee) * 9n) / 8n), tip }, ceiling)
}

/**
 * What a first attempt offers: room for six full blocks in a row, never above the ceiling.
 *
 * @example
 * offerFees({ nextBaseFee: '100', tip: '10' }, '1000') // { maxFeePerGas: '210', maxPriorityFeePerGas: '10' }
 */
export function offerFees({ nextBaseFee, tip }: Market, ceiling: BaseUnits): Fees {
  return capped(2n * BigInt(nextBaseFee) + BigInt(tip), BigInt(tip), BigInt(ceiling))
}

/**
 * What a replacement offers: both fields raised by an eighth, or to the market where that is more, rounded up. Nodes want a
 * tenth on both, some more than exactly a tenth, and never the same: nothing becomes at least 1 wei.
 *
 * @returns null where the ceiling leaves no room for that: the same bytes are sent again then.
 *
 * @example
 * bumpFees({ maxFeePerGas: '80', maxPriorityFeePerGas: '8' }, { nextBaseFee: '10', tip: '1' }, '100')
 * // { maxFeePerGas: '90', maxPriorityFeePerGas: '9' }
 */
export function bumpFees(last: Fees, market: Market, ceiling: BaseUnits): Fees | null {
  const limit = BigInt(ceiling)
  const fee = eighthMore(last.maxFeePerGas)
  const tip = eighthMore(last.maxPriorityFeePerGas)
  if (fee > limit || tip > limit) return null
  const wanted = offerFees(market, ceiling)
  return capped(larger(fee, BigInt(wanted.maxFeePerGas)), larger(tip, BigInt(wanted.maxPriorityFeePerGas)), limit)
}

/**
 * The gas limit of one attempt, in gas units: half as much again as was estimated or recorded, at least the floor that an
 * earlier attempt proved too low, never above the ceiling.
 *
 * Gas that is not used is not paid for, and a fifth is too little: the first swap of a block on a Uniswap V2 pool costs up to
 * 45 % more than the next, since it alone writes the cumulative prices.
 *
 * @example
 * gasLimitFor({ expected: 100_000, floor: 0, ceiling: 300_000 }) // 150_000
 */
export function gasLimitFor({
  expected,
  floor,
  ceiling,
}: {
  expected: number
  floor: number
  ceiling: number
}): number {
  return Math.min(Math.max(Math.ceil(expected * 1.5), floor), ceiling)
}

/**
 * True where a reverted transaction used so much of its limit that gas must be what it lacked. A call inside keeps a 64th back
 * (EIP-150), so that the whole limit is seldom used up.
 *
 * @example
 * ranOutOfGas({ gasUsed: 99_000, gasLimit: 100_000 }) // true
 */
export function ranOutOfGas({ gasUsed, gasLimit }: { gasUsed: number; gasLimit: number }): boolean {
  return gasUsed >= gasLimit * 0.95
}

/** What one block asked for, in wei per gas unit. */
export interface FeeSample extends Market {
  readonly blockNumber: number
}

/** How prices were spread over some blocks, in wei per gas unit. */
export interface FeeStatistics {
  readonly blocks: number
  readonly nextBaseFee: Spread
  readonly tip: Spread
}

interface Spread {
  readonly min: BaseUnits
  readonly median: BaseUnits
  readonly p90: BaseUnits
  readonly max: BaseUnits
}

/**
 * Sums up what some blocks asked for; null for none.
 *
 * @example
 * feeStatistics([{ blockNumber: 1, nextBaseFee: '100', tip: '2' }])?.tip.median // '2'
 */
export function feeStatistics(samples: readonly FeeSample[]): FeeStatistics | null {
  if (samples.length === 0) return null
  return {
    blocks: samples.length,
    nextBaseFee: spreadOf(samples.map(({ nextBaseFee }) => BigInt(nextBaseFee))),
    tip: spreadOf(samples.map(({ tip }) => BigInt(tip))),
  }
}

function spreadOf(values: readonly bigint[]): Spread {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : 1))
  const at = (share: number): BaseUnits => baseUnits(sorted[Math.floor((sorted.length - 1) * share)] ?? 0n)
  return { min: at(0), median: at(0.5), p90: at(0.9), max: at(1) }
}

function capped(fee: bigint, tip: bigint, limit: bigint): Fees {
  const maxFee = fee < limit ? fee : limit
  return { maxFeePerGas: baseUnits(maxFee), maxPriorityFeePerGas: baseUnits(tip < maxFee ? tip : maxFee) }
}

function eighthMore(fee: BaseUnits): bigint {
  return larger((BigInt(fee) * 9n + 7n) / 8n, BigInt(fee) + 1n)
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
