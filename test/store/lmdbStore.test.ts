import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { open } from 'lmdb'
import { expect, onTestFinished, test } from 'vitest'
import { toFailure } from '../../src/domain/errors.ts'
import { inspectDataFile } from '../../src/store/lmdbFile.ts'
import { openLmdbStore } from '../../src/store/lmdbStore.ts'
import type { Write } from '../../src/store/store.ts'

const childFile = fileURLToPath(new URL('storeChild.ts', import.meta.url))

function freshDataDir(): string {
  const dataDir = mkdtempSync(join(tmpdir(), 'legwork-lmdb-'))
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }))
  return dataDir
}

/** A page of LMDB's is as large as the machine's. */
const pageBytesOf = (file: string) => readFileSync(file).readUInt32LE(48)
const dataFile = (dataDir: string) => join(dataDir, 'legwork.mdb')

async function openForTest(dataDir: string) {
  const store = await openLmdbStore(dataDir)
  onTestFinished(() => store.close())
  return store
}

/** What a child process says, line by line. It is killed at the end of the test, if it still lives. */
function startChild(job: string, dataDir: string, prefix: string[] = []) {
  const [command = '', ...args] = [...prefix, process.execPath, '--import', 'tsx', childFile, job, dataDir]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => JSON.parse((await lines.next()).value ?? 'null')
  return { child, next }
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

function record(index: number, size = 3_000): Write {
  return { space: 'live', key: `trade_${index}`, value: { state: 'confirming', padding: 'x'.repeat(size) } }
}

async function filledDataDir(records = 300): Promise<string> {
  const dataDir = freshDataDir()
  const store = await openLmdbStore(dataDir)
  await store.commit(Array.from({ length: records }, (_, index) => record(index)))
  await store.commit(
    Array.from({ length: records }, (_, index) => ({ space: 'history', key: ['trade_1', index], value: { index } })),
  )
  await store.close()
  return dataDir
}

test('what was committed is there when the store is opened again', async () => {
  const dataDir = freshDataDir()
  const store = await openLmdbStore(join(dataDir, 'made', 'when', 'missing'))
  await store.commit([record(1), { space: 'lane', key: '0xabc', value: 7 }])
  await store.close()

  const again = await openForTest(join(dataDir, 'made', 'when', 'missing'))

  expect(again.get('live', 'trade_1')).toEqual(record(1).value)
  expect(again.get('lane', '0xabc')).toBe(7)
  expect(again.get('meta', 'schema')).toBe(1)
})

test('a second open in the same process is refused, and works after a close', async () => {
  const dataDir = freshDataDir()
  const first = await openLmdbStore(dataDir)

  const refused = openLmdbStore(dataDir)

  await expect(refused).rejects.toMatchObject({
    code: 'STORE_LOCKED',
    message: expect.stringContaining(`${process.pid}`),
  })
  await first.close()
  await expect(openForTest(dataDir)).resolves.toBeDefined()
})

test('another process is refused while the store is open', async () => {
  const dataDir = freshDataDir()
  await openForTest(dataDir)

  const answer = await startChild('try', dataDir).next()

  expect(answer).toMatchObject({ code: 'STORE_LOCKED' })
})

test('a process killed outright leaves no lock behind', async () => {
  const dataDir = freshDataDir()
  const { child, next } = startChild('hold', dataDir)
  await next()
  const refused = await openLmdbStore(dataDir).catch(toFailure)

  await kill(child)
  const store = await openForTest(dataDir)

  expect(refused).toMatchObject({ code: 'STORE_LOCKED', message: expect.stringContaining(`${child.pid}`) })
  expect(store.get('live', 'held')).toBe(child.pid)
})

test('a process killed while it writes loses nothing that it had announced, and splits no commit', async () => {
  const dataDir = freshDataDir()

  for (let round = 0; round < 4; round += 1) {
    const { child, next } = startChild('count', dataDir)
    let announced = await next()
    for (const stop = 20 + round * 37; announced < stop; ) announced = await next()
    await kill(child)

    const store = await openLmdbStore(dataDir)
    const kept = store.get('lane', 'count')
    expect(kept).toBeGreaterThanOrEqual(announced)
    expect(store.get('live', 'count')).toMatchObject({ number: kept })
    expect(store.get('history', ['count', Number(kept)])).toMatchObject({ number: kept })
    expect(store.get('history', ['count', Number(kept) + 1])).toBeUndefined()
    await store.commit([{ space: 'history', key: ['count', Number(kept)], value: undefined }])
    await store.close()
    rmSync(dataFile(dataDir))
  }
})

test('a store of a newer schema is refused and not changed', async () => {
  const dataDir = freshDataDir()
  const root = open<string, Buffer>({ path: dataFile(dataDir), keyEncoding: 'binary', encoding: 'string' })
  const meta = root.openDB<string, Buffer>({ name: 'meta', keyEncoding: 'binary', encoding: 'string' })
  await meta.put(Buffer.from('schema'), '2')
  await root.close()
  const before = readFileSync(dataFile(dataDir))

  const opening = openLmdbStore(dataDir)

  await expect(opening).rejects.toMatchObject({ code: 'STORE', message: expect.stringContaining('schema: 2') })
  expect(readFileSync(dataFile(dataDir)).equals(before)).toBe(true)
})

test('a start that was cut short before there was a store does not stand in the way', async () => {
  const dataDir = freshDataDir()
  writeFileSync(`${dataFile(dataDir)}-new`, randomBytes(5_000))

  const store = await openForTest(dataDir)

  expect(store.get('meta', 'schema')).toBe(1)
  expect(readdirSync(dataDir).filter((name) => name.includes('new'))).toEqual([])
})

test('whatever is written and removed, a store that was closed is found sound', async () => {
  const steps = fc.array(
    fc.array(fc.record({ index: fc.nat(60), size: fc.nat(9_000), remove: fc.boolean() }), { maxLength: 60 }),
    { minLength: 1, maxLength: 12 },
  )
  await fc.assert(
    fc.asyncProperty(steps, async (commits) => {
      const dataDir = mkdtempSync(join(tmpdir(), 'legwork-lmdb-'))
      try {
        const store = await openLmdbStore(dataDir)
        for (const commit of commits) {
          await store.commit(
            commit.map(({ index, size, remove }) =>
              remove ? { ...record(index), value: undefined } : record(index, size),
            ),
          )
        }
        const kept = [...store.entries('live')].length
        await store.close()

        const report = inspectDataFile(dataFile(dataDir))

        expect(report.faults).toEqual([])
        expect(report.records.live).toEqual({ readable: kept, expected: kept })
      } finally {
        rmSync(dataDir, { recursive: true })
      }
    }),
    { numRuns: 25 },
  )
})

/** A store whose last pages nothing uses any more: what is left moved to pages that were given back before. */
async function dataDirWithFreeEnd(): Promise<string> {
  const dataDir = await filledDataDir(100)
  const store = await openLmdbStore(dataDir)
  const more = Array.from({ length: 400 }, (_, index) => record(1_000 + index))
  await store.commit(more)
  await store.commit(more.map((write) => ({ ...write, value: undefined })))
  for (let commit = 0; commit < 10; commit += 1) {
    await store.commit([record(commit), record(999), { space: 'history', key: ['trade_1', commit], value: commit }])
  }
  await store.close()
  return dataDir
}

test('a file shorter than its header says is sound where nothing uses the missing pages', async () => {
  // LMDB never writes the pages that a commit takes at the end of the file and gives back at once. Here such a file is made by
  // hand: free pages at its end are cut off.
  const dataDir = await dataDirWithFreeEnd()
  const file = dataFile(dataDir)
  const pages = statSync(file).size / pageBytesOf(file)

  truncateSync(file, Math.floor(pages / 2) * pageBytesOf(file))
  const answer = await startChild('try', dataDir).next()

  expect(inspectDataFile(file).faults).toEqual([])
  expect(answer).toBe('open')
})

test.each([0, 1, 100, 4_096, 8_192, 20_000, 0.5, 0.9])(
  'a store truncated to %f is reported with what can be read, and not changed',
  async (length) => {
    const dataDir = await filledDataDir()
    const size = statSync(dataFile(dataDir)).size
    truncateSync(dataFile(dataDir), length > 0 && length < 1 ? Math.floor(size * length) : length)
    const before = readFileSync(dataFile(dataDir))

    const failure = await openLmdbStore(dataDir).catch(toFailure)

    expect(failure).toMatchObject({ code: 'STORE', message: expect.stringContaining('faults: ') })
    expect(failure).toMatchObject({ message: expect.stringContaining('readable records: ') })
    expect(readFileSync(dataFile(dataDir)).equals(before)).toBe(true)
  },
)

test('a store with a damaged page says how many records are left', async () => {
  const dataDir = await filledDataDir()
  const file = dataFile(dataDir)
  const sound = readFileSync(file)
  const pageBytes = pageBytesOf(file)
  const leftAfterDamage = (page: number) => {
    const damaged = Buffer.from(sound)
    damaged.fill(0xff, page * pageBytes, (page + 1) * pageBytes)
    writeFileSync(file, damaged)
    return inspectDataFile(file).records.live?.readable ?? 0
  }
  let page = 2
  while (leftAfterDamage(page) === 300) page += 1

  const failure = await openLmdbStore(dataDir).catch(toFailure)

  const left = leftAfterDamage(page)
  expect(left).toBeGreaterThan(200)
  expect(failure).toMatchObject({
    code: 'STORE',
    message: expect.stringMatching(new RegExp(`faults: .*live.*readable records: .*live ${left} of 300`, 's')),
  })
})

test('a file that is no store at all is refused and not changed', async () => {
  const dataDir = freshDataDir()
  const garbage = randomBytes(50_000)
  writeFileSync(dataFile(dataDir), garbage)

  const opening = openLmdbStore(dataDir)

  await expect(opening).rejects.toMatchObject({ code: 'STORE' })
  expect(readFileSync(dataFile(dataDir)).equals(garbage)).toBe(true)
})

test('garbage in any one page is reported, or touches nothing that is read', async () => {
  const dataDir = await filledDataDir(60)
  const sound = readFileSync(dataFile(dataDir))
  const pageBytes = pageBytesOf(dataFile(dataDir))
  const copy = join(dataDir, 'copy')
  let refused = 0

  for (let page = 0; page < sound.length / pageBytes; page += 1) {
    const damaged = Buffer.from(sound)
    randomBytes(pageBytes).copy(damaged, page * pageBytes)
    writeFileSync(copy, damaged)
    const { faults } = inspectDataFile(copy)
    if (faults.length > 0) refused += 1
  }

  // The rest are pages that nothing uses any more.
  expect(refused).toBeGreaterThan(60)
})

test('a damaged record is an error that names it, and the others can be read', async () => {
  const dataDir = await filledDataDir(20)
  const bytes = readFileSync(dataFile(dataDir))
  // In the middle of the last long record: its page stays whole, its text does not.
  const start = bytes.lastIndexOf('{"state":"confirming"')
  const file = openSync(dataFile(dataDir), 'r+')
  writeSync(file, '#', start)
  const store = await openForTest(dataDir)

  const reads = Array.from({ length: 20 }, (_, index) => {
    try {
      return store.get('live', `trade_${index}`)
    } catch (error) {
      return toFailure(error)
    }
  })

  const failures = reads.filter((read) => read !== null && typeof read === 'object' && 'code' in read)
  expect(failures).toEqual([expect.objectContaining({ code: 'STORE', message: expect.stringContaining('trade_') })])
})

test('a disk that is full loses nothing, and takes the same writes once there is room', async () => {
  const dataDir = freshDataDir()
  // 512 blocks of 512 or 1 024 bytes, by the shell: a store fits, a megabyte does not.
  const limited = ['sh', '-c', 'ulimit -S -f 512; exec "$@"', 'sh']

  const answer = await startChild('fill', dataDir, limited).next()

  expect(answer).toMatchObject({
    failure: { code: 'STORE' },
    recordsThen: 1,
    again: { code: 'STORE' },
    afterwards: 'written',
    recordsAfterwards: 51,
  })
  const store = await openForTest(dataDir)
  expect([...store.entries('live')]).toHaveLength(51)
})

test('a data directory that cannot be made is an error that names it', async () => {
  const dataDir = freshDataDir()
  writeFileSync(join(dataDir, 'file'), '')

  const opening = openLmdbStore(join(dataDir, 'file', 'inside'))

  await expect(opening).rejects.toMatchObject({ code: 'STORE', message: expect.stringContaining('inside') })
  expect(existsSync(dataFile(dataDir))).toBe(false)
})
