import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fundsBook } from '../../src/runtime/funds.ts'
import { wallet } from '../support/orders.ts'

const native = 'native' as const

describe('the book of funds', () => {
  test('frees what no other live leg will take', () => {
    const funds = fundsBook()
    funds.note(wallet, { token: native, amount: 100n })
    funds.promise('t1/a', wallet, [{ token: native, amount: 30n }])
    funds.promise('t1/b', wallet, [{ token: native, amount: 50n }])

    expect(funds.free(wallet, native)).toBe(20n)
    expect(funds.free(wallet, native, 't1/a')).toBe(50n)
    expect(funds.balance(wallet, native)).toBe(100n)
    expect(funds.legs(wallet)).toBe(2)
  })

  test('goes by the last word of a leg, and forgets it once it is released', () => {
    const funds = fundsBook()
    funds.note(wallet, { token: native, amount: 100n })
    funds.promise('t1/a', wallet, [{ token: native, amount: 30n }])
    funds.promise('t1/a', wallet, [{ token: native, amount: 40n }])
    const promised = funds.free(wallet, native)
    funds.release('t1/a')
    funds.release('t1/a')

    expect([promised, funds.free(wallet, native)]).toEqual([60n, 100n])
    expect(funds.legs(wallet)).toBe(0)
  })

  test('knows nothing of what was never read, and nothing after it was told to forget', () => {
    const funds = fundsBook()
    const before = funds.free(wallet, native)
    funds.note(wallet, { token: native, amount: 1n })
    funds.forget(wallet)
    funds.spend(wallet, [{ token: native, amount: 1n }])

    expect([before, funds.free(wallet, native)]).toEqual([undefined, undefined])
  })

  test('ends where it began once every leg is released, whatever they promised in between', () => {
    const leg = fc.record({ key: fc.constantFrom('a', 'b', 'c'), amount: fc.bigInt({ min: 0n, max: 10n ** 20n }) })
    fc.assert(
      fc.property(fc.array(leg), (legs) => {
        const funds = fundsBook()
        funds.note(wallet, { token: native, amount: 7n })
        for (const { key, amount } of legs) funds.promise(key, wallet, [{ token: native, amount }])
        for (const key of ['a', 'b', 'c']) funds.release(key)

        expect(funds.free(wallet, native)).toBe(7n)
      }),
    )
  })
})
