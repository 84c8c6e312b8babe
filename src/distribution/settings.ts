import { InvalidConfigError } from '../domain/errors.ts'

/** What a distribution manager goes by. */
export interface DistributionConfig {
  /** Legs a trade at most. 4 by default. */
  readonly legsMax?: number
  /** Round trips at most that refine a split over venues that are known by quotes alone, the one for its own quotes included. 5. */
  readonly quoteRoundsMax?: number
  /** A venue rests after so many legs in a row that failed by its fault, for one pair. 5. */
  readonly failuresMax?: number
  /** How long its first rest is, in milliseconds; each further one is twice as long. One minute. */
  readonly restMs?: number
  /** The longest rest, in milliseconds. One hour. */
  readonly restMaxMs?: number
  /** What the one leg after a rest may take of its order where other venues are trusted, in basis points. 1 000. */
  readonly probeShareBps?: number
}

/** All of it. */
export type DistributionSettings = Required<DistributionConfig>

const usual: DistributionSettings = {
  legsMax: 4,
  quoteRoundsMax: 5,
  failuresMax: 5,
  restMs: 60_000,
  restMaxMs: 3_600_000,
  probeShareBps: 1_000,
}

/** The highest that makes sense. */
const ceilings: DistributionSettings = {
  legsMax: 64,
  quoteRoundsMax: 16,
  failuresMax: 1_000,
  restMs: 7 * 86_400_000,
  restMaxMs: 7 * 86_400_000,
  probeShareBps: 10_000,
}

/**
 * The settings in force: what is given, and what is usual for the rest.
 *
 * @throws {@link InvalidConfigError} with every field that is unknown or no whole number within its limits.
 *
 * @example
 * readSettings({ legsMax: 3 }).restMs // 60000
 */
export function readSettings(config: DistributionConfig): DistributionSettings {
  const faults: Record<string, string> = {}
  for (const [field, value] of Object.entries(config)) {
    const max = (ceilings as Record<string, number>)[field]
    if (max === undefined) faults[field] = 'is unknown'
    else if (value !== undefined && (!Number.isSafeInteger(value) || value < 1 || value > max)) {
      faults[field] = `must be a whole number from 1 to ${max}, not ${value}`
    }
  }
  const given = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined))
  const settings: DistributionSettings = { ...usual, ...given }
  if (settings.restMaxMs < settings.restMs) faults.restMaxMs ??= 'must not be less than restMs'
  if (Object.keys(faults).length === 0) return Object.freeze(settings)
  throw new InvalidConfigError('The configuration of the distribution manager has faults.', faults)
}
