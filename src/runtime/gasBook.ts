import type { MemoryBank } from '../store/memoryBank.ts'

/** Gas that swaps really used, by venue and pair, so that a new one need not be estimated. */
export interface GasBook {
  /** The 99th percentile in gas units, or null while there are too few samples. */
  expected(venue: string, pair: string): number | null
  note(venue: string, pair: string, gasUsed: number): void
}

const namespace = 'gas'
const samplesMin = 20
const samplesMax = 200
/** Once there are enough, one in so many is kept: the others would say the same, at a cost to every leg. */
const samplesSkipped = 10

/**
 * Keeps the last samples of each venue and pair in the memory bank.
 *
 * @example
 * gasBook(new MemoryBank()).expected('uniswap-v2', 'ETH/USDC') // null
 */
export function gasBook(bank: Pick<MemoryBank, 'get' | 'set'>): GasBook {
  // The percentile is asked for by every leg and changes only with a sample.
  const counts = new Map<string, number>()
  const percentiles = new Map<string, number | null>()
  const read = (key: string): readonly number[] => (bank.get(namespace, key) as readonly number[] | undefined) ?? []

  return {
    expected(venue, pair) {
      const key = `${venue} ${pair}`
      const found = percentiles.get(key)
      if (found !== undefined) return found
      const percentile = percentile99(read(key))
      percentiles.set(key, percentile)
      return percentile
    },
    note(venue, pair, gasUsed) {
      const key = `${venue} ${pair}`
      const count = (counts.get(key) ?? 0) + 1
      counts.set(key, count)
      if (count > samplesMin && count % samplesSkipped !== 0) return
      bank.set(namespace, key, [...read(key), gasUsed].slice(-samplesMax))
      percentiles.delete(key)
    },
  }
}

function percentile99(samples: readonly number[]): number | null {
  if (samples.length < samplesMin) return null
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? null
}
