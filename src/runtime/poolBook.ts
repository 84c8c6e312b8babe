import { createHash } from 'node:crypto'
import type { Dex, Pair, Pool, PoolListing } from '../dex/dex.ts'
import type { Json } from '../domain/json.ts'
import type { MemoryBank } from '../store/memoryBank.ts'

/** Which pools venues have: asked once, and kept in the memory bank. */
export interface PoolBook {
  /** Undefined where that is not known (any more). */
  find(dex: Dex, pair: Pair): readonly Pool[] | undefined
  note(dex: Dex, pair: Pair, listing: PoolListing): void
}

const namespace = 'pools'
const hourMs = 60 * 60 * 1000
/** Pools stay, but others may be opened beside them, and the first one where there is none. */
const foundTtlMs = 24 * hourMs
const noneTtlMs = hourMs / 12

/** The pool book of a bank. */
export function poolBook(bank: Pick<MemoryBank, 'get' | 'set'>): PoolBook {
  // The hash of a question is made once: a venue is asked about the same few pairs all the time.
  const keys = new WeakMap<Dex, Map<string, string>>()

  function keyOf(dex: Dex, pair: Pair): string {
    const known = keys.get(dex) ?? new Map<string, string>()
    keys.set(dex, known)
    const name = `${pair.tokenIn.address} ${pair.tokenOut.address}`
    const key = known.get(name) ?? questionOf(dex, pair)
    known.set(name, key)
    return key
  }

  return {
    find: (dex, pair) => bank.get(namespace, keyOf(dex, pair)) as readonly Pool[] | undefined,
    note(dex, pair, { pools, isSure }) {
      // A node's one bad answer hides a pool no longer than there might be a first one.
      const ttlMs = isSure && pools.length > 0 ? foundTtlMs : noneTtlMs
      bank.set(namespace, keyOf(dex, pair), pools.map((pool) => ({ ...pool })) as Json, { ttlMs })
    },
  }
}

/** What is asked decides what is answered: a venue that is configured otherwise asks something else. */
function questionOf(dex: Dex, pair: Pair): string {
  const reads = JSON.stringify(dex.poolRequest(pair).reads)
  return `${dex.venue} ${createHash('sha256').update(reads).digest('hex')}`
}
