import { open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StoreError } from '../domain/errors.ts'

/** A file in the data directory by which anybody who may write there stops the process that has the store open. */
export interface HaltFile {
  /** Its first line, empty where that cannot be read; null where there is no such file. @throws StoreError where nobody can tell. */
  read(): Promise<string | null>
  /** @throws StoreError where it cannot be written. */
  write(reason: string): Promise<void>
  /** One that is not there is a success. @throws StoreError where it stays. */
  remove(): Promise<void>
}

const fileName = 'HALT'

/** More of a line is no reason any more. */
const readMaxBytes = 1_024

/**
 * The halt file of a data directory. By hand it is made with `echo reason > HALT`.
 *
 * @example
 * await haltFile('./legwork-data').read() // null
 */
export function haltFile(dataDir: string): HaltFile {
  const path = join(dataDir, fileName)
  const draft = `${path}-new`

  return {
    async read() {
      // Needs no descriptor: a process that has none left can still be stopped.
      if (!(await isThere(path))) return null
      // That it is there is what counts.
      return await firstLine(path).catch(() => '')
    },

    async write(reason) {
      try {
        // Moved to its place whole: nobody reads the half of it.
        await writeFile(draft, `${reason}\n`, { flush: true })
        await rename(draft, path)
      } catch (error) {
        throw new StoreError('The halt file cannot be written.', { path }, error)
      }
    },

    async remove() {
      try {
        await rm(path, { force: true })
      } catch (error) {
        throw new StoreError('The halt file cannot be removed.', { path }, error)
      }
    },
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw new StoreError('Whether there is a halt file cannot be seen.', { path }, error)
  }
}

async function firstLine(path: string): Promise<string> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(readMaxBytes), 0, readMaxBytes, 0)
    const [line = ''] = buffer.toString('utf8', 0, bytesRead).split(/\r?\n/, 1)
    return line.trim()
  } finally {
    await file.close()
  }
}
