import type { TradeResult } from '../../src/distribution/distribution.ts'

type LegResult = TradeResult['legs'][number]

/** A leg that did as it was quoted, or failed where it is given a code. */
export function leg(venue: string, facts: Partial<LegResult> = {}): LegResult {
  return {
    legId: venue,
    venue,
    status: facts.failureCode === undefined ? 'done' : 'failed',
    amount: '1000',
    quoted: '1000',
    filledIn: '1000',
    filledOut: '1000',
    hash: null,
    retries: 0,
    gasUsed: 100_000,
    gasCostWei: '1',
    elapsedMs: 12_000,
    ...facts,
  }
}

/** A sale on X/Y. */
export function resultOf(tradeId: string, legs: readonly LegResult[], endedAtMs = 0): TradeResult {
  return { tradeId, pair: 'X/Y', side: 'sell', endedAtMs, legs }
}
