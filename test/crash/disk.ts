import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Database, open, type RootDatabase } from 'lmdb'
import { pathOf } from '../../src/runtime/runner.ts'
import { encodeKey } from '../../src/store/recordKey.ts'

/** Another process's store, read while that process writes it, or after it was killed. */
export interface Disk {
  /** True where the record of a live trade, or of a gap that is being closed, has exactly these bytes. */
  hasBytes(raw: string): boolean
  /** Where each leg of the live trades stands. */
  legStates(): string[]
  /** The highest nonce on record, or null. */
  laneMark(wallet: string): number | null
  close(): Promise<void>
}

interface Opened {
  readonly root: RootDatabase<string, Buffer>
  readonly live: Database<string, Buffer>
  readonly lane: Database<string, Buffer>
  /** Undefined where the store has none. */
  readonly gap: Database<string, Buffer> | undefined
}

/** Looks into a data directory. Nothing is opened before the first look, when its owner must have made it. */
export function openDisk(dataDir: string): Disk {
  const path = join(dataDir, 'legwork.mdb')
  let opened: Opened | undefined

  /** What is committed at this very moment. */
  function fresh(): Opened | undefined {
    if (opened === undefined && existsSync(path)) opened = openFile(path)
    opened?.root.resetReadTxn()
    return opened
  }

  function textsOf(space: 'live' | 'gap'): string[] {
    return [...(fresh()?.[space]?.getRange() ?? [])].map(({ value }) => value)
  }

  return {
    hasBytes: (raw) => [...textsOf('live'), ...textsOf('gap')].some((text) => text.includes(`"${raw}"`)),
    legStates: () => textsOf('live').flatMap(statesOf),
    laneMark(wallet) {
      const text = fresh()?.lane.get(encodeKey(wallet))
      return text === undefined ? null : Number(text)
    },
    async close() {
      await opened?.root.close()
      opened = undefined
    },
  }
}

function openFile(path: string): Opened {
  const binary = { keyEncoding: 'binary', encoding: 'string' } as const
  const root = open<string, Buffer>({ path, noSubdir: true, readOnly: true, ...binary })
  const space = (name: string): Database<string, Buffer> => root.openDB({ name, ...binary })
  return { root, live: space('live'), lane: space('lane'), gap: space('gap') as Database<string, Buffer> | undefined }
}

function statesOf(text: string): string[] {
  const { snapshot } = JSON.parse(text) as { snapshot: { children: Record<string, { snapshot: { value: unknown } }> } }
  return Object.values(snapshot.children).map((leg) => pathOf(leg.snapshot.value))
}
