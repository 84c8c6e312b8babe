import { expect, test } from 'vitest'
import { uniswapV3 } from '../../src/dex/uniswapV3.ts'
import { poolBook } from '../../src/runtime/poolBook.ts'
import { MemoryBank } from '../../src/store/memoryBank.ts'
import { addresses, swapOf } from '../dex/swaps.ts'

const { router, quoter, weth: wrappedNative, factory, pool } = addresses
const venue = { id: 'uniswap-v3', kind: 'uniswapV3', router, quoter } as const
const dex = uniswapV3(venue, { wrappedNative, factory, generation: 'SwapRouter02' })
const pair = swapOf()
const pools = [{ id: pool, route: '500', address: pool }]
const fiveMinutesMs = 300_000
const dayMs = 86_400_000

function open() {
  let nowMs = 1_000_000
  const bank = new MemoryBank({ now: () => nowMs })
  return {
    book: poolBook(bank),
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

test('pools that a venue is sure of are kept for a day, and that there are none for five minutes', () => {
  const { book, pass } = open()
  const back = { tokenIn: pair.tokenOut, tokenOut: pair.tokenIn }
  book.note(dex, pair, { pools, isSure: true })
  book.note(dex, back, { pools: [], isSure: true })

  const atOnce = [book.find(dex, pair), book.find(dex, back)]
  pass(fiveMinutesMs)
  const later = [book.find(dex, pair), book.find(dex, back)]
  pass(dayMs)

  expect(atOnce).toEqual([pools, []])
  expect(later).toEqual([pools, undefined])
  expect(book.find(dex, pair)).toBeUndefined()
})

test('pools that may not be all are kept for five minutes: one bad answer hides none for a day', () => {
  const { book, pass } = open()
  book.note(dex, pair, { pools, isSure: false })

  const atOnce = book.find(dex, pair)
  pass(fiveMinutesMs)

  expect(atOnce).toEqual(pools)
  expect(book.find(dex, pair)).toBeUndefined()
})
