import { StoreError, StoreLockedError } from '../../src/domain/errors.ts'
import type { Json } from '../../src/domain/json.ts'
import { type Key, type Space, type Store, spaces, type Write } from '../../src/store/store.ts'
import type { Incarnation } from './incarnation.ts'
import type { World } from './world.ts'

/** What survives the process. */
export interface Disk {
  /** @throws StoreLockedError where another process has it open. */
  open(by: Incarnation): Promise<Store>
  /** The process is dead: what it was writing is there as a whole or not at all, and its lock is gone. */
  release(by: Incarnation): void
  /** Told of every text that has just become safe. */
  onSafe(listener: (text: string) => void): void
  isLocked(): boolean
  /** The highest nonce that is on it for a wallet; -1 where there is none. */
  markOf(wallet: string): number
  /** Nonces that belong to no leg are being used up. */
  hasGaps(): boolean
  /** The records of what has not ended. */
  liveTexts(): readonly string[]
  /** Keeps a copy of all that is on it now. */
  backUp(): void
  /** Puts the copy in the place of what there is. Returns the trades that were live in it, null where there is no copy. */
  restore(): readonly string[] | null
  isFull: boolean
}

type Records = Record<Space, Map<string, string>>

const numberDigits = 16

/** An empty disk. */
export function openDisk(world: World): Disk {
  const { faults, scenarios, story } = world
  const random = world.random('disk')
  const records = Object.fromEntries(spaces.map((space) => [space, new Map()])) as Records
  // The keys of one name: a trade's history is asked for by it.
  const byName = new Map<string, Set<string>>()
  let copy: (readonly (readonly [string, string])[])[] | null = null
  let owner: Incarnation | null = null
  let underWay: (() => void) | null = null
  let onSafe: (text: string) => void = () => {}

  function nameKey(space: Space, key: string): Set<string> {
    const place = `${space} ${decode(key)[0]}`
    const named = byName.get(place) ?? new Set()
    byName.set(place, named)
    return named.add(key)
  }

  function write(writes: readonly EncodedWrite[]): void {
    for (const { space, key, text } of writes) {
      const named = nameKey(space, key)
      if (text === undefined) {
        records[space].delete(key)
        named.delete(key)
      } else {
        records[space].set(key, text)
        onSafe(text)
      }
    }
  }

  function commit(writes: readonly Write[], by: Incarnation): Promise<void> {
    const encoded = writes.map(encode)
    return new Promise((resolve, reject) => {
      const apply = (): void => write(encoded)
      underWay = apply
      by.at(random.int(1, random.chance(0.05) ? 400 : 8), () => {
        underWay = null
        if (disk.isFull) {
          faults.note('diskFull')
          scenarios.note('12 disk refuses')
          story.tell('disk', () => 'refuses a commit')
          return reject(new StoreError('The disk is full.'))
        }
        apply()
        story.tell(
          'disk',
          () => `commit ${encoded.map(({ space, key }) => `${space}/${key.replace('\0', '#')}`).join(' ')}`,
        )
        by.notice('committed')
        resolve()
      })
    })
  }

  function* entries(space: Space, prefix: string | undefined): Generator<{ key: Key; value: Json }> {
    if (records[space] === undefined) return
    const keys = [...(prefix === undefined ? records[space].keys() : (byName.get(`${space} ${prefix}`) ?? []))].sort()
    // Nothing may rest on that live trades keep their places.
    for (const key of space === 'live' ? random.shuffled(keys) : keys) {
      const text = records[space].get(key)
      if (text === undefined) continue
      const [name, number] = decode(key)
      yield { key: number === undefined ? name : [name, number], value: JSON.parse(text) }
    }
  }

  const disk: Disk = {
    isFull: false,
    isLocked: () => owner !== null,
    markOf: (wallet) => Number(records.lane.get(wallet) ?? -1),
    hasGaps: () => records.gap.size > 0,
    liveTexts: () => [...records.live.values()],
    backUp() {
      copy = spaces.map((space) => [...records[space]])
    },
    restore() {
      if (copy === null) return null
      spaces.forEach((space, index) => {
        records[space].clear()
        for (const [key, text] of copy?.[index] ?? []) records[space].set(key, text)
      })
      byName.clear()
      for (const space of spaces) for (const key of records[space].keys()) nameKey(space, key)
      copy = null
      return [...records.live.keys()]
    },
    async open(by) {
      if (owner !== null) throw new StoreLockedError('Another process has this dataDir open.')
      owner = by
      return {
        get(space, key) {
          const text = records[space].get(encodeKey(key))
          return text === undefined ? undefined : JSON.parse(text)
        },
        entries,
        commit: (writes) => commit(writes, by),
        async close() {
          if (owner === by) owner = null
        },
      }
    },
    release(by) {
      if (owner !== by) return
      owner = null
      if (underWay !== null && !disk.isFull && random.chance(0.5)) {
        story.tell('disk', () => 'the commit under way is there all the same')
        underWay()
      }
      underWay = null
    },
    onSafe(listener) {
      onSafe = listener
    },
  }
  return disk
}

interface EncodedWrite {
  readonly space: Space
  readonly key: string
  readonly text: string | undefined
}

function encode({ space, key, value }: Write): EncodedWrite {
  return { space, key: encodeKey(key), text: value === undefined ? undefined : JSON.stringify(value) }
}

function encodeKey(key: Key): string {
  return typeof key === 'string' ? key : `${key[0]}\0${String(key[1]).padStart(numberDigits, '0')}`
}

function decode(key: string): [name: string, number: number | undefined] {
  const [name = '', number] = key.split('\0')
  return [name, number === undefined ? undefined : Number(number)]
}
