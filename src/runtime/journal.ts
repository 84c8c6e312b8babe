import type { Clock } from '../domain/clock.ts'
import { type Failure, toFailure } from '../domain/errors.ts'
import type { Store, Write } from '../store/store.ts'

/** Something whose latest state belongs on disk. */
export interface Source {
  /** Its records as they are now. Asked once a commit, however often it changed. */
  takeWrites(): readonly Write[]
}

/** Group commit: one commit in flight; each takes the latest state of everything that changed since the last. */
export interface Journal {
  /** `source` has changed. It rides along with the next commit. */
  touch(source: Source): void
  /**
   * `source` has changed in a way that a restart would bring about by itself, so that saving it again at once would be waste: it
   * goes with its next other change, or by itself a second later.
   */
  touchLater(source: Source): void
  /** Resolves when all that was touched before is on disk. Hurries the next commit. Never rejects: it waits for the disk. */
  durable(): Promise<void>
  /** Writes what is left, then stops. @throws where the disk refuses it. */
  close(): Promise<void>
}

export interface JournalOptions {
  readonly store: Store
  readonly clock: Clock
  /** Told of a commit that failed, and of the first that works again (null). */
  readonly onTrouble: (failure: Failure | null) => void
}

/** Changes that nobody waits for are gathered this long: fewer commits, each of them larger. */
const lazyMs = 50
const laterMs = 1_000
const troubleDelayMs = 500

/**
 * Starts a journal over a store.
 *
 * Every commit is a consistent cut: it holds the state of all actors at one instant between two events. So when a nonce
 * is on disk, every nonce given out before it is on disk as well, with the leg that has it.
 */
export function startJournal({ store, clock, onTrouble }: JournalOptions): Journal {
  let dirty = new Set<Source>()
  const later = new Set<Source>()
  let waiters: (() => void)[] = []
  // Writes of a commit that failed: they go first into the next one.
  let carried: readonly Write[] = []
  let committing = Promise.resolve()
  let isCommitting = false
  let isScheduled = false
  let isInTrouble = false
  let isClosing = false
  let callOffLazy: (() => void) | null = null
  let callOffLater: (() => void) | null = null

  function schedule(): void {
    if (isCommitting || isScheduled || isClosing) return
    if (waiters.length > 0) {
      callOffLazy?.()
      callOffLazy = null
      isScheduled = true
      clock.soon(begin)
    } else if (dirty.size + carried.length > 0 && callOffLazy === null) {
      callOffLazy = clock.at(clock.now() + lazyMs, () => {
        callOffLazy = null
        if (!isCommitting && !isScheduled) begin()
      })
    }
  }

  function takeLater(): void {
    callOffLater?.()
    callOffLater = null
    for (const source of later) dirty.add(source)
    later.clear()
    schedule()
  }

  function begin(): void {
    committing = commit()
  }

  async function commit(): Promise<void> {
    isScheduled = false
    isCommitting = true
    const served = waiters
    waiters = []
    const writes = collect()
    try {
      if (writes.length > 0) await store.commit(writes)
      carried = []
      isCommitting = false
      if (isInTrouble) onTrouble(null)
      isInTrouble = false
      for (const resolve of served) resolve()
    } catch (error) {
      carried = writes
      isInTrouble = true
      onTrouble(toFailure(error))
      waiters = [...served, ...waiters]
      if (!isClosing) await new Promise<void>((resolve) => clock.at(clock.now() + troubleDelayMs, resolve))
      isCommitting = false
    }
    schedule()
  }

  /** One source that cannot say what it is must not stop all others. */
  function writesOf(source: Source): readonly Write[] {
    try {
      return source.takeWrites()
    } catch (error) {
      onTrouble(toFailure(error))
      return []
    }
  }

  function collect(): readonly Write[] {
    const sources = dirty
    dirty = new Set()
    for (const source of sources) later.delete(source)
    const writes = [...carried]
    for (const source of sources) writes.push(...writesOf(source))
    return carried.length === 0 ? writes : latestOfEach(writes)
  }

  return {
    touch(source) {
      dirty.add(source)
      schedule()
    },
    touchLater(source) {
      later.add(source)
      callOffLater ??= clock.at(clock.now() + laterMs, takeLater)
    },
    durable() {
      return new Promise((resolve) => {
        waiters.push(resolve)
        schedule()
      })
    },
    async close() {
      takeLater()
      isClosing = true
      callOffLazy?.()
      callOffLazy = null
      // What is under way first; then the last cut, outside the loop that would wait for the disk for ever.
      while (isScheduled) await new Promise<void>((resolve) => clock.soon(resolve))
      await committing
      const served = waiters
      const writes = collect()
      if (writes.length > 0) await store.commit(writes)
      for (const resolve of served) resolve()
    },
  }
}

function latestOfEach(writes: readonly Write[]): readonly Write[] {
  const latest = new Map(writes.map((write) => [`${write.space}/${JSON.stringify(write.key)}`, write]))
  return [...latest.values()]
}
