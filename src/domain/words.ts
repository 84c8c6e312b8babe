import { InvalidAmountError, InvalidOrderError } from './errors.ts'
import type { Hex } from './hex.ts'

// The venues' calls have fixed shapes: a selector and 32-byte words. Joining words is many times faster than an ABI
// encoder, and a swap is encoded for every order. The tests compare each shape with an ABI encoder, byte for byte.

const wordDigits = 64
const addressLength = 42
const uintLimit = 2n ** 256n

/**
 * A whole number as one ABI word: 64 hexadecimal digits, without 0x.
 *
 * @throws {@link InvalidAmountError} if it does not fit a uint256.
 *
 * @example
 * uintWord(1n) // '000…001'
 */
export function uintWord(value: bigint): string {
  if (value < 0n || value >= uintLimit) {
    throw new InvalidAmountError('The number must be from 0 to 2^256 - 1.', { number: `${value}` })
  }
  return value.toString(16).padStart(wordDigits, '0')
}

/**
 * An address as one ABI word: 64 hexadecimal digits, without 0x.
 *
 * @throws {@link InvalidOrderError} if it is not 20 bytes long.
 *
 * @example
 * addressWord('0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2') // '000…0c02aaa39b223fe8d0a0e5c4f27ead9083c756cc2'
 */
export function addressWord(address: Hex): string {
  // A shorter or longer text would move every word after it.
  if (address.length !== addressLength) throw new InvalidOrderError('An address must have 20 bytes.', { address })
  return `000000000000000000000000${address.slice(2)}`
}

/**
 * One word of what a contract returned, as a number; undefined where the data ends before it.
 *
 * @param index - Which word, from 0.
 *
 * @example
 * readWord('0x000…02a', 0) // 42n
 */
export function readWord(data: Hex, index: number): bigint | undefined {
  const start = 2 + index * wordDigits
  const end = start + wordDigits
  return data.length < end ? undefined : BigInt(`0x${data.slice(start, end)}`)
}

/**
 * One word of what a contract returned, as an address in lower case; undefined where it holds none.
 *
 * @example
 * readAddress('0x000…0c02aaa39b223fe8d0a0e5c4f27ead9083c756cc2', 0) // '0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2'
 */
export function readAddress(data: Hex, index: number): Hex | undefined {
  const word = readWord(data, index)
  if (word === undefined || word >= 2n ** 160n) return undefined
  return `0x${word.toString(16).padStart(addressLength - 2, '0')}`
}
