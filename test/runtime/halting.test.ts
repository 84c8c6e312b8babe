import { describe, expect, test } from 'vitest'
import { findHalt, type Halt, startHalting } from '../../src/runtime/halting.ts'
import { startJournal } from '../../src/runtime/journal.ts'
import type { HaltFile } from '../../src/store/haltFile.ts'
import { memoryStore } from '../../src/store/memoryStore.ts'
import { fakeClock, settle } from '../support/fakeClock.ts'

/** A halt file in memory. `hold` has the calls from then on wait until `go`. */
function fakeFile(reason: string | null = null) {
  let waiting: Promise<void> = Promise.resolve()
  const file: HaltFile & { reason: string | null; go: () => void; hold(): void } = {
    reason,
    go: () => {},
    hold() {
      waiting = new Promise((resolve) => {
        file.go = resolve
      })
    },
    async read() {
      const seen = file.reason
      await waiting
      return seen
    },
    async write(text: string) {
      file.reason = text
    },
    async remove() {
      await waiting
      file.reason = null
    },
  }
  return file
}

const atMs = 1_000_000

async function start(file = fakeFile(), store = memoryStore()) {
  const clock = fakeClock(atMs)
  const journal = startJournal({ store, clock, onTrouble: () => {} })
  const heard: (Halt | null)[] = []
  const halting = startHalting({ found: await findHalt(store, file, clock), journal, clock, file })
  halting.onChange((halt) => heard.push(halt))
  return { halting, store, file, heard }
}

describe('halting', () => {
  test('holds from the call on, is on disk when it resolves, and says since when and why', async () => {
    const { halting, store, heard } = await start()

    const halted = halting.halt('the oracle\n is wrong')
    const atOnce = halting.current()
    await halted

    const halt = { reason: 'the oracle is wrong', atMs }
    expect([atOnce, store.get('meta', 'halt'), heard]).toEqual([halt, halt, [halt]])
    expect(() => halting.check()).toThrow(
      /^Trading is halted.*\n {2}since: 1970-01-01T00:16:40\.000Z\n {2}reason: the oracle is wrong$/,
    )
  })

  test('keeps the first reason, and is not told twice', async () => {
    const { halting, heard } = await start()

    await Promise.all([halting.halt(), halting.halt('again')])

    expect(heard).toEqual([{ reason: null, atMs }])
  })

  test('is found again in the store, and gone from it once it is released', async () => {
    const { halting, store } = await start()
    await halting.halt('a')
    const later = await start(fakeFile(), store)
    const found = later.halting.current()

    await later.halting.release()

    expect(found).toEqual({ reason: 'a', atMs })
    expect([later.halting.current(), store.get('meta', 'halt'), later.heard]).toEqual([null, undefined, [null]])
    expect(() => later.halting.check()).not.toThrow()
  })

  test('begins with a halt file, which is on disk before anything else is done, and which a release takes away', async () => {
    const { halting, store, file } = await start(fakeFile(''))
    const found = store.get('meta', 'halt')
    file.reason = null
    await halting.look()
    const withoutFile = halting.current()
    file.reason = 'again'

    await halting.release()

    expect([found, withoutFile]).toEqual([
      { reason: null, atMs },
      { reason: null, atMs },
    ])
    expect([file.reason, halting.current()]).toEqual([null, null])
  })

  test('notices a halt file when it looks', async () => {
    const { halting, file } = await start()
    await halting.look()
    const before = halting.current()
    file.reason = 'stop'

    await halting.look()

    expect([before, halting.current()]).toEqual([null, { reason: 'stop', atMs }])
  })

  test('stays halted where somebody halts while it is being released', async () => {
    const { halting, file, heard } = await start()
    await halting.halt('first')
    file.hold()
    const released = halting.release()
    const again = halting.halt('second')
    file.go()

    await expect(released).rejects.toMatchObject({ code: 'HALTED' })

    await again
    expect([halting.current()?.reason, heard.length]).toEqual(['first', 1])
  })

  test('does not halt again by a file that it saw before it was released', async () => {
    const { halting, file } = await start()
    file.reason = 'old'
    file.hold()
    const looked = halting.look()
    const slow = file.go
    file.hold()
    file.go()
    await halting.release()
    slow()

    await looked

    expect(halting.current()).toBeNull()
  })

  test('stays halted where the file cannot be removed', async () => {
    const { halting, file } = await start()
    await halting.halt('a')
    file.remove = () => Promise.reject(new Error('read-only'))

    await expect(halting.release()).rejects.toThrow('read-only')

    expect(halting.current()).not.toBeNull()
  })

  test('refuses to halt what is closed, where nothing would be written any more', async () => {
    const { halting, file } = await start()
    halting.stop()
    file.reason = 'late'

    await expect(halting.halt()).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(halting.release()).rejects.toMatchObject({ code: 'CLOSED' })

    await halting.look()
    await settle()
    expect(halting.current()).toBeNull()
  })
})
