import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { endianness } from 'node:os'
import { dirname, join } from 'node:path'
import { type Database, open, type RootDatabase } from 'lmdb'
import { StoreError } from '../domain/errors.ts'
import { openCommitQueue } from './commitQueue.ts'
import { lockDataDir } from './dataDirLock.ts'
import { inspectDataFile } from './lmdbFile.ts'
import { decodeValue, type EncodedWrite, encodeWrites } from './record.ts'
import { decodeKey, encodeKey, keyRange } from './recordKey.ts'
import { type Space, type Store, spaces } from './store.ts'

/** The store's file in its data directory. */
export const storeFile = 'legwork.mdb'

/** The version of the records' layout. A store of a higher one is left alone. */
const schema = 1
const schemaKey = encodeKey('schema')

/** They only grow; opening must not take longer for it. */
const bulkySpaces: readonly Space[] = ['ended', 'history']

type Databases = Readonly<Record<Space, Database<string, Buffer>>>

/**
 * Opens the store in a data directory, or makes one.
 *
 * @throws {@link StoreLockedError} if somebody else has the directory open.
 * @throws {@link StoreError} if the store is damaged or from a newer version; nothing in it was changed.
 *
 * @example
 * const store = await openLmdbStore('./legwork-data')
 */
export async function openLmdbStore(dataDir: string): Promise<Store> {
  const unlock = lockDataDir(dataDir)
  try {
    const path = join(dataDir, storeFile)
    if (!existsSync(path)) await createStore(path)
    refuseDamaged(path)
    return lmdbStore(await openEnvironment(path), unlock)
  } catch (error) {
    unlock()
    if (error instanceof StoreError) throw error
    throw new StoreError('The store cannot be opened.', { dataDir }, error)
  }
}

interface Environment {
  readonly root: RootDatabase<string, Buffer>
  readonly databases: Databases
}

/** Made beside its place and moved there whole: a file that is in its place and empty has been truncated. */
async function createStore(path: string): Promise<void> {
  const draft = `${path}-new`
  rmSync(draft, { force: true })
  const { root, databases } = openDatabases(draft)
  await root.batch(() => {
    databases.meta.put(schemaKey, JSON.stringify(schema))
  })
  await root.close()
  rmSync(`${draft}-lock`, { force: true })
  renameSync(draft, path)
  syncDirectory(dirname(path))
}

/** The name of a file is kept by its directory: without this a power failure may lose the file with all that is in it. */
function syncDirectory(path: string): void {
  if (process.platform === 'win32') return
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function refuseDamaged(path: string): void {
  // The file is laid out differently on other machines; there LMDB's own checks must do.
  if (endianness() !== 'LE' || !['x64', 'arm64'].includes(process.arch)) return
  const { faults, records } = inspectDataFile(path, bulkySpaces)
  if (faults.length === 0) return
  const readable = Object.entries(records).map(([name, count]) => `${name} ${count.readable} of ${count.expected}`)
  throw new StoreError(
    'The store is damaged. It was not changed: restore it from a backup, or keep it for inspection.',
    {
      file: path,
      faults: faults.join('; '),
      'readable records': readable.join(', ') || 'none',
    },
  )
}

async function openEnvironment(path: string): Promise<Environment> {
  // First this one alone: to open the others may add them.
  const root = openRoot(path)
  const text = openDatabase(root, 'meta').get(schemaKey)
  if (text !== JSON.stringify(schema)) {
    await root.close()
    throw new StoreError('The store is from a version that this one cannot read. It was not changed.', {
      file: path,
      schema: text ?? 'none',
      'schema of this version': schema,
    })
  }
  return { root, databases: databasesOf(root) }
}

function openDatabases(path: string): Environment {
  const root = openRoot(path)
  return { root, databases: databasesOf(root) }
}

function openRoot(path: string): RootDatabase<string, Buffer> {
  return open<string, Buffer>({
    path,
    noSubdir: true,
    keyEncoding: 'binary',
    encoding: 'string',
    // A commit is visible only once it is on disk, and one that fails leaves nothing behind. With one commit in flight at a
    // time there is nothing to overlap.
    overlappingSync: false,
    eventTurnBatching: false,
  })
}

function openDatabase(root: RootDatabase<string, Buffer>, name: Space): Database<string, Buffer> {
  return root.openDB<string, Buffer>({ name, keyEncoding: 'binary', encoding: 'string' })
}

function databasesOf(root: RootDatabase<string, Buffer>): Databases {
  return Object.fromEntries(spaces.map((space) => [space, openDatabase(root, space)])) as Databases
}

function lmdbStore({ root, databases }: Environment, unlock: () => void): Store {
  const queue = openCommitQueue((writes) => writeBatch(root, databases, writes))
  let closing: Promise<void> | undefined

  /** LMDB's own answer to a read after its end can be a crash. */
  function database(space: Space): Database<string, Buffer> {
    if (closing !== undefined) throw new StoreError('The store is closed.')
    return databases[space]
  }

  return {
    get(space, key) {
      const text = database(space).get(encodeKey(key))
      return text === undefined ? undefined : decodeValue(space, key, text)
    },

    *entries(space, prefix) {
      const range = database(space).getRange(prefix === undefined ? {} : keyRange(prefix))
      for (const { key: bytes, value: text } of range) {
        const key = decodeKey(bytes)
        yield { key, value: decodeValue(space, key, text) }
        database(space)
      }
    },

    async commit(writes) {
      if (closing !== undefined) throw new StoreError('The store is closed.')
      await queue.commit(encodeWrites(writes))
    },

    close() {
      closing ??= queue
        .drain()
        .then(() => root.close())
        .then(unlock)
      return closing
    },
  }
}

/** One transaction. Keys and values are checked before: an error in the middle would commit the half. */
async function writeBatch(
  root: RootDatabase<string, Buffer>,
  databases: Databases,
  writes: readonly EncodedWrite[],
): Promise<void> {
  try {
    await root.batch(() => {
      for (const { space, key, text } of writes) {
        if (text === undefined) databases[space].remove(key)
        else databases[space].put(key, text)
      }
    })
  } catch (error) {
    throw new StoreError('The disk refuses to write. Nothing was written.', {}, await commitError(error))
  }
}

/** LMDB's reason comes with its error as a promise, which ends the process if nobody takes it. */
async function commitError(error: unknown): Promise<unknown> {
  if (!(error instanceof Error && 'commitError' in error)) return error
  const reason = Promise.resolve(error.commitError).catch((cause: unknown) => cause)
  const nothing = new Promise((resolve) => setImmediate(resolve, error))
  return Promise.race([reason, nothing])
}
