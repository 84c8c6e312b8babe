import { describe, expect, test } from 'vitest'
import { type Source, startJournal } from '../../src/runtime/journal.ts'
import { memoryStore } from '../../src/store/memoryStore.ts'
import type { Store, Write } from '../../src/store/store.ts'
import { fakeClock, settle } from '../support/fakeClock.ts'

/** A store whose commits end when the test says so. */
function slowStore() {
  const store = memoryStore()
  const commits: { writes: readonly Write[]; finish: () => void; fail: () => void }[] = []
  const slow: Store = {
    ...store,
    commit: (writes) =>
      new Promise((resolve, reject) => {
        commits.push({
          writes,
          finish: () => void store.commit(writes).then(resolve, reject),
          fail: () => reject(new Error('the disk is full')),
        })
      }),
  }
  return { slow, store, commits }
}

function counter(key: string): Source & { value: number } {
  const source = {
    value: 0,
    takeWrites: (): Write[] => [{ space: 'live', key, value: source.value }],
  }
  return source
}

function startTest() {
  const { slow, store, commits } = slowStore()
  const clock = fakeClock()
  const troubles: (string | null)[] = []
  const journal = startJournal({ store: slow, clock, onTrouble: (failure) => troubles.push(failure?.message ?? null) })
  return { journal, store, commits, clock, troubles }
}

describe('the journal', () => {
  test('has one commit in flight, and puts all that changed meanwhile into the next', async () => {
    const { journal, commits } = startTest()
    const [a, b, c] = [counter('a'), counter('b'), counter('c')]
    journal.touch(a)
    void journal.durable()
    await settle()
    journal.touch(b)
    journal.touch(c)
    void journal.durable()
    await settle()
    const meanwhile = commits.length
    commits[0]?.finish()
    await settle()

    expect(meanwhile).toBe(1)
    expect(commits[1]?.writes.map(({ key }) => key)).toEqual(['b', 'c'])
  })

  test('holds back who waits until the commit that has its change is on disk', async () => {
    const { journal, store, commits } = startTest()
    const source = counter('a')
    const seen: unknown[] = []
    journal.touch(source)
    void journal.durable().then(() => seen.push(store.get('live', 'a')))
    await settle()
    // A change while the first commit is under way is not in it.
    source.value = 1
    journal.touch(source)
    void journal.durable().then(() => seen.push(store.get('live', 'a')))
    await settle()
    const early = [...seen]
    commits[0]?.finish()
    await settle()
    const afterFirst = [...seen]
    commits[1]?.finish()
    await settle()

    expect(early).toEqual([])
    expect(afterFirst).toEqual([0])
    expect(seen).toEqual([0, 1])
  })

  test('gathers what nobody waits for', async () => {
    const { journal, commits, clock } = startTest()
    const source = counter('a')
    for (let change = 0; change < 10; change += 1) {
      source.value += 1
      journal.touch(source)
      await clock.advance(1)
    }

    await clock.advance(100)

    expect(commits.map(({ writes }) => writes)).toEqual([[{ space: 'live', key: 'a', value: 10 }]])
  })

  test('leaves what can wait out of others’ commits, and writes it with the next change or by itself', async () => {
    const { journal, commits, clock } = startTest()
    const [a, b] = [counter('a'), counter('b')]
    journal.touchLater(a)
    journal.touch(b)
    void journal.durable()
    await settle()
    const first = commits[0]?.writes.map(({ key }) => key)
    commits[0]?.finish()
    await settle()
    await clock.advance(2_000)

    expect(first).toEqual(['b'])
    expect(commits.slice(1).map(({ writes }) => writes.map(({ key }) => key))).toEqual([['a']])
  })

  test('keeps everything of a commit that failed, says so, and tries again until the disk takes it', async () => {
    const { journal, store, commits, clock, troubles } = startTest()
    const [a, b] = [counter('a'), counter('b')]
    let isDurable = false
    journal.touch(a)
    void journal.durable().then(() => {
      isDurable = true
    })
    await settle()
    commits[0]?.fail()
    await settle()
    journal.touch(b)
    b.value = 5
    const whileFull = isDurable
    await clock.advance(1_000)
    commits[1]?.finish()
    await settle()

    expect(whileFull).toBe(false)
    expect(isDurable).toBe(true)
    expect([store.get('live', 'a'), store.get('live', 'b')]).toEqual([0, 5])
    expect(troubles).toEqual(['the disk is full', null])
  })

  test('lets go of who waits when its last commit has their change', async () => {
    const { journal, commits } = startTest()
    const [a, b] = [counter('a'), counter('b')]
    let isDurable = false
    journal.touch(a)
    void journal.durable()
    await settle()
    journal.touch(b)
    void journal.durable().then(() => {
      isDurable = true
    })

    const closing = journal.close()
    commits[0]?.finish()
    await settle()
    commits[1]?.finish()
    await closing
    await settle()

    expect(commits[1]?.writes.map(({ key }) => key)).toEqual(['b'])
    expect(isDurable).toBe(true)
  })

  test('writes what is left when it closes, and ends even where the disk stays full', async () => {
    const { journal, store, commits } = startTest()
    journal.touch(counter('a'))
    const closing = journal.close()
    await settle()
    commits[0]?.finish()
    await closing

    const broken = startTest()
    broken.journal.touch(counter('a'))
    void broken.journal.durable()
    await settle()
    broken.commits[0]?.fail()
    await settle()
    const refused = expect(broken.journal.close()).rejects.toThrow('the disk is full')
    await broken.clock.advance(1_000)
    broken.commits[1]?.fail()
    await broken.clock.advance(1_000)
    broken.commits[2]?.fail()

    expect(store.get('live', 'a')).toBe(0)
    await refused
  })
})
