import { beforeAll, describe, expect, test } from 'vitest'
import type { Dex, SwapTerms } from '../../src/dex/dex.ts'
import { openDex } from '../../src/dex/openDex.ts'
import { decodeRevert } from '../../src/dex/reverts.ts'
import { supportingRoute } from '../../src/dex/uniswapV2.ts'
import { type BaseUnits, baseUnits } from '../../src/domain/amount.ts'
import type { Swap } from '../../src/domain/swap.ts'
import type { Token } from '../../src/domain/token.ts'
import { useWorld } from '../support/anvil.ts'
import { measured } from './measured.ts'
import { type Trader, traderIn } from './trader.ts'

// A token that keeps a hundredth of every transfer, at a pool of Uniswap V2.

const world = useWorld({ mining: 'manual' })
let dex: Dex
let trader: Trader

beforeAll(async () => {
  trader = traderIn(world())
  dex = await openDex(world().venues[0], trader)
  await trader.wrap(token('WETH'), 10n ** 19n)
  for (const spender of dex.spenders) {
    for (const name of ['WETH', 'TAX'] as const) await trader.approve(token(name), spender)
  }
})

function token(symbol: 'ETH' | 'WETH' | 'TAX'): Token {
  return { symbol, address: world().tokens[symbol], decimals: 18 }
}

function sale(from: Parameters<typeof token>[0], to: Parameters<typeof token>[0]): Swap {
  const amount = from === 'TAX' ? '3000000000000000000007' : '1000000000000000007'
  return { wallet: trader.address, side: 'sell', amount, tokenIn: token(from), tokenOut: token(to) }
}

async function termsOf(swap: Swap, limit: BaseUnits, route?: string): Promise<SwapTerms> {
  const { reads, answer } = dex.quoteRequest(swap)
  const { amount } = answer(await trader.read(reads))
  return { quote: route === undefined ? { amount } : { amount, route }, limit, deadlineS: 4_000_000_000 }
}

async function codeOf(swap: Swap, terms: SwapTerms): Promise<string> {
  const reply = await trader.simulate(dex.swapCall(swap, terms))
  return reply.ok ? 'ok' : decodeRevert(reply.data, reply.message).code
}

describe.each([
  ['TAX', 'ETH'],
  ['TAX', 'WETH'],
] as const)('a sale of %s for %s', (from, to) => {
  test('fails the ordinary way, with a code that says why', async () => {
    const swap = sale(from, to)

    const code = await codeOf(swap, await termsOf(swap, '1'))

    expect(code).toBe('FEE_ON_TRANSFER')
  })
})

describe.each([
  ['TAX', 'ETH'],
  ['TAX', 'WETH'],
  ['ETH', 'TAX'],
  ['WETH', 'TAX'],
] as const)('a sale of %s for %s by the supporting function', (from, to) => {
  test('has a fill of what left the wallet and what arrived, less than was quoted', async () => {
    const swap = sale(from, to)
    const terms = await termsOf(swap, '1', supportingRoute)

    const { receipt, moved } = await measured(trader, swap, () => trader.send(dex.swapCall(swap, terms)))

    expect(receipt.succeeded).toBe(true)
    expect(dex.fill(swap, receipt)).toEqual(moved)
    expect(moved.amountIn).toBe(swap.amount)
    expect(BigInt(moved.amountOut)).toBeLessThan((BigInt(terms.quote.amount) * 991n) / 1000n)
    expect(BigInt(moved.amountOut)).toBeGreaterThan((BigInt(terms.quote.amount) * 989n) / 1000n)
  })

  test('holds to its limit by what arrives', async () => {
    const swap = sale(from, to)
    const snapshot = await world().snapshot()
    const loose = await termsOf(swap, '1', supportingRoute)
    const { moved } = await measured(trader, swap, () => trader.send(dex.swapCall(swap, loose)))
    await world().revert(snapshot)
    const arrives = BigInt(moved.amountOut)

    const atLimit = await codeOf(swap, await termsOf(swap, baseUnits(arrives), supportingRoute))
    const beyond = await codeOf(swap, await termsOf(swap, baseUnits(arrives + 1n), supportingRoute))

    expect([atLimit, beyond]).toEqual(['ok', 'SLIPPAGE'])
  })
})

test('a token taxed on its way out goes through the ordinary way below its limit, and the fill says so', async () => {
  const swap = sale('ETH', 'TAX')
  const terms = await termsOf(swap, '1')
  const tight = { ...terms, limit: terms.quote.amount }

  const { receipt, moved } = await measured(trader, swap, () => trader.send(dex.swapCall(swap, tight)))

  expect(receipt.succeeded).toBe(true)
  expect(dex.fill(swap, receipt)).toEqual(moved)
  expect(BigInt(moved.amountOut)).toBeLessThan(BigInt(tight.limit))
})
