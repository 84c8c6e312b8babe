import { StoreError } from '../domain/errors.ts'
import type { Key } from './store.ts'

/** The longest text of a key, in bytes of UTF-8: what LMDB allows, less the number. */
const keyTextMaxBytes = 1_969

// Text cannot hold it, so a text sorts before itself with a number, and both before any longer text.
const separator = 0
const numberBytes = 8
const unusableText = /[\0\p{Surrogate}]/u

/**
 * A key as bytes that sort as keys do: by text, in the order of its UTF-8 bytes, then by number.
 *
 * @throws {@link StoreError} if the text is empty, longer than 1 969 bytes or not valid Unicode, or the number
 * is not finite.
 *
 * @example
 * encodeKey(['trade_1', 7])
 */
export function encodeKey(key: Key): Buffer {
  const [text, number] = typeof key === 'string' ? [key, undefined] : key
  const length = Buffer.byteLength(text)
  if (length === 0 || length > keyTextMaxBytes || unusableText.test(text)) {
    throw new StoreError('A key is empty, too long or not valid text.', {
      key: text.slice(0, 40),
      bytes: length,
      bytesMax: keyTextMaxBytes,
    })
  }
  if (number === undefined) return Buffer.from(text)
  if (!Number.isFinite(number)) throw new StoreError('The number of a key is not finite.', { key: text, number })
  const bytes = Buffer.alloc(length + 1 + numberBytes)
  bytes.write(text)
  bytes[length] = separator
  bytes.writeBigUInt64BE(sortableBits(number), length + 1)
  return bytes
}

/**
 * The key whose bytes these are.
 *
 * @example
 * decodeKey(encodeKey('trade_1')) // 'trade_1'
 */
export function decodeKey(bytes: Uint8Array): Key {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = buffer.indexOf(separator)
  if (end === -1) return buffer.toString()
  return [buffer.toString('utf8', 0, end), numberOfBits(buffer.readBigUInt64BE(end + 1))]
}

/** All keys with this text, with and without a number, lie from `start` up to but not including `end`. */
export function keyRange(text: string): { start: Buffer; end: Buffer } {
  const start = encodeKey(text)
  return { start, end: Buffer.concat([start, Buffer.of(separator + 1)]) }
}

// A double's bits sort as unsigned integers once the sign is turned round, and all of a negative's bits with it.
const view = new DataView(new ArrayBuffer(numberBytes))
const signBit = 1n << 63n
const allBits = (1n << 64n) - 1n

function sortableBits(number: number): bigint {
  // Adding zero makes one of the two zeros.
  view.setFloat64(0, number + 0)
  const bits = view.getBigUint64(0)
  return bits & signBit ? bits ^ allBits : bits | signBit
}

function numberOfBits(sortable: bigint): number {
  view.setBigUint64(0, sortable & signBit ? sortable ^ signBit : sortable ^ allBits)
  return view.getFloat64(0)
}
