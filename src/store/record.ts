import { StoreError } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import { encodeKey } from './recordKey.ts'
import type { Key, Space, Write } from './store.ts'

/** A write as it is kept: `text` is the value as JSON, undefined where the record goes. */
export interface EncodedWrite {
  readonly space: Space
  readonly key: Buffer
  readonly text: string | undefined
}

/**
 * Writes as they are kept, all checked before any of them begins.
 *
 * @throws {@link StoreError} if a key cannot be kept, or a value is not JSON.
 *
 * @example
 * encodeWrites([{ space: 'live', key: 'trade_1', value: { state: 'preparing' } }])
 */
export function encodeWrites(writes: readonly Write[]): EncodedWrite[] {
  return writes.map(({ space, key, value }) => ({
    space,
    key: encodeKey(key),
    text: value === undefined ? undefined : encodeValue(space, key, value),
  }))
}

/**
 * The value that a record's text stands for.
 *
 * @throws {@link StoreError} if it is damaged.
 *
 * @example
 * decodeValue('live', 'trade_1', '{"state":"preparing"}') // { state: 'preparing' }
 */
export function decodeValue(space: Space, key: Key, text: string): Json {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new StoreError('A record is damaged and cannot be read.', { space, key: `${key}` }, error)
  }
}

function encodeValue(space: Space, key: Key, value: Json): string {
  try {
    const text: string | undefined = JSON.stringify(value)
    if (text !== undefined) return text
  } catch {
    // Reported below: a bigint, or an object that holds itself.
  }
  throw new StoreError('A value is not JSON.', { space, key: `${key}` })
}
