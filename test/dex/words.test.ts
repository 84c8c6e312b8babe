import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addressWord, readAddress, readWord, uintWord } from '../../src/dex/words.ts'
import { addresses } from './swaps.ts'

test('a number that does not fit 32 bytes is refused, since it would move what follows it', () => {
  expect(() => uintWord(2n ** 256n)).toThrow(/2\^256/)
  expect(() => uintWord(-1n)).toThrow(/2\^256/)
  expect(uintWord(2n ** 256n - 1n)).toBe('f'.repeat(64))
})

test('an address that is not 20 bytes long is refused', () => {
  expect(() => addressWord('0x1234')).toThrow(/20 bytes/)
})

test('words that are written are read back', () => {
  const number = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n })
  const property = fc.property(number, number, (first, second) => {
    expect(readWord(`0x${uintWord(first)}${uintWord(second)}`, 1)).toBe(second)
  })
  fc.assert(property)
})

test('a word beyond the end of the data is undefined, and so is an address in a word with more than 20 bytes', () => {
  expect(readWord('0x', 0)).toBeUndefined()
  expect(readWord(`0x${'0'.repeat(63)}`, 0)).toBeUndefined()
  expect(readAddress(`0x${'f'.repeat(64)}`, 0)).toBeUndefined()
  expect(readAddress(`0x${addressWord(addresses.weth)}`, 0)).toBe(addresses.weth)
})
