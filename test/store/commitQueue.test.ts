import { expect, test } from 'vitest'
import { StoreError } from '../../src/domain/errors.ts'
import { openCommitQueue } from '../../src/store/commitQueue.ts'
import { type EncodedWrite, encodeWrites } from '../../src/store/record.ts'

const write = (key: string) => encodeWrites([{ space: 'live', key, value: 1 }])

/** A disk that takes each group when it is told to. */
function manualDisk() {
  const groups: string[][] = []
  const settlers: { resolve: () => void; reject: (error: unknown) => void }[] = []
  return {
    groups,
    settlers,
    write: (writes: readonly EncodedWrite[]) =>
      new Promise<void>((resolve, reject) => {
        groups.push(writes.map(({ key }) => key.toString()))
        settlers.push({ resolve, reject })
      }),
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('what is asked for while a commit is in flight goes together in the next', async () => {
  const disk = manualDisk()
  const queue = openCommitQueue(disk.write)

  const all = ['a', 'b', 'c'].map((key) => queue.commit(write(key)))
  await turn()
  const inFlight = [...disk.groups]
  disk.settlers[0]?.resolve()
  await turn()
  disk.settlers[1]?.resolve()
  await Promise.all(all)

  expect(inFlight).toEqual([['a']])
  expect(disk.groups).toEqual([['a'], ['b', 'c']])
})

test('a commit that fails leaves the next ones to go on', async () => {
  const disk = manualDisk()
  const queue = openCommitQueue(disk.write)
  const failing = queue.commit(write('a'))
  const working = queue.commit(write('b'))

  disk.settlers[0]?.reject(new StoreError('The disk is full.'))
  await expect(failing).rejects.toMatchObject({ code: 'STORE' })
  disk.settlers[1]?.resolve()

  await expect(working).resolves.toBeUndefined()
  await expect(queue.drain()).resolves.toBeUndefined()
})

test('a disk that does not answer fails all that waits, and whatever comes after', async () => {
  const disk = manualDisk()
  const queue = openCommitQueue(disk.write, 20)

  const results = await Promise.allSettled([queue.commit(write('a')), queue.commit(write('b'))])

  expect(results).toMatchObject([
    { status: 'rejected', reason: { code: 'STORE' } },
    { status: 'rejected', reason: { code: 'STORE' } },
  ])
  await expect(queue.commit(write('c'))).rejects.toMatchObject({ code: 'STORE' })
  await expect(queue.drain()).rejects.toMatchObject({ code: 'STORE' })
  expect(disk.groups).toEqual([['a']])
})

test('the queue has an end', async () => {
  const disk = manualDisk()
  const queue = openCommitQueue(disk.write, 20)

  const results = await Promise.allSettled(Array.from({ length: 10_002 }, () => queue.commit(write('a'))))

  expect(results.at(-1)).toMatchObject({ reason: { message: expect.stringContaining('Too many') } })
})
