import type { Json } from '../domain/json.ts'

/**
 * Where a record lives. `live`: trades that have not ended; `ended`: those that have; `history`: their transitions;
 * `lane`: the highest nonce recorded for each wallet; `gap`: nonces that no leg owns and that are being used up; `spent`: what counts against limits
 * and budgets over time; `bank`: the memory bank; `meta`: what the store says of itself.
 */
export const spaces = ['live', 'ended', 'history', 'lane', 'gap', 'spent', 'bank', 'meta'] as const
export type Space = (typeof spaces)[number]

/** Text, or text and a number where a key has many records in order. Keys sort by text, then by number. */
export type Key = string | readonly [string, number]

/** One record to be set, or removed where `value` is undefined. */
export interface Write {
  readonly space: Space
  readonly key: Key
  readonly value: Json | undefined
}

/** Ordered records that survive the process. Reads see what has been committed. */
export interface Store {
  /** The record, or undefined where there is none. */
  get(space: Space, key: Key): Json | undefined

  /** Records in the order of their keys; with `prefix`, those whose key's text is exactly it. */
  entries(space: Space, prefix?: string): Iterable<{ key: Key; value: Json }>

  /**
   * All the writes or none. Resolves when they are on disk, not merely in memory: sending waits for this.
   *
   * @throws StoreError where the disk refuses; nothing of it was written then, and the same writes may be tried again.
   */
  commit(writes: readonly Write[]): Promise<void>

  /** Resolves when all is on disk and another process may open it. */
  close(): Promise<void>
}
