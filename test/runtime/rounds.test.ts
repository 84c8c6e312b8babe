import { describe, expect, test } from 'vitest'
import type { LegContext } from '../../src/domain/leg.ts'
import type { AcceptedOrder } from '../../src/domain/trade.ts'
import { boughtOf, filledOf, restOf, shortfallOf } from '../../src/runtime/rounds.ts'
import { acceptedOrder, swapOrder } from '../support/orders.ts'

const order: AcceptedOrder = {
  ...acceptedOrder,
  amount: '200',
  venues: ['a', 'b', 'c'],
  fillPolicy: { kind: 'reallocate' },
}

/** A leg that has ended: `out` is what it filled for all of its amount; null where it failed. */
function leg(
  legId: string,
  amounts: { amount: string; quote: string; limit: string; out: string | null; purpose?: 'unwind' },
): LegContext {
  const { amount, quote, limit, out, purpose = 'fill' } = amounts
  const [venue = ''] = legId.split('#')
  const { task } = swapOrder
  if (task.kind !== 'swap') throw new Error('The swap order of the tests is no swap.')
  const swap = { ...task.swap, amount: amount as `${bigint}` }
  return {
    order: {
      ...swapOrder,
      legId,
      venue,
      purpose,
      quote: { amount: quote as `${bigint}` },
      task: { ...task, swap, limit: limit as `${bigint}` },
    },
    fill: out === null ? null : { amountIn: amount, amountOut: out },
    failure: out === null ? { code: 'SLIPPAGE', message: 'moved', retryable: true } : null,
    endedAtMs: 1,
  } as LegContext
}

describe('what is left of an order', () => {
  const dear = { amount: '100', quote: '1000', limit: '990' }
  const cheap = { amount: '100', quote: '900', limit: '891' }

  test('has to come to what the first quotes leave for it, whichever of them was filled', () => {
    const dearFailed = restOf(order, [leg('a', { ...dear, out: null }), leg('b', { ...cheap, out: '891' })], 1)
    const cheapFailed = restOf(order, [leg('a', { ...dear, out: '990' }), leg('b', { ...cheap, out: null })], 1)

    expect(dearFailed).toMatchObject({ amount: '100', bound: '990', promised: '1000', venues: ['b', 'c'] })
    expect(cheapFailed).toMatchObject({ amount: '100', bound: '891', promised: '900', venues: ['a', 'c'] })
  })

  test('keeps that over further splits', () => {
    const legs = [
      leg('a', { ...dear, out: null }),
      leg('b', { ...cheap, out: '900' }),
      leg('c#1', { amount: '60', quote: '610', limit: '600', out: '605' }),
      leg('b#1', { amount: '40', quote: '395', limit: '390', out: null }),
    ]

    const rest = restOf(order, legs, 2)

    // 990 and 891 were promised in all; 891 and 600 are accounted for.
    expect(rest).toMatchObject({ amount: '40', bound: '390', venues: ['c'] })
  })

  test('is nothing where all is filled, or no venue is left', () => {
    const all = [leg('a', { ...dear, out: '1000' }), leg('b', { ...cheap, out: '900' })]
    const none = ['a', 'b', 'c'].map((venue) => leg(venue, { ...dear, out: null }))

    expect(restOf(order, all, 1)).toBeNull()
    expect(restOf(order, none, 1)).toBeNull()
  })

  test('does not hold what was mined, though its fill could not be read', () => {
    const unread = { ...leg('a', { ...dear, out: '0' }), fill: null }
    const legs = [unread, leg('b', { ...cheap, out: null })]

    expect(filledOf(legs)).toBe(100n)
    expect(restOf(order, legs, 1)).toMatchObject({ amount: '100', venues: ['a', 'c'] })
  })
})

describe('what is to be sold back', () => {
  const bought = leg('a', { amount: '100', quote: '1000', limit: '990', out: '1000' })
  const failed = leg('b', { amount: '100', quote: '900', limit: '891', out: null })

  test('is all that was bought, once, over the venues that have not failed', () => {
    const back = leg('a#1', { amount: '1000', quote: '99', limit: '98', out: '99', purpose: 'unwind' })

    expect(boughtOf(order, [bought, failed], 1)).toMatchObject({ amount: '1000', side: 'sell', venues: ['a', 'c'] })
    expect(boughtOf(order, [bought, failed, back], 2)).toBeNull()
  })

  test('is said to be back only when all of it is', () => {
    const unwinding: AcceptedOrder = { ...order, fillPolicy: { kind: 'unwind' } }
    const all = leg('a#1', { amount: '1000', quote: '99', limit: '98', out: '99', purpose: 'unwind' })
    const part = leg('a#1', { amount: '600', quote: '59', limit: '58', out: '59', purpose: 'unwind' })

    expect(shortfallOf(unwinding, [bought, failed, all])?.code).toBe('UNWOUND')
    expect(shortfallOf(unwinding, [bought, failed, part])?.code).toBe('NOT_UNWOUND')
    expect(shortfallOf(unwinding, [bought, failed])?.code).toBe('NOT_UNWOUND')
  })
})
