import { type Halt, StoreLockedError } from '../index.ts'
import { haltStore, releaseStore } from '../runtime/storedHalt.ts'
import { exitCodes, type Io } from './io.ts'

/** `legwork halt` and `legwork release`. */
export interface HaltOptions {
  readonly dataDir: string
  readonly reason?: string
}

/**
 * Halts a store, and the process that has it open if there is one.
 *
 * @throws StoreError where there is no store, or it cannot be written to.
 *
 * @example
 * await halt({ dataDir: './legwork-data', reason: 'the oracle is wrong' }, io)
 */
export async function halt({ dataDir, reason }: HaltOptions, { out }: Io): Promise<number> {
  const stored = await haltStore(dataDir, reason, Date.now())
  if (stored === null) {
    out.write('A process has this store open: it halts at the next block that it sees, and stays halted.\n')
    out.write('It goes on by its own release(), or once it is stopped, by: legwork release\n')
  } else {
    out.write(`Halted ${haltText(stored)}.\n`)
    out.write('Who opens this store only ends its trades, and takes no orders, until: legwork release\n')
  }
  return exitCodes.ok
}

/**
 * Lets a halted store trade again.
 *
 * @returns The exit code: 0 released, 1 where a running process has it open.
 * @throws StoreError where there is no store, or it cannot be written to.
 *
 * @example
 * await release({ dataDir: './legwork-data' }, io)
 */
export async function release({ dataDir }: HaltOptions, { out, err }: Io): Promise<number> {
  try {
    const wasHalted = await releaseStore(dataDir)
    out.write(wasHalted ? 'Released: orders are taken again.\n' : 'It was not halted.\n')
    return exitCodes.ok
  } catch (error) {
    if (!(error instanceof StoreLockedError)) throw error
    err.write(
      `${error.message}\nNothing was changed: it is released by that process’s own release(), or once it is stopped.\n`,
    )
    return exitCodes.failed
  }
}

/**
 * Since when, and why.
 *
 * @example
 * haltText({ reason: 'a test', atMs: 0 }) // 'since 1970-01-01T00:00:00.000Z: a test'
 */
export function haltText({ reason, atMs }: Halt): string {
  return `since ${new Date(atMs).toISOString()}: ${reason ?? 'no reason was given'}`
}
