import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { tryLock } from 'fs-native-extensions'
import { StoreError, StoreLockedError } from '../domain/errors.ts'

const lockFile = 'legwork.lock'

/**
 * Makes this the only user of a data directory, which is created if it is missing.
 *
 * The lock is the operating system's: the kernel takes it back when the process ends, however it ends, so a file that is
 * left over locks nobody out.
 *
 * @returns Gives the directory back.
 * @throws {@link StoreLockedError} if somebody else has it, in this process or another.
 * @throws {@link StoreError} if the directory cannot be written to.
 *
 * @example
 * const unlock = lockDataDir('./legwork-data')
 */
export function lockDataDir(dataDir: string): () => void {
  const path = join(dataDir, lockFile)
  const fd = openLockFile(dataDir, path)
  try {
    if (!tryLock(fd)) {
      throw new StoreLockedError('Another process has this data directory open.', { dataDir, holder: holderOf(path) })
    }
    // For the one who is refused: whom to look for.
    ftruncateSync(fd)
    writeSync(fd, `process ${process.pid}\n`)
  } catch (error) {
    closeSync(fd)
    if (error instanceof StoreLockedError) throw error
    throw new StoreError('The data directory cannot be locked.', { dataDir }, error)
  }
  let held = true
  return () => {
    // Once: the number of a closed descriptor soon belongs to another file.
    if (held) closeSync(fd)
    held = false
  }
}

function openLockFile(dataDir: string, path: string): number {
  try {
    mkdirSync(dataDir, { recursive: true })
    return openSync(path, 'a+', 0o600)
  } catch (error) {
    throw new StoreError('The data directory cannot be written to.', { dataDir }, error)
  }
}

function holderOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim() || 'unknown'
  } catch {
    // Windows does not let others read what is locked.
    return 'unknown'
  }
}
