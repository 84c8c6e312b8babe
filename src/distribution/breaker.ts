import { isCount } from './bank.ts'
import type { DistributionSettings } from './settings.ts'

// Libraries of circuit breakers (cockatiel, opossum) wrap a call and keep their state in memory: this one is a decision about
// calls that others make, days apart and across restarts.

/** How a venue has done lately with one pair. Plain JSON. */
export interface Conduct {
  readonly version: number
  /** Legs in a row that failed by its fault. */
  readonly failures: number
  /** How long its last rest was, in milliseconds; 0 while it had none since it last did well. */
  readonly restMs: number
  /** Unix milliseconds: it gets no leg before. */
  readonly restsUntilMs: number
  /** The trade whose leg shows whether the rest is over, and when it was split. */
  readonly probe: { readonly tradeId: string; readonly atMs: number } | null
}

/** What a venue may get. */
export type Standing =
  | { readonly kind: 'trusted' }
  /** One small leg: how it does decides. */
  | { readonly kind: 'probing' }
  | { readonly kind: 'resting'; readonly untilMs: number; readonly failures: number }

/** What a leg says of its venue; null where it ended for a reason that is not the venue's. */
export type Verdict = 'well' | 'fault' | null

/**
 * The failures that speak against a venue: the same leg might have gone well elsewhere. A wallet without money, a gas price
 * above the ceiling, a transaction that no miner took or a caller who changed his mind do not.
 */
const faults = new Set(['SLIPPAGE', 'REVERTED', 'WOULD_REVERT', 'NO_LIQUIDITY', 'OUT_OF_GAS', 'GAS_LIMIT_TOO_LOW'])

/**
 * What a leg's end says of its venue.
 *
 * @example
 * verdictOf({ status: 'failed', failureCode: 'CANCELLED' }) // null
 */
export function verdictOf({ status, failureCode }: { status: 'done' | 'failed'; failureCode?: string }): Verdict {
  if (status === 'done') return 'well'
  return failureCode !== undefined && faults.has(failureCode) ? 'fault' : null
}

/**
 * Whether a venue may get a leg.
 *
 * @param asked - Of which trade, and when.
 *
 * @example
 * standingOf(undefined, { tradeId: 'trade_1', nowMs: 0 }) // { kind: 'trusted' }
 */
export function standingOf(
  conduct: Conduct | undefined,
  { tradeId, nowMs }: { tradeId: string; nowMs: number },
): Standing {
  if (conduct === undefined || conduct.restMs === 0) return { kind: 'trusted' }
  const { restMs, restsUntilMs, probe, failures } = conduct
  // What ends so late that no rest of this length can was noted by a clock that ran ahead: nothing is to be waited for.
  const isAhead = (untilMs: number) => nowMs < untilMs && untilMs <= nowMs + 2 * restMs
  if (isAhead(restsUntilMs)) return { kind: 'resting', untilMs: restsUntilMs, failures }
  // The trade that probes may ask twice. One that never tells how it ended must not keep others from it for ever.
  if (probe === null || probe.tradeId === tradeId || !isAhead(probe.atMs + restMs)) return { kind: 'probing' }
  return { kind: 'resting', untilMs: probe.atMs + restMs, failures }
}

/** A venue's conduct once a trade has a leg there that probes it. */
export function probed(conduct: Conduct, { tradeId, nowMs }: { tradeId: string; nowMs: number }): Conduct {
  return { ...conduct, probe: { tradeId, atMs: nowMs } }
}

/** Whether a kept conduct can be judged. */
export function isConduct({
  failures,
  restMs,
  restsUntilMs,
  probe,
}: Readonly<Record<keyof Conduct, unknown>>): boolean {
  const { tradeId, atMs } = Object(probe)
  const isProbe = probe === null || (typeof tradeId === 'string' && isCount(atMs))
  return isProbe && [failures, restMs, restsUntilMs].every(isCount)
}

/** A leg that ended, as far as it says anything of its venue. Times are Unix milliseconds, of its trade. */
export interface EndedLeg {
  readonly tradeId: string
  /** As early as it may have been: before a rest, it says nothing of what came after. */
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly verdict: Verdict
}

/**
 * A venue's conduct after a leg there: after too many faults in a row it rests, and twice as long each time that the leg
 * after a rest is one more. A leg from after the rest that goes well ends it.
 *
 * @example
 * judged(conduct, { tradeId: 'trade_1', startedAtMs: 0, endedAtMs: 5_000, verdict: 'well' }, settings).failures // 0
 */
export function judged(
  conduct: Conduct,
  { tradeId, startedAtMs, endedAtMs, verdict }: EndedLeg,
  { failuresMax, restMs, restMaxMs }: Pick<DistributionSettings, 'failuresMax' | 'restMs' | 'restMaxMs'>,
): Conduct {
  const isProbe = conduct.probe?.tradeId === tradeId
  const hasRested = conduct.restMs > 0
  if (verdict === 'well') {
    const isBlameless = conduct.failures === 0 && !hasRested
    const isOld = hasRested && !isProbe && startedAtMs < conduct.restsUntilMs
    return isBlameless || isOld ? conduct : { ...conduct, failures: 0, restMs: 0, restsUntilMs: 0, probe: null }
  }
  // It proved nothing: the next trade may try.
  if (verdict === null) return isProbe ? { ...conduct, probe: null } : conduct
  const failures = conduct.failures + 1
  // Legs from before the rest go on ending during it, and say nothing new.
  const isLate = hasRested && !isProbe
  if (isLate || failures < failuresMax) return { ...conduct, failures }
  const nextMs = hasRested ? Math.min(conduct.restMs * 2, restMaxMs) : restMs
  return { ...conduct, failures, restMs: nextMs, restsUntilMs: endedAtMs + nextMs, probe: null }
}
