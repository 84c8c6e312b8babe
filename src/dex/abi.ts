import type { Hex } from '../domain/hex.ts'
import { readWord, uintWord } from './words.ts'

const wordDigits = 64
const bytesPerWord = 32

/**
 * `bytes` behind its offset: its length, then the bytes, filled up to whole words. Without 0x, like the words.
 *
 * @example
 * bytesWords('10') // '000…0011000…000'
 */
export function bytesWords(bytes: string): string {
  return uintWord(BigInt(bytes.length / 2)) + bytes.padEnd(Math.ceil(bytes.length / wordDigits) * wordDigits, '0')
}

/**
 * `bytes[]` behind its offset: its length, an offset for each element, then the elements. Without 0x.
 *
 * @example
 * bytesArray(['10', '1004']).length / 64 // 7
 */
export function bytesArray(elements: readonly string[]): string {
  let heads = ''
  let bodies = ''
  for (const element of elements) {
    heads += uintWord(BigInt(elements.length * bytesPerWord + bodies.length / 2))
    bodies += bytesWords(element)
  }
  return uintWord(BigInt(elements.length)) + heads + bodies
}

/**
 * One word of what a contract returned, as a number that may be negative; undefined where the data ends before it.
 *
 * @param index - Which word, from 0.
 *
 * @example
 * readInt('0xfff…fff', 0) // -1n
 */
export function readInt(data: Hex, index: number): bigint | undefined {
  const word = readWord(data, index)
  return word === undefined ? undefined : BigInt.asIntN(256, word)
}
