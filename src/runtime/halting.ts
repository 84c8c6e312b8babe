import type { Clock } from '../domain/clock.ts'
import { ClosedError, HaltedError } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import type { HaltFile } from '../store/haltFile.ts'
import type { Store, Write } from '../store/store.ts'
import type { Journal, Source } from './journal.ts'

/** Since when nothing is traded, and why; `reason` is null where none was given. */
export interface Halt {
  readonly reason: string | null
  readonly atMs: number
}

/** The kill switch: while it is on, nothing is split and nothing is signed but cancellations. */
export interface Halting {
  current(): Halt | null
  /** Passes while trading goes on. @throws HaltedError while it does not. */
  check(): void
  /** Calls back in the turn of each change, in the order of the calls to this. */
  onChange(callback: (halt: Halt | null) => void): void
  /** Holds at once, for every check. Resolves when that is on disk. Halted already, the first reason stays. @throws ClosedError. */
  halt(reason?: string): Promise<void>
  /**
   * Takes the halt file away, then trading may go on. Resolves when that is on disk.
   *
   * @throws StoreError where the file stays; HaltedError where somebody halted meanwhile: it stays halted then; ClosedError.
   */
  release(): Promise<void>
  /** Halts where there is a halt file. @throws StoreError where nobody can tell. */
  look(): Promise<void>
  stop(): void
}

export interface HaltingOptions {
  /** As it was on disk. */
  readonly found: Halt | null
  readonly journal: Journal
  readonly clock: Pick<Clock, 'now'>
  /** Undefined where nobody can halt it from outside. */
  readonly file: HaltFile | undefined
}

const haltKey = 'halt'

/** A reason is for people: what is longer is cut. */
const reasonMax = 300

/**
 * A halt as a store has it; a halt file makes one. It is on disk when this resolves.
 *
 * @throws StoreError where the file cannot be looked at, or the disk refuses.
 */
export async function findHalt(
  store: Store,
  file: HaltFile | undefined,
  clock: Pick<Clock, 'now'>,
): Promise<Halt | null> {
  const stored = readHalt(store)
  const reason = (await file?.read()) ?? null
  if (stored !== null || reason === null) return stored
  const halt = haltOf(reason, clock.now())
  await store.commit([haltWrite(halt)])
  return halt
}

/** The halt of a store; null where there is none. */
export function readHalt(store: Store): Halt | null {
  return (store.get('meta', haltKey) as Halt | undefined) ?? null
}

/** The record of a halt; of none where it is null. */
export function haltWrite(halt: Halt | null): Write {
  return { space: 'meta', key: haltKey, value: (halt as Json | null) ?? undefined }
}

/**
 * A halt from now on. Its reason is one line.
 *
 * @example
 * haltOf('the oracle\nis wrong', 0) // { reason: 'the oracle is wrong', atMs: 0 }
 */
export function haltOf(reason: string | undefined, atMs: number): Halt {
  // Whatever a caller hands over: that is no reason not to stop.
  const line = String(reason ?? '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, reasonMax)
  return { reason: line === '' ? null : line, atMs }
}

/** What a halt ends trades with, and answers orders. */
export function haltedError({ reason, atMs }: Halt): HaltedError {
  return new HaltedError('Trading is halted: no order is taken, and nothing is signed but cancellations.', {
    since: new Date(atMs).toISOString(),
    reason: reason ?? 'none was given',
  })
}

/** Starts with what was found at opening. */
export function startHalting({ found, journal, clock, file }: HaltingOptions): Halting {
  const listeners: ((halt: Halt | null) => void)[] = []
  let current = found
  // Counted up by each call: who began before it may be outdated by it.
  let halts = 0
  let releases = 0
  let isLooking = false
  let isStopped = false

  const source: Source = { takeWrites: () => [haltWrite(current)] }

  function set(halt: Halt | null): void {
    current = halt
    // Before anybody hears of it: whatever they do about it is on disk with it, or not at all.
    journal.touch(source)
    for (const listener of listeners) listener(halt)
  }

  function refuseClosed(): void {
    if (isStopped) throw new ClosedError('The manager is closed: halt its store instead, with legwork halt.')
  }

  async function halt(reason?: string): Promise<void> {
    refuseClosed()
    halts += 1
    if (current === null) set(haltOf(reason, clock.now()))
    await journal.durable()
  }

  return {
    current: () => current,
    check() {
      if (current !== null) throw haltedError(current)
    },
    onChange: (callback) => void listeners.push(callback),
    halt,
    async release() {
      refuseClosed()
      const before = halts
      // The file first: where the process ends in between, it is still halted.
      await file?.remove()
      refuseClosed()
      if (current !== null && halts !== before) throw haltedError(current)
      releases += 1
      if (current !== null) set(null)
      await journal.durable()
    },
    async look() {
      if (file === undefined || current !== null || isLooking || isStopped) return
      isLooking = true
      const before = releases
      const reason = await file.read().finally(() => {
        isLooking = false
      })
      // What was seen before a release was taken away by it.
      if (reason !== null && releases === before && !isStopped) await halt(reason)
    },
    stop() {
      isStopped = true
    },
  }
}
