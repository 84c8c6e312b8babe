import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Json } from '../../src/domain/json.ts'
import { openLmdbStore } from '../../src/store/lmdbStore.ts'
import { memoryStore } from '../../src/store/memoryStore.ts'
import { type Key, type Store, spaces, type Write } from '../../src/store/store.ts'

async function freshLmdbStore(): Promise<Store> {
  const dataDir = mkdtempSync(join(tmpdir(), 'legwork-store-'))
  const store = await openLmdbStore(dataDir)
  onTestFinished(async () => {
    await store.close()
    rmSync(dataDir, { recursive: true })
  })
  return store
}

const implementations: [string, () => Promise<Store>][] = [
  ['the LMDB store', freshLmdbStore],
  ['the memory store', async () => memoryStore()],
]

const texts = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }).filter((text) => !text.includes('\0'))
const numbers = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })).map((number) => number + 0)
const keys: fc.Arbitrary<Key> = fc.oneof(texts, fc.tuple(texts, numbers))

function compareKeys(one: Key, other: Key): number {
  const [oneText, oneNumber] = typeof one === 'string' ? [one, undefined] : one
  const [otherText, otherNumber] = typeof other === 'string' ? [other, undefined] : other
  const byText = Buffer.compare(Buffer.from(oneText), Buffer.from(otherText))
  return byText || (oneNumber ?? Number.NEGATIVE_INFINITY) - (otherNumber ?? Number.NEGATIVE_INFINITY)
}

function live(key: Key, value: Json | undefined): Write {
  return { space: 'live', key, value }
}

describe.each(implementations)('%s', (_, openStore) => {
  test('has nothing at first', async () => {
    const store = await openStore()

    expect(store.get('live', 'trade_1')).toBeUndefined()
    expect([...store.entries('live')]).toEqual([])
  })

  test('gives back any JSON as it was', async () => {
    const store = await openStore()

    await fc.assert(
      fc.asyncProperty(keys, fc.jsonValue(), async (key, value) => {
        await store.commit([live(key, value as Json)])

        expect(store.get('live', key)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
      { numRuns: 50 },
    )
  })

  test('lists records in the order of their keys: by text, then by number', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(keys, { selector: (key) => JSON.stringify(key), maxLength: 30 }), async (all) => {
        const store = await openStore()

        await store.commit(all.map((key) => live(key, JSON.stringify(key))))

        const listed = [...store.entries('live')]
        expect(listed.map(({ key }) => key)).toEqual([...all].sort(compareKeys))
        expect(listed.map(({ value }) => value)).toEqual([...all].sort(compareKeys).map((key) => JSON.stringify(key)))
      }),
      { numRuns: 15 },
    )
  })

  test('lists only the records whose text is exactly the one asked for', async () => {
    const store = await openStore()
    await store.commit([
      live('trade_1', 'text'),
      live(['trade_1', 10], 'ten'),
      live(['trade_1', 9], 'nine'),
      live(['trade_1', -1], 'minus one'),
      live('trade_10', 'longer'),
      live(['trade_10', 1], 'longer'),
      live('trade_', 'shorter'),
    ])

    const values = [...store.entries('live', 'trade_1')].map(({ value }) => value)

    expect(values).toEqual(['text', 'minus one', 'nine', 'ten'])
  })

  test('keeps its spaces apart', async () => {
    const store = await openStore()

    await store.commit(spaces.map((space) => ({ space, key: 'key', value: space })))

    expect(spaces.map((space) => store.get(space, 'key'))).toEqual([...spaces])
  })

  test('replaces and removes records', async () => {
    const store = await openStore()
    await store.commit([live('kept', 1), live('replaced', 1), live('removed', 1)])

    await store.commit([live('replaced', 2), live('removed', undefined), live('never there', undefined)])

    expect([...store.entries('live')]).toEqual([
      { key: 'kept', value: 1 },
      { key: 'replaced', value: 2 },
    ])
  })

  test('takes the last of several writes to one key', async () => {
    const store = await openStore()

    await store.commit([live('a', 1), live('a', undefined), live('a', 3), live('b', 1), live('b', undefined)])

    expect([...store.entries('live')]).toEqual([{ key: 'a', value: 3 }])
  })

  test('shows a commit only once it is done', async () => {
    const store = await openStore()
    await store.commit([live('a', 'old')])

    const committing = store.commit([live('a', 'new')])
    const before = store.get('live', 'a')
    await committing

    expect([before, store.get('live', 'a')]).toEqual(['old', 'new'])
  })

  test('keeps what a value was when it was handed over', async () => {
    const store = await openStore()
    const value = { state: 'preparing' }

    const committing = store.commit([live('a', value)])
    value.state = 'changed'
    await committing

    expect(store.get('live', 'a')).toEqual({ state: 'preparing' })
  })

  test('takes commits in the order in which they were asked for', async () => {
    const store = await openStore()

    await Promise.all(Array.from({ length: 200 }, (_, index) => store.commit([live('a', index)])))

    expect(store.get('live', 'a')).toBe(199)
  })

  test('commits nothing at all without complaint', async () => {
    const store = await openStore()

    await expect(store.commit([])).resolves.toBeUndefined()
  })

  test.each<[string, Write]>([
    ['an empty key', live('', 1)],
    ['a key that is too long', live('x'.repeat(1_970), 1)],
    ['a key whose bytes are too many', live('é'.repeat(1_000), 1)],
    ['a key with a zero character', live('a\0b', 1)],
    ['a key with half a character', live('a\ud800', 1)],
    ['a key with no number for a number', live(['a', Number.NaN], 1)],
    ['a key with an infinite number', live(['a', Number.POSITIVE_INFINITY], 1)],
    ['a bigint', live('a', 1n as unknown as Json)],
    ['a function', live('a', (() => 1) as unknown as Json)],
  ])('refuses %s, and with it the whole commit', async (_, faulty) => {
    const store = await openStore()

    const committing = store.commit([live('good', 1), faulty, live('also good', 1)])

    await expect(committing).rejects.toMatchObject({ code: 'STORE' })
    expect([...store.entries('live')]).toEqual([])
  })

  test('takes the longest key with a number', async () => {
    const store = await openStore()
    const key: Key = ['x'.repeat(1_969), 1]

    await store.commit([live(key, 'long')])

    expect(store.get('live', key)).toBe('long')
  })

  test('a listing that has begun does not see later commits', async () => {
    const store = await openStore()
    await store.commit([live('a', 1), live('b', 1), live('c', 1)])

    const listing = store.entries('live')[Symbol.iterator]()
    const seen = [listing.next().value?.key]
    await store.commit([live('b', undefined), live('bb', 2)])
    for (let next = listing.next(); !next.done; next = listing.next()) seen.push(next.value.key)

    expect(seen).toEqual(['a', 'b', 'c'])
  })

  test('a listing may be left early', async () => {
    const store = await openStore()
    await store.commit([live('a', 1), live('b', 1)])

    for (const { key } of store.entries('live')) {
      expect(key).toBe('a')
      break
    }
    await store.commit([live('c', 1)])

    expect([...store.entries('live')]).toHaveLength(3)
  })

  test('finishes what was asked for, and then refuses everything', async () => {
    const store = await openStore()
    const committing = store.commit([live('a', 1)])

    await Promise.all([store.close(), store.close()])

    await expect(committing).resolves.toBeUndefined()
    expect(() => store.get('live', 'a')).toThrow(expect.objectContaining({ code: 'STORE' }))
    expect(() => [...store.entries('live')]).toThrow(expect.objectContaining({ code: 'STORE' }))
    await expect(store.commit([live('b', 1)])).rejects.toMatchObject({ code: 'STORE' })
  })

  test('a listing that outlives the store ends with an error', async () => {
    const store = await openStore()
    await store.commit([live('a', 1), live('b', 1)])
    const listing = store.entries('live')[Symbol.iterator]()
    listing.next()

    await store.close()

    expect(() => listing.next()).toThrow(expect.objectContaining({ code: 'STORE' }))
  })
})
