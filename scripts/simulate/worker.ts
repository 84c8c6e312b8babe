import type { Kind } from './kinds.ts'
import { simulateSeed } from './simulate.ts'
import { resultOf } from './totals.ts'

// A process of its own that plays the seeds it is sent, one after the other.

/** What a worker is asked. */
export interface Task {
  readonly seeds: readonly number[]
  readonly without: readonly Kind[]
}

process.on('message', async ({ seeds, without }: Task) => {
  for (const seed of seeds) process.send?.(resultOf(await simulateSeed(seed, { without })))
  process.send?.('ready')
})
process.send?.('ready')
// Ctrl-C goes to the whole group: who asked says when it is over.
process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit())
