import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json } from '../../src/domain/json.ts'
import { MemoryBank } from '../../src/store/memoryBank.ts'
import { memoryStore } from '../../src/store/memoryStore.ts'

function manualClock(startMs = 1_000_000) {
  let nowMs = startMs
  return {
    now: () => nowMs,
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

test('a value is there at once, under its own namespace alone', () => {
  const bank = new MemoryBank()

  bank.set('pools', 'a', { fee: 3_000 })

  expect(bank.get('pools', 'a')).toEqual({ fee: 3_000 })
  expect(bank.get('tokens', 'a')).toBeUndefined()
  expect(bank.get('pools', 'b')).toBeUndefined()
})

test('a value is replaced, deleted and cleared', () => {
  const bank = new MemoryBank()
  bank.set('pools', 'a', 1)
  bank.set('pools', 'b', 1)
  bank.set('tokens', 'a', 1)

  bank.set('pools', 'b', 2)
  const replaced = bank.get('pools', 'b')
  bank.delete('pools', 'a')
  bank.delete('pools', 'never there')
  const left = bank.entries('pools')
  bank.clear('pools')

  expect(replaced).toBe(2)
  expect(left).toEqual([{ key: 'b', value: 2 }])
  expect(bank.entries('pools')).toEqual([])
  expect(bank.get('tokens', 'a')).toBe(1)
})

test('a value lives until its time is over, and not a millisecond longer', () => {
  const clock = manualClock()
  const bank = new MemoryBank({ now: clock.now })
  bank.set('pools', 'short', 1, { ttlMs: 100 })
  bank.set('pools', 'long', 1)

  clock.pass(99)
  const before = bank.get('pools', 'short')
  clock.pass(1)

  expect(before).toBe(1)
  expect(bank.get('pools', 'short')).toBeUndefined()
  expect(bank.entries('pools')).toEqual([{ key: 'long', value: 1 }])
})

test('setting a value again starts its time anew', () => {
  const clock = manualClock()
  const bank = new MemoryBank({ now: clock.now })
  bank.set('pools', 'a', 1, { ttlMs: 100 })
  clock.pass(60)
  bank.set('pools', 'a', 2, { ttlMs: 100 })

  clock.pass(60)

  expect(bank.get('pools', 'a')).toBe(2)
})

test('a full namespace loses what was set longest ago, and no other namespace does', () => {
  const bank = new MemoryBank({ entriesMax: 2 })
  bank.set('configuration', 'effective', 1)
  bank.set('pools', 'a', 1)
  bank.set('pools', 'b', 1)

  bank.set('pools', 'a', 2)
  bank.set('pools', 'c', 1)

  expect(bank.entries('pools').map(({ key }) => key)).toEqual(['a', 'c'])
  expect(bank.get('configuration', 'effective')).toBe(1)
})

test('a value that its owner changes afterwards stays what it was', () => {
  const bank = new MemoryBank()
  const samples = [1, 2]

  bank.set('gas', 'a', samples)
  samples.push(3)

  expect(bank.get('gas', 'a')).toEqual([1, 2])
})

test('every change is taken once, as the latest state of its key', () => {
  const bank = MemoryBank.over(memoryStore(), () => 5)
  bank.set('pools', 'a', 1)
  bank.set('pools', 'a', 2)
  bank.set('pools', 'b', 1)
  bank.delete('pools', 'b')

  const writes = bank.takeWrites()

  expect(writes).toEqual([
    { space: 'bank', key: 'pools/a', value: { value: 2, setAtMs: 5, expiresAtMs: null } },
    { space: 'bank', key: 'pools/b', value: undefined },
  ])
  expect(bank.takeWrites()).toEqual([])
})

test('a bank in memory alone has nothing to be written, and tells nobody', () => {
  const bank = new MemoryBank()
  let told = 0
  bank.onWrite(() => {
    told += 1
  })

  bank.set('pools', 'a', 1)

  expect(bank.takeWrites()).toEqual([])
  expect(told).toBe(0)
})

test('whoever commits is told of changes, but not of reads', () => {
  const clock = manualClock()
  const bank = MemoryBank.over(memoryStore(), clock.now)
  let told = 0
  bank.onWrite(() => {
    told += 1
  })

  bank.set('pools', 'a', 1, { ttlMs: 10 })
  bank.set('pools', 'b', 1)
  bank.delete('pools', 'b')
  bank.delete('pools', 'b')
  clock.pass(10)
  bank.get('pools', 'a')

  expect(told).toBe(3)
})

test('a bank over a store begins with what lives of the last one, oldest first', async () => {
  const clock = manualClock()
  const store = memoryStore()
  const first = MemoryBank.over(store, clock.now)
  for (const key of ['z', 'gone', 'a/b', 'm']) {
    first.set('pools', key, key, key === 'gone' ? { ttlMs: 50 } : {})
    clock.pass(1)
  }
  await store.commit(first.takeWrites())
  clock.pass(100)

  const second = MemoryBank.over(store, clock.now)

  expect(second.entries('pools').map(({ key }) => key)).toEqual(['z', 'a/b', 'm'])
  expect(second.takeWrites()).toEqual([{ space: 'bank', key: 'pools/gone', value: undefined }])
})

test('a bank with less room than the last keeps the newest and removes the rest from the store', async () => {
  const clock = manualClock()
  const store = memoryStore()
  const first = MemoryBank.over(store, clock.now)
  for (const key of ['a', 'b', 'c']) {
    first.set('pools', key, 1)
    clock.pass(1)
  }
  await store.commit(first.takeWrites())

  const second = MemoryBank.over(store, clock.now, { entriesMax: 2 })
  await store.commit(second.takeWrites())

  expect(second.entries('pools').map(({ key }) => key)).toEqual(['b', 'c'])
  expect([...store.entries('bank')].map(({ key }) => key)).toEqual(['pools/b', 'pools/c'])
})

test.each<[string, (bank: MemoryBank) => void]>([
  ['an empty namespace', (bank) => bank.set('', 'a', 1)],
  ['a namespace with a slash', (bank) => bank.set('a/b', 'c', 1)],
  ['a key that no store can keep', (bank) => bank.set('a', 'x'.repeat(3_000), 1)],
  ['a bigint', (bank) => bank.set('a', 'b', 1n as unknown as Json)],
  ['a time to live of zero', (bank) => bank.set('a', 'b', 1, { ttlMs: 0 })],
  ['a time to live that is no number', (bank) => bank.set('a', 'b', 1, { ttlMs: Number.NaN })],
])('%s is refused at once, not when it is committed', (_, set) => {
  const bank = MemoryBank.over(memoryStore())

  expect(() => set(bank)).toThrow(expect.objectContaining({ code: 'STORE' }))
  expect(bank.takeWrites()).toEqual([])
})

test('a bank without room is refused', () => {
  expect(() => new MemoryBank({ entriesMax: 0 })).toThrow(expect.objectContaining({ code: 'STORE' }))
})

test('whatever happens, a bank opened from the committed writes equals the one that made them', async () => {
  const names = fc.constantFrom('a', 'b', 'c', 'd', 'e')
  const namespaces = fc.constantFrom('one', 'two')
  const steps = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), namespace: namespaces, key: names, value: fc.nat() }),
    fc.record({ kind: fc.constant('expiring' as const), namespace: namespaces, key: names, value: fc.nat() }),
    fc.record({ kind: fc.constant('delete' as const), namespace: namespaces, key: names }),
    fc.record({ kind: fc.constant('clear' as const), namespace: namespaces }),
    fc.record({ kind: fc.constant('commit' as const) }),
    fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 20 }) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 40 }), async (all) => {
      const clock = manualClock()
      const store = memoryStore()
      const bank = MemoryBank.over(store, clock.now, { entriesMax: 3 })

      for (const step of all) {
        // Entries set within one millisecond have no order that a store could keep.
        clock.pass(1)
        if (step.kind === 'set') bank.set(step.namespace, step.key, step.value)
        else if (step.kind === 'expiring') bank.set(step.namespace, step.key, step.value, { ttlMs: 15 })
        else if (step.kind === 'delete') bank.delete(step.namespace, step.key)
        else if (step.kind === 'clear') bank.clear(step.namespace)
        else if (step.kind === 'pass') clock.pass(step.ms)
        else await store.commit(bank.takeWrites())
      }
      await store.commit(bank.takeWrites())

      const again = MemoryBank.over(store, clock.now, { entriesMax: 3 })
      for (const namespace of ['one', 'two']) {
        expect(again.entries(namespace)).toEqual(bank.entries(namespace))
        expect(again.entries(namespace).length).toBeLessThanOrEqual(3)
      }
    }),
    { numRuns: 200 },
  )
})
