import type { Evidence } from '../support/oracleLedger.ts'

/** What came of a soak. */
export interface SoakResult {
  readonly kills: number
  /** By kind, those of the gates and those of the chain. */
  readonly faults: Readonly<Record<string, number>>
  /** Transactions that reached a gate; the same bytes count once. */
  readonly transactions: number
  readonly trades: number
  readonly filled: number
  /** Why legs failed: how often, by code. */
  readonly failures: Readonly<Record<string, number>>
  /** What the runtime told of its trouble: how often, by code, and the newest in full. */
  readonly troubles: Readonly<Record<string, number>>
  readonly newestTroubles: readonly string[]
  /** One sentence each; none where all is well. */
  readonly violations: readonly string[]
}

/** Why the legs of trades failed: how often, by code. */
export function failuresOf(trades: Evidence['trades']): Record<string, number> {
  const codes = trades.flatMap(({ status }) => status.legs.flatMap(({ failure }) => failure?.code ?? []))
  return sum(codes.map((code) => ({ [code]: 1 })))
}

/** All counts together, by kind. */
export function sum(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const totals: Record<string, number> = {}
  for (const [kind, count] of counts.flatMap((one) => Object.entries(one))) totals[kind] = (totals[kind] ?? 0) + count
  return totals
}

/** How many there were, of whatever kind. */
export function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((all, count) => all + count, 0)
}

/**
 * The last line of a soak. What was used twice is doubled, what did not end or left a gap is stuck, and whatever else is not as
 * it was reported is lost.
 *
 * @example
 * summary(result) // 'kills 40, faults 812, transactions 1204, lost 0, doubled 0, stuck 0'
 */
export function summary({ kills, faults, transactions, violations: found }: SoakResult): string {
  const doubled = found.filter((one) => one.startsWith('At most once')).length
  const stuck = found.filter((one) => one.startsWith('No gaps') || one.startsWith('No end')).length
  const lost = found.length - doubled - stuck
  const figures = { kills, faults: total(faults), transactions, lost, doubled, stuck }
  return Object.entries(figures)
    .map(([name, figure]) => `${name} ${figure}`)
    .join(', ')
}
