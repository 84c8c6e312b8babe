import type { TradeResult } from '../distribution/distribution.ts'
import { baseUnits } from '../domain/amount.ts'
import type { MemoryBank } from '../store/memoryBank.ts'

/** What one venue did with one pair, over all trades that ended, cleared ones included. */
export interface VenueMetrics {
  readonly venue: string
  readonly pair: string
  readonly legs: number
  readonly done: number
  readonly failed: number
  /** `done` over `legs`, 0 to 1. */
  readonly successRate: number
  readonly retries: number
  /** Gas units. */
  readonly gasUsed: number
  /** Wei, digits. */
  readonly gasCostWei: string
  /** Mean time from a leg's start to its end, in milliseconds. */
  readonly meanElapsedMs: number
}

export interface Metrics {
  note(result: TradeResult): void
  all(): VenueMetrics[]
}

interface Sums {
  readonly venue: string
  readonly pair: string
  readonly legs: number
  readonly done: number
  readonly retries: number
  readonly gasUsed: number
  readonly gasCostWei: `${bigint}`
  readonly elapsedMs: number
}

const namespace = 'metrics'

/** Keeps the totals and each leg's transaction record in the memory bank. */
export function metrics(bank: Pick<MemoryBank, 'get' | 'set' | 'entries'>): Metrics {
  return {
    note({ tradeId, pair, legs }) {
      for (const leg of legs) {
        const key = `${leg.venue} ${pair}`
        const sums = (bank.get(namespace, key) as unknown as Sums | undefined) ?? nothing(leg.venue, pair)
        bank.set(namespace, key, { ...added(sums, leg) })
        bank.set('transactions', `${tradeId}/${leg.legId}`, { ...leg })
      }
    },
    all: () =>
      [...bank.entries(namespace)].map(({ value }) => {
        const { elapsedMs, ...sums } = value as unknown as Sums
        return {
          ...sums,
          failed: sums.legs - sums.done,
          successRate: sums.done / sums.legs,
          meanElapsedMs: elapsedMs / sums.legs,
        }
      }),
  }
}

function nothing(venue: string, pair: string): Sums {
  return { venue, pair, legs: 0, done: 0, retries: 0, gasUsed: 0, gasCostWei: '0', elapsedMs: 0 }
}

function added(sums: Sums, leg: TradeResult['legs'][number]): Sums {
  return {
    ...sums,
    legs: sums.legs + 1,
    done: sums.done + (leg.status === 'done' ? 1 : 0),
    retries: sums.retries + leg.retries,
    gasUsed: sums.gasUsed + leg.gasUsed,
    gasCostWei: baseUnits(BigInt(sums.gasCostWei) + BigInt(leg.gasCostWei)),
    elapsedMs: sums.elapsedMs + leg.elapsedMs,
  }
}
