import { StoreError } from '../domain/errors.ts'
import type { EncodedWrite } from './record.ts'

/** Commits in order, one in flight at a time; those that wait meanwhile go together. */
export interface CommitQueue {
  /** @throws StoreError where the disk refuses, does not answer, or too many commits wait. */
  commit(writes: readonly EncodedWrite[]): Promise<void>

  /** Resolves when nothing waits or is in flight. @throws StoreError where the disk did not answer. */
  drain(): Promise<void>
}

/** Commits that wait for the one in flight. The runtime has one at a time: more means that the disk has stopped. */
const waitingMax = 10_000

/** A disk that takes longer has failed. What became of the write is unknown then, so that nothing more is written. */
const usualLimitMs = 60_000

interface Waiting {
  readonly writes: readonly EncodedWrite[]
  resolve(): void
  reject(error: unknown): void
}

/**
 * Orders commits to a disk.
 *
 * @param write - Puts all the writes on disk, or none.
 * @param limitMs - How long a write may take before the disk counts as failed.
 *
 * @example
 * const queue = openCommitQueue((writes) => disk.write(writes))
 */
export function openCommitQueue(
  write: (writes: readonly EncodedWrite[]) => Promise<void>,
  limitMs: number = usualLimitMs,
): CommitQueue {
  let waiting: Waiting[] = []
  let working: Promise<void> | undefined
  let stopped: StoreError | undefined

  async function work(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      try {
        if (stopped) throw stopped
        await inTime(write(group.flatMap(({ writes }) => writes)))
        for (const { resolve } of group) resolve()
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    working = undefined
  }

  async function inTime(writing: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        stopped = new StoreError('The disk does not answer. Open the store again to see what it has.', { limitMs })
        reject(stopped)
      }, limitMs)
    })
    try {
      await Promise.race([writing, late])
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    commit: (writes) =>
      new Promise((resolve, reject) => {
        if (stopped) throw stopped
        if (waiting.length >= waitingMax) throw new StoreError('Too many commits wait for the disk.', { waitingMax })
        waiting.push({ writes, resolve, reject })
        working ??= work()
      }),
    async drain() {
      await working
      if (stopped) throw stopped
    },
  }
}
