import fc from 'fast-check'
import { expect, test } from 'vitest'
import { basisPoints, difference, grouped, price, quotient, rounded, short, signed } from '../../src/cli/figures.ts'

const decimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: 0, max: 18 }))
  .map(([digits, scale]) => ({ digits, scale, text: textOf(digits, scale) }))

function textOf(digits: bigint, scale: number): string {
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0')
  const point = text.length - scale
  return `${digits < 0n ? '-' : ''}${text.slice(0, point)}${scale > 0 ? `.${text.slice(point)}` : ''}`
}

function unitsOf(text: string, scale: number): bigint {
  const [whole = '', fraction = ''] = text.replace('-', '').split('.')
  const units = BigInt(whole + fraction.padEnd(scale, '0'))
  return text.startsWith('-') ? -units : units
}

test('a difference is exact, whatever the scales', () => {
  fc.assert(
    fc.property(decimal, decimal, (a, b) => {
      const expected = a.digits * 10n ** BigInt(18 - a.scale) - b.digits * 10n ** BigInt(18 - b.scale)
      expect(unitsOf(difference(a.text, b.text), 18)).toBe(expected)
    }),
  )
})

test('a difference is written without zeros at the end', () => {
  expect([difference('1.50', '0.25'), difference('2.5', '0.5'), difference('100', '0'), difference('1', '1')]).toEqual([
    '1.25',
    '2',
    '100',
    '0',
  ])
})

test('a quotient is the nearest with its number of decimals', () => {
  fc.assert(
    fc.property(decimal, decimal, fc.integer({ min: 0, max: 20 }), (a, b, decimals) => {
      fc.pre(b.digits !== 0n)
      const result = unitsOf(quotient(a.text, b.text, decimals) ?? '', decimals)
      const above = a.digits * 10n ** BigInt(b.scale + decimals)
      const below = b.digits * 10n ** BigInt(a.scale)
      const error = result * below - above
      expect(2n * (error < 0n ? -error : error) <= (below < 0n ? -below : below)).toBe(true)
    }),
  )
})

test('a quotient has all of its decimals, and none by zero', () => {
  expect([quotient('4500', '1.5', 2), quotient('1', '3', 4), quotient('-2', '3', 0), quotient('1', '0.0', 2)]).toEqual([
    '3000.00',
    '0.3333',
    '-1',
    null,
  ])
})

test('a price keeps its significant figures at every size', () => {
  expect([
    price('4487.818397', '1.5', 7),
    price('1.5', '4487.818397', 4),
    price('1', '1', 3),
    price('1', '0', 3),
    price('0', '1', 3),
  ]).toEqual(['2991.879', '0.0003342', '1.00', null, '0.0000000000000000000000000000000000000000'])
})

test('a rounded number loses its last figures and no more', () => {
  expect([rounded('0.000076552977588036', 6), rounded('0.875', 6), rounded('0', 6), rounded('1234567', 3)]).toEqual([
    '0.000076553',
    '0.875',
    '0',
    '1234567',
  ])
})

test('basis points are a ten-thousandth of the whole', () => {
  expect([basisPoints('5', '1000'), basisPoints('-0.15', '100'), basisPoints('1', '0')]).toEqual([
    '50.0',
    '-15.0',
    null,
  ])
})

test('what is no decimal is refused', () => {
  for (const text of ['', '1e5', 'NaN', '1.', '.5', '0x1']) expect(() => difference(text, '0')).toThrow(SyntaxError)
})

test('numbers and hashes are written for people', () => {
  expect([grouped(402320), grouped(999), signed('6.3'), signed('-1'), short(`0xafe7${'0'.repeat(56)}31a4`)]).toEqual([
    '402,320',
    '999',
    '+6.3',
    '-1',
    '0xafe7…31a4',
  ])
})
