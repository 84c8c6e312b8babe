import type { Clock } from '../../src/domain/clock.ts'

/** A clock that moves only when it is told to, and calls back in the order of the times. */
export interface FakeClock extends Clock {
  /** Moves on, calling back on the way; lets promises settle after each. */
  advance(ms: number): Promise<void>
}

export function fakeClock(startMs = 1_000_000): FakeClock {
  let nowMs = startMs
  let waiting: { atMs: number; callback: () => void }[] = []

  return {
    now: () => nowMs,
    soon: (callback) => void setImmediate(callback),
    at(atMs, callback) {
      const one = { atMs, callback }
      waiting.push(one)
      return () => {
        waiting = waiting.filter((other) => other !== one)
      }
    },
    async advance(ms) {
      const endMs = nowMs + ms
      for (;;) {
        const [next] = waiting.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)
        if (next === undefined) break
        waiting = waiting.filter((other) => other !== next)
        nowMs = Math.max(nowMs, next.atMs)
        next.callback()
        await settle()
      }
      nowMs = endMs
      await settle()
    },
  }
}

/** Lets everything that is ready run: promises, and what they start in turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
