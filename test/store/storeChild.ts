import { execFileSync } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { toFailure } from '../../src/domain/errors.ts'
import { openLmdbStore } from '../../src/store/lmdbStore.ts'

// A process of its own for the tests of the store: it can be locked out, killed, or run out of disk. Says what happens in
// lines of JSON.

const [job = '', dataDir = ''] = process.argv.slice(2)
const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`)

const jobs: Record<string, () => Promise<void>> = {
  /** Opens the store and keeps it until it is killed. */
  async hold() {
    const store = await openLmdbStore(dataDir)
    await store.commit([{ space: 'live', key: 'held', value: process.pid }])
    say('open')
    await setTimeout(600_000)
  },

  /** Says a number once its record, and one that must be equal to it, are on disk. */
  async count() {
    const store = await openLmdbStore(dataDir)
    for (let number = 0; ; number += 1) {
      const value = { number, padding: 'x'.repeat(3_000) }
      await store.commit([
        { space: 'live', key: 'count', value },
        { space: 'lane', key: 'count', value: number },
        { space: 'history', key: ['count', number], value },
      ])
      say(number)
    }
  },

  /** Opens the store, or says why not. */
  async try() {
    await openLmdbStore(dataDir).then(
      (store) => store.close().then(() => say('open')),
      (error: unknown) => say(toFailure(error)),
    )
  },

  /** Writes until the disk refuses, makes room, and writes the same again. */
  async fill() {
    process.on('SIGXFSZ', () => {})
    const store = await openLmdbStore(dataDir)
    const writes = Array.from({ length: 50 }, (_, index) => ({
      space: 'live' as const,
      key: ['full', index] as const,
      value: 'x'.repeat(20_000),
    }))
    await store.commit([{ space: 'live', key: 'before', value: 1 }])
    const failure = await store.commit(writes).then(() => 'written', toFailure)
    const recordsThen = [...store.entries('live')].length
    const again = await store.commit(writes).then(() => 'written', toFailure)
    execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited:unlimited'])
    const afterwards = await store.commit(writes).then(() => 'written', toFailure)
    const recordsAfterwards = [...store.entries('live')].length
    await store.close()
    say({ failure, recordsThen, again, afterwards, recordsAfterwards })
  },
}

await jobs[job]?.()
