import { StoreError } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import { encodeKey } from './recordKey.ts'
import type { Store, Write } from './store.ts'

/** How a memory bank is limited, and what time it goes by. */
export interface MemoryBankOptions {
  /** The most entries a namespace may have; beyond, those set longest ago go. 10 000 by default. */
  readonly entriesMax?: number
  /** The time in Unix milliseconds. */
  readonly now?: () => number
}

interface Entry {
  readonly value: Json
  readonly setAtMs: number
  /** Null: kept until it is replaced, deleted or crowded out. */
  readonly expiresAtMs: number | null
}

const usualEntriesMax = 10_000
const separator = '/'

/**
 * A cache and record store: JSON values under a namespace and a key, each with a time to live if it needs one.
 *
 * Reads come from memory and see a write at once. Writes are gathered, and whoever owns the store takes them along with
 * its next commit: so what a trade notes here is on disk together with the trade, or not at all.
 *
 * @example
 * const bank = new MemoryBank()
 * bank.set('pools', '0xabc', { fee: 3000 }, { ttlMs: 60_000 })
 * bank.get('pools', '0xabc') // { fee: 3000 }
 */
export class MemoryBank {
  readonly #entriesMax: number
  readonly #now: () => number
  /** Within a namespace the entry that was set longest ago comes first. */
  readonly #namespaces = new Map<string, Map<string, Entry>>()
  /** Where changes are gathered for a store; null for a bank in memory alone, which must not gather them for ever. */
  #changed: Map<string, { namespace: string; key: string }> | null = null
  #listener: () => void = () => {}

  /** A bank in memory alone. @throws {@link StoreError} if `entriesMax` is not a whole number above zero. */
  constructor({ entriesMax = usualEntriesMax, now = Date.now }: MemoryBankOptions = {}) {
    if (!Number.isSafeInteger(entriesMax) || entriesMax < 1) {
      throw new StoreError('A memory bank must have room for at least one entry.', { entriesMax })
    }
    this.#entriesMax = entriesMax
    this.#now = now
  }

  /**
   * A bank that begins with what a store has of it, and whose changes are to be put there.
   *
   * @throws {@link StoreError} if a record cannot be read.
   *
   * @example
   * const bank = MemoryBank.over(await openLmdbStore('./legwork-data'))
   */
  static over(store: Store, now: () => number = Date.now, options: MemoryBankOptions = {}): MemoryBank {
    const bank = new MemoryBank({ ...options, now })
    bank.#changed = new Map()
    const kept = [...store.entries('bank')].map(({ key, value }) => ({
      key: String(key),
      entry: value as unknown as Entry,
    }))
    kept.sort((one, other) => one.entry.setAtMs - other.entry.setAtMs)
    for (const { key, entry } of kept) {
      const end = key.indexOf(separator)
      bank.#put(key.slice(0, end), key.slice(end + 1), entry)
    }
    for (const [namespace, entries] of bank.#namespaces) {
      for (const key of entries.keys()) bank.#current(namespace, key)
    }
    return bank
  }

  /** The value, or undefined where there is none or its time is over. It is shared: do not change it. */
  get(namespace: string, key: string): Json | undefined {
    return this.#current(namespace, key)?.value
  }

  /**
   * Sets a value, which is copied.
   *
   * @param options - `ttlMs`: after how many milliseconds it is gone; without it, it stays.
   * @throws {@link StoreError} if the namespace or key cannot be kept, or the value is not JSON.
   */
  set(namespace: string, key: string, value: Json, { ttlMs }: { ttlMs?: number } = {}): void {
    checkName(namespace, key)
    if (ttlMs !== undefined && !(ttlMs > 0)) throw new StoreError('A time to live must be above zero.', { ttlMs })
    const setAtMs = this.#now()
    const hasEnd = ttlMs !== undefined && Number.isFinite(ttlMs)
    this.#put(namespace, key, { value: copyOf(value, key), setAtMs, expiresAtMs: hasEnd ? setAtMs + ttlMs : null })
    this.#note(namespace, key)
    this.#listener()
  }

  /** Removes a value. One that is not there is no error. */
  delete(namespace: string, key: string): void {
    if (!this.#remove(namespace, key)) return
    this.#listener()
  }

  /** What a namespace has now, the entry set longest ago first. */
  entries(namespace: string): { key: string; value: Json }[] {
    const keys = [...(this.#namespaces.get(namespace)?.keys() ?? [])]
    return keys.flatMap((key) => {
      const entry = this.#current(namespace, key)
      return entry === undefined ? [] : [{ key, value: entry.value }]
    })
  }

  /** Removes all of a namespace. */
  clear(namespace: string): void {
    for (const key of [...(this.#namespaces.get(namespace)?.keys() ?? [])]) this.#remove(namespace, key)
    this.#listener()
  }

  /**
   * What changed since this was last asked, for the store's next commit; whoever takes it sees that it gets there. Nothing
   * for a bank in memory alone.
   */
  takeWrites(): Write[] {
    const changed = [...(this.#changed?.values() ?? [])]
    this.#changed?.clear()
    return changed.map(({ namespace, key }) => {
      const entry = this.#namespaces.get(namespace)?.get(key)
      return { space: 'bank', key: recordKey(namespace, key), value: entry === undefined ? undefined : { ...entry } }
    })
  }

  /** Calls `listener`, the only one, after each change that there is a write for. */
  onWrite(listener: () => void): void {
    this.#listener = () => {
      if (this.#changed !== null) listener()
    }
  }

  #current(namespace: string, key: string): Entry | undefined {
    const entry = this.#namespaces.get(namespace)?.get(key)
    if (entry === undefined) return undefined
    if (entry.expiresAtMs === null || entry.expiresAtMs > this.#now()) return entry
    // The removal can wait for whatever is written next, so that a read causes no commit.
    this.#remove(namespace, key)
    return undefined
  }

  #put(namespace: string, key: string, entry: Entry): void {
    const entries = this.#namespaces.get(namespace) ?? new Map<string, Entry>()
    this.#namespaces.set(namespace, entries)
    entries.delete(key)
    entries.set(key, entry)
    for (const oldest of entries.keys()) {
      if (entries.size <= this.#entriesMax) break
      this.#remove(namespace, oldest)
    }
  }

  #remove(namespace: string, key: string): boolean {
    const entries = this.#namespaces.get(namespace)
    if (!entries?.delete(key)) return false
    if (entries.size === 0) this.#namespaces.delete(namespace)
    this.#note(namespace, key)
    return true
  }

  #note(namespace: string, key: string): void {
    this.#changed?.set(recordKey(namespace, key), { namespace, key })
  }
}

function recordKey(namespace: string, key: string): string {
  return namespace + separator + key
}

/** What the store would refuse is refused here, where the caller is: later it would stop everybody's commits. */
function checkName(namespace: string, key: string): void {
  if (namespace === '' || namespace.includes(separator)) {
    throw new StoreError('A namespace must not be empty or have a slash in it.', { namespace })
  }
  encodeKey(recordKey(namespace, key))
}

function copyOf(value: Json, key: string): Json {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch {
    // Reported below: a bigint, or an object that holds itself.
  }
  if (text === undefined) throw new StoreError('A value is not JSON.', { space: 'bank', key })
  return JSON.parse(text)
}
