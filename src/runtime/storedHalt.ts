import { StoreLockedError } from '../domain/errors.ts'
import { haltFile } from '../store/haltFile.ts'
import { openLmdbStore } from '../store/lmdbStore.ts'
import type { Store } from '../store/store.ts'
import { type Halt, haltOf, haltWrite, readHalt } from './halting.ts'
import { refuseMissing } from './storedTrades.ts'

/**
 * Halts a data directory, whether or not a process has it open: one that runs stops at the next block that it sees.
 *
 * @returns The halt that is in the store now; null where a running process has it open and is to halt by itself.
 * @throws StoreError where there is no store, or it cannot be written to.
 *
 * @example
 * await haltStore('./legwork-data', 'the oracle is wrong', Date.now())
 */
export async function haltStore(dataDir: string, reason: string | undefined, nowMs: number): Promise<Halt | null> {
  refuseMissing(dataDir)
  const halt = haltOf(reason, nowMs)
  // The file first: whoever has the store open, or opens it in between, is halted by it.
  await haltFile(dataDir).write(halt.reason ?? '')
  try {
    return await withStore(dataDir, async (store) => {
      const stored = readHalt(store)
      if (stored === null) await store.commit([haltWrite(halt)])
      return stored ?? halt
    })
  } catch (error) {
    if (error instanceof StoreLockedError) return null
    throw error
  }
}

/**
 * Releases a data directory that no process has open.
 *
 * @returns True where it was halted.
 * @throws StoreLockedError where a running process has it open: it is released there. StoreError as above.
 *
 * @example
 * await releaseStore('./legwork-data')
 */
export async function releaseStore(dataDir: string): Promise<boolean> {
  refuseMissing(dataDir)
  return withStore(dataDir, async (store) => {
    const file = haltFile(dataDir)
    const wasHalted = readHalt(store) !== null || (await file.read()) !== null
    await file.remove()
    await store.commit([haltWrite(null)])
    return wasHalted
  })
}

async function withStore<Result>(dataDir: string, use: (store: Store) => Promise<Result>): Promise<Result> {
  const store = await openLmdbStore(dataDir)
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}
