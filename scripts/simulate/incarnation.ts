import type { Clock } from '../../src/domain/clock.ts'
import type { Timeline } from './timeline.ts'

/** Moments at which a process may be told to die. */
export type Moment =
  | 'opening'
  | 'reserving'
  | 'signing'
  | 'signed'
  | 'committed'
  | 'sending'
  | 'arrived'
  | 'replied'
  | 'bumping'
  | 'cancelling'
  | 'confirming'
  | 'retrying'
  | 'splitting'

/** One life of the process. Once it is dead nothing reaches it any more. */
export interface Incarnation {
  readonly number: number
  isAlive(): boolean
  /** Calls back so many milliseconds later, if it is still alive. */
  at(delayMs: number, run: () => void): () => void
  readonly clock: Clock
  notice(moment: Moment): void
  /** At once: not even what is ready now runs any more. */
  die(): void
}

/** A process that begins to live. */
export function beginLife(timeline: Timeline, number: number, onMoment: (moment: Moment) => void): Incarnation {
  let isAlive = true
  const later = (atMs: number, run: () => void): (() => void) =>
    timeline.at(atMs, () => {
      if (isAlive) run()
    })
  return {
    number,
    isAlive: () => isAlive,
    at: (delayMs, run) => later(timeline.now() + delayMs, run),
    clock: {
      now: timeline.now,
      at: later,
      soon: (callback) => void later(timeline.now(), callback),
    },
    notice: onMoment,
    die: () => {
      isAlive = false
    },
  }
}
