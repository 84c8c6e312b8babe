import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LimitReachedError } from '../../src/domain/errors.ts'
import { type Entry, openLedger, type Rule } from '../../src/runtime/ledger.ts'
import { memoryStore } from '../../src/store/memoryStore.ts'

const sold = { kind: 'sold', pair: 'ETH/USDC', token: 'native' } as const
const rule: Rule = { ...sold, field: 'limits[0]', pair: null, venue: null, over: 'open', windowMs: 0, amount: 100n }
const window: Rule = { ...rule, field: 'limits[1]', over: 'window', windowMs: 1_000, amount: 150n }
const ofTrade: Rule = { ...rule, field: 'limits[2]', over: 'trade', amount: 60n }

function entry(amount: bigint, more: Partial<Entry> = {}): Entry {
  return { ...sold, tradeId: 'trade', acceptedAtMs: 1, venue: 'uniswap-v2', amount, ...more }
}

describe('the ledger', () => {
  test('never lets what is reserved and spent pass a limit, whatever happens in whatever order', () => {
    const steps = fc.array(
      fc.record({
        what: fc.constantFrom('reserve', 'fill', 'fail', 'wait', 'restart'),
        leg: fc.integer({ min: 0, max: 5 }),
        amount: fc.bigInt({ min: 1n, max: 80n }),
      }),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(steps, (all) => {
        const store = new Map<string, unknown>()
        const entries = () => [...store].map(([key, value]) => ({ key, value: value as never }))
        let ledger = openLedger([rule, window, ofTrade], { entries })
        let nowMs = 0
        const open = new Map<string, Entry>()
        const spent: { amount: bigint; atMs: number; tradeId: string }[] = []
        for (const { what, leg, amount } of all) {
          const [key, tradeId] = [`trade-${leg % 3}/leg-${leg}`, `trade-${leg % 3}`]
          if (what === 'wait') nowMs += 300
          if (what === 'reserve' && !open.has(key)) {
            try {
              ledger.reserve([{ key, entry: entry(amount, { tradeId }) }], nowMs)
              open.set(key, entry(amount, { tradeId }))
            } catch (error) {
              expect(error).toBeInstanceOf(LimitReachedError)
            }
          }
          const held = open.get(key)
          if ((what === 'fill' || what === 'fail') && held !== undefined) {
            // A fill may be less than what was reserved, as with a purchase.
            const taken = what === 'fail' ? 0n : (held.amount + 1n) / 2n
            ledger.settle(key, 'sold', taken, nowMs)
            open.delete(key)
            if (taken > 0n) spent.push({ amount: taken, atMs: nowMs, tradeId })
          }
          for (const { space, key: name, value } of ledger.takeWrites(tradeId)) {
            if (space === 'spent' && value !== undefined) store.set(String(name), value)
            else store.delete(String(name))
          }
          if (what === 'restart') {
            ledger = openLedger([rule, window, ofTrade], { entries })
            for (const [name, one] of open) ledger.hold(name, one)
          }
          const sumOf = (list: Iterable<{ amount: bigint }>) => [...list].reduce((sum, one) => sum + one.amount, 0n)
          const recent = spent.filter(({ atMs }) => atMs > nowMs - 1_000)
          expect(sumOf(open.values())).toBeLessThanOrEqual(100n)
          expect(sumOf(open.values()) + sumOf(recent)).toBeLessThanOrEqual(150n)
          for (const id of ['trade-0', 'trade-1', 'trade-2']) {
            const own = [...open.values(), ...spent].filter((one) => one.tradeId === id)
            expect(sumOf(own)).toBeLessThanOrEqual(60n)
          }
          // What is free is free: nothing is counted twice, or for ever.
          const free = 100n - sumOf(open.values())
          expect(ledger.room(entry(0n), nowMs, ({ over }) => over === 'open')?.amount).toBe(free)
          const left = 150n - sumOf(open.values()) - sumOf(recent)
          expect(ledger.room(entry(0n), nowMs, ({ over }) => over === 'window')?.amount).toBe(left)
        }
      }),
    )
  })

  test('reserves all legs of a plan or none', () => {
    const ledger = openLedger([rule], memoryStore())
    const plan = [60n, 60n].map((amount, index) => ({ key: `trade/${index}`, entry: entry(amount) }))

    expect(() => ledger.reserve(plan, 0)).toThrow(LimitReachedError)
    expect(ledger.room(entry(0n), 0)?.amount).toBe(100n)
  })

  test('counts what is put back to before its end once', () => {
    const ledger = openLedger([window], memoryStore())
    ledger.reserve([{ key: 'trade/leg', entry: entry(70n) }], 0)
    ledger.settle('trade/leg', 'sold', 70n, 10)

    ledger.hold('trade/leg', entry(70n))
    const whileOpen = ledger.room(entry(0n), 10)?.amount
    ledger.settle('trade/leg', 'sold', 70n, 20)

    expect([whileOpen, ledger.room(entry(0n), 20)?.amount]).toEqual([80n, 80n])
  })

  test('lets go of what no limit reaches any more, on the disk as well', () => {
    const ledger = openLedger([window], memoryStore())
    const spend = (key: string, atMs: number) => {
      ledger.reserve([{ key, entry: entry(1n) }], atMs)
      ledger.settle(key, 'sold', 1n, atMs)
      return ledger.takeWrites('trade')
    }
    spend('trade/old', 0)

    const writes = spend('trade/new', 1_001)

    expect(writes.map(({ key, value }) => [key, value === undefined])).toEqual([
      ['trade/old 1 sold', true],
      ['trade/new 1 sold', false],
    ])
  })

  test('keeps nothing where nothing is limited', () => {
    const ledger = openLedger([], memoryStore())
    ledger.hold('trade/leg', entry(1n))

    ledger.settle('trade/leg', 'sold', 1n, 0)

    expect(ledger.isIdle).toBe(true)
    expect(ledger.takeWrites('trade')).toEqual([])
  })

  test('counts what an earlier trade of the same id spent', () => {
    const ledger = openLedger([window], memoryStore())
    ledger.reserve([{ key: 'trade/leg', entry: entry(100n) }], 0)
    ledger.settle('trade/leg', 'sold', 100n, 10)

    const again = [{ key: 'trade/leg', entry: entry(100n, { acceptedAtMs: 20 }) }]

    expect(() => ledger.reserve(again, 30)).toThrow(LimitReachedError)
    ledger.hold('trade/leg', entry(50n, { acceptedAtMs: 20 }))
    expect(ledger.room(entry(0n), 30)?.amount).toBe(0n)
  })

  test('takes back on the disk what a leg that is put back had spent', () => {
    const ledger = openLedger([window], memoryStore())
    ledger.reserve([{ key: 'trade/leg', entry: entry(70n) }], 0)
    ledger.settle('trade/leg', 'sold', 70n, 10)

    ledger.hold('trade/leg', entry(70n))
    ledger.settle('trade/leg', 'sold', 0n, 20)

    expect(ledger.takeWrites('trade').at(-1)).toMatchObject({ key: 'trade/leg 1 sold', value: undefined })
    expect(ledger.room(entry(0n), 20)?.amount).toBe(150n)
  })
})
