import type { Clock } from '../domain/clock.ts'

/** Waits that end within the same few milliseconds share one timer, so that ten thousand waiting legs cost little. */
const tickMs = 10
/** Node's timers overflow beyond 2³¹ − 1 ms and fire at once. */
const timerMaxMs = 2_000_000_000

/**
 * The clock on the wall.
 *
 * @example
 * const callOff = realClock().at(Date.now() + 1_000, () => process.stdout.write('a second later\n'))
 */
export function realClock(): Clock {
  const ticks = new Map<number, { callbacks: Set<() => void>; timer: NodeJS.Timeout }>()

  function fire(tick: number): void {
    const entry = ticks.get(tick)
    if (entry === undefined) return
    const leftMs = tick * tickMs - Date.now()
    if (leftMs > 0) {
      entry.timer = setTimeout(fire, Math.min(leftMs, timerMaxMs), tick)
      return
    }
    ticks.delete(tick)
    for (const callback of entry.callbacks) callback()
  }

  return {
    now: () => Date.now(),
    soon: (callback) => void setImmediate(callback),
    at(atMs, callback) {
      const tick = Math.ceil(atMs / tickMs)
      const delayMs = Math.min(Math.max(0, tick * tickMs - Date.now()), timerMaxMs)
      const entry = ticks.get(tick) ?? { callbacks: new Set(), timer: setTimeout(fire, delayMs, tick) }
      ticks.set(tick, entry)
      // A wrapper, so that the same function may wait twice.
      const once = (): void => callback()
      entry.callbacks.add(once)
      return () => {
        entry.callbacks.delete(once)
        if (entry.callbacks.size > 0) return
        clearTimeout(entry.timer)
        if (ticks.get(tick) === entry) ticks.delete(tick)
      }
    },
  }
}
