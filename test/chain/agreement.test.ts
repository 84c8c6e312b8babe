import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { agreedCount, bestHead, isBehind } from '../../src/chain/agreement.ts'

const headsOf = (...numbers: number[]) => numbers.map((number, index) => ({ number, index }))

describe('the best head', () => {
  test.each([
    [[], undefined],
    [[7], 7],
    [[7, 900], 900],
    [[7, 8, 6], 8],
    [[7, 23, 6], 23],
    [[7, 24, 6], 7],
    [[24, 24, 6], 24],
  ])('of %j is %j', (numbers, expected) => {
    expect(bestHead(headsOf(...numbers))?.number).toBe(expected)
  })

  test('is the first of equals: two forks do not take turns', () => {
    expect(bestHead(headsOf(5, 9, 9))?.index).toBe(1)
  })

  test('is never what one endpoint of three or more makes up', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(10), { minLength: 2, maxLength: 6 }), fc.nat(1_000_000), (honest, lie) => {
        const best = bestHead(headsOf(...honest, 100 + lie))

        expect(best?.number).toBe(Math.max(...honest))
      }),
    )
  })
})

test.each([
  [8, 8, false],
  [6, 8, false],
  [5, 8, true],
  [9, 8, false],
  [8, 0, false],
])('block %i is behind %i: %j', (number, best, expected) => {
  expect(isBehind(number, best)).toBe(expected)
})

test('no endpoint alone raises a count of three or more, and a lagging one lowers none', () => {
  fc.assert(
    fc.property(fc.nat(50), fc.nat(50), fc.nat(50), (actual, less, more) => {
      const low = Math.max(0, actual - less)

      expect(agreedCount([actual, actual + more, actual])).toBe(actual)
      expect(agreedCount([actual, low, actual])).toBe(actual)
      expect(agreedCount([low, actual])).toBe(actual)
    }),
  )
  expect(agreedCount([])).toBeUndefined()
})
