import type { BaseUnits } from '../domain/amount.ts'
import { type FeeSample, feeStatistics, type Market } from '../domain/fees.ts'
import type { MemoryBank } from '../store/memoryBank.ts'

/** What the last blocks asked for, and how that was spread: kept in the memory bank, so that a restart knows it. */
export interface FeeBook {
  note(blockNumber: number, market: Market): void
  /** The median tip of the blocks on record; null where there is none. */
  usualTip(): BaseUnits | null
}

const namespace = 'fees'
const blocksMax = 100

/**
 * Keeps the last hundred blocks under `fees` / `recent`, and their statistics under `fees` / `statistics`.
 *
 * @example
 * feeBook(new MemoryBank()).usualTip() // null
 */
export function feeBook(bank: Pick<MemoryBank, 'get' | 'set'>): FeeBook {
  const recent = (): readonly FeeSample[] => (bank.get(namespace, 'recent') as unknown as FeeSample[] | undefined) ?? []
  return {
    note(blockNumber, { nextBaseFee, tip }) {
      const samples = [...recent(), { blockNumber, nextBaseFee, tip }].slice(-blocksMax)
      bank.set(
        namespace,
        'recent',
        samples.map((sample) => ({ ...sample })),
      )
      const statistics = feeStatistics(samples)
      if (statistics !== null) bank.set(namespace, 'statistics', { ...statistics } as never)
    },
    usualTip: () => feeStatistics(recent())?.tip.median ?? null,
  }
}
