import { StoreError } from '../domain/errors.ts'
import { decodeValue, encodeWrites } from './record.ts'
import { decodeKey, encodeKey, keyRange } from './recordKey.ts'
import { type Space, type Store, spaces } from './store.ts'

/**
 * A store that keeps its promises for as long as the process lives: for tests, and for who wants no files.
 *
 * @example
 * const store = memoryStore()
 */
export function memoryStore(): Store {
  // Keys are bytes as text, one character each, since those sort as the bytes do. Values are JSON text: nobody can change them.
  const records = Object.fromEntries(spaces.map((space) => [space, new Map()])) as Record<Space, Map<string, string>>
  let closed = false

  function refuseClosed(): void {
    if (closed) throw new StoreError('The store is closed.')
  }

  return {
    get(space, key) {
      refuseClosed()
      const text = records[space].get(encodeKey(key).toString('latin1'))
      return text === undefined ? undefined : decodeValue(space, key, text)
    },

    *entries(space, prefix) {
      const within = prefix === undefined ? undefined : textRange(prefix)
      const chosen = [...records[space]].filter(([key]) => !within || (key >= within.start && key < within.end))
      chosen.sort(([one], [other]) => (one < other ? -1 : 1))
      refuseClosed()
      for (const [bytes, text] of chosen) {
        const key = decodeKey(Buffer.from(bytes, 'latin1'))
        yield { key, value: decodeValue(space, key, text) }
        refuseClosed()
      }
    },

    async commit(writes) {
      refuseClosed()
      const encoded = encodeWrites(writes)
      // As on a disk, nothing is there before the promise has had a chance to be waited for.
      await Promise.resolve()
      for (const { space, key, text } of encoded) {
        if (text === undefined) records[space].delete(key.toString('latin1'))
        else records[space].set(key.toString('latin1'), text)
      }
    },

    async close() {
      closed = true
    },
  }
}

function textRange(prefix: string): { start: string; end: string } {
  const { start, end } = keyRange(prefix)
  return { start: start.toString('latin1'), end: end.toString('latin1') }
}
