import { id } from 'ethers'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Dex } from '../../src/dex/dex.ts'
import { openDex } from '../../src/dex/openDex.ts'
import { decodeRevert } from '../../src/dex/reverts.ts'
import { poolInput, poolOf, poolOutput } from '../../src/distribution/constantProduct.ts'
import { type BaseUnits, baseUnits } from '../../src/domain/amount.ts'
import { NoLiquidityError, NotAContractError } from '../../src/domain/errors.ts'
import type { Request } from '../../src/domain/read.ts'
import type { Quote, Swap } from '../../src/domain/swap.ts'
import type { Token } from '../../src/domain/token.ts'
import { useWorld } from '../support/anvil.ts'
import { measured } from './measured.ts'
import { type Trader, traderIn } from './trader.ts'

type TokenName = 'ETH' | 'WETH' | 'USDC' | 'DAI'
type Order = Pick<Swap, 'side' | 'amount'> & { readonly tokenIn: TokenName; readonly tokenOut: TokenName }

/** Every way in which a venue is used, the native coin on either side and on none. */
const orders: readonly (readonly [string, Order])[] = [
  ['sells native coin', { side: 'sell', tokenIn: 'ETH', tokenOut: 'USDC', amount: '1500000000000000001' }],
  ['buys with native coin', { side: 'buy', tokenIn: 'ETH', tokenOut: 'USDC', amount: '2999000001' }],
  ['sells a token for native coin', { side: 'sell', tokenIn: 'USDC', tokenOut: 'ETH', amount: '2999000001' }],
  ['buys native coin with a token', { side: 'buy', tokenIn: 'USDC', tokenOut: 'ETH', amount: '1500000000000000001' }],
  ['sells a token for a token', { side: 'sell', tokenIn: 'DAI', tokenOut: 'WETH', amount: '777000000000000000007' }],
  ['buys a token with a token', { side: 'buy', tokenIn: 'WETH', tokenOut: 'DAI', amount: '777000000000000000007' }],
]
const venueIds = ['uniswap-v2', 'sushi-v2', 'uniswap-v3', 'uniswap-v4', 'pancake-v3', 'algebra', 'balancer-v2'] as const
const unknown: Token = { symbol: 'NOPE', address: `0x${'12'.repeat(20)}`, decimals: 18 }
const farAwayS = 4_000_000_000
const loose: Record<Swap['side'], BaseUnits> = { sell: '1', buy: '100000000000000000000' }

const world = useWorld({ mining: 'manual' })
const dexes = new Map<string, Dex>()
let trader: Trader

beforeAll(async () => {
  trader = traderIn(world())
  await trader.wrap(token('WETH'), 10n ** 20n)
  for (const venue of [...world().venues, ...world().moreVenues]) {
    const dex = await openDex(venue, trader)
    dexes.set(venue.id, dex)
    for (const name of ['WETH', 'USDC', 'DAI'] as const) {
      for (const spender of dex.spenders) await trader.approve(token(name), spender)
    }
  }
})

function token(name: TokenName): Token {
  return { symbol: name, address: world().tokens[name], decimals: name === 'USDC' ? 6 : 18 }
}

function swapFor({ tokenIn, tokenOut, ...rest }: Order): Swap {
  return { ...rest, wallet: trader.address, tokenIn: token(tokenIn), tokenOut: token(tokenOut) }
}

function dexOf(venueId: string): Dex {
  const dex = dexes.get(venueId)
  if (dex === undefined) throw new Error(`The world has no venue ${venueId}.`)
  return dex
}

async function answerTo<Answer>({ reads, answer }: Request<Answer>): Promise<Answer> {
  return answer(await trader.read(reads))
}

function quoteOf(dex: Dex, swap: Swap): Promise<Quote> {
  return answerTo(dex.quoteRequest(swap))
}

describe.each(venueIds)('%s', (venueId) => {
  describe.each(orders)('%s', (_, order) => {
    test('and gives what it quoted, which the fill and the balances confirm to the unit', async () => {
      const [dex, swap] = [dexOf(venueId), swapFor(order)]
      const quote = await quoteOf(dex, swap)
      const call = dex.swapCall(swap, { quote, limit: loose[swap.side], deadlineS: farAwayS })

      const { receipt, moved } = await measured(trader, swap, () => trader.send(call))

      const [amountIn, amountOut] = swap.side === 'sell' ? [swap.amount, quote.amount] : [quote.amount, swap.amount]
      expect(receipt.succeeded).toBe(true)
      expect(dex.fill(swap, receipt)).toEqual({ amountIn, amountOut })
      expect(moved).toEqual({ amountIn, amountOut })
    })

    test('at a limit of exactly its quote', async () => {
      const [dex, swap] = [dexOf(venueId), swapFor(order)]
      const quote = await quoteOf(dex, swap)

      const receipt = await trader.send(dex.swapCall(swap, { quote, limit: quote.amount, deadlineS: farAwayS }))

      expect(receipt.succeeded).toBe(true)
    })

    test('but not at a limit that is one unit tighter', async () => {
      const [dex, swap] = [dexOf(venueId), swapFor(order)]
      const quote = await quoteOf(dex, swap)
      const limit = baseUnits(BigInt(quote.amount) + (swap.side === 'sell' ? 1n : -1n))
      const call = dex.swapCall(swap, { quote, limit, deadlineS: farAwayS })

      const reply = await trader.simulate(call)
      const { receipt, moved } = await measured(trader, swap, () => trader.send(call))

      expect(reply.ok ? 'ok' : decodeRevert(reply.data, reply.message).code).toBe('SLIPPAGE')
      expect(receipt.succeeded).toBe(false)
      expect(moved).toEqual({ amountIn: '0', amountOut: '0' })
    })

    test('but not after its deadline', async () => {
      const [dex, swap] = [dexOf(venueId), swapFor(order)]
      const quote = await quoteOf(dex, swap)
      const { timestamp } = (await world().rpc('eth_getBlockByNumber', ['latest', false])) as { timestamp: string }
      const call = dex.swapCall(swap, { quote, limit: loose[swap.side], deadlineS: Number(timestamp) - 1 })

      const reply = await trader.simulate(call)
      const { succeeded } = await trader.send(call)

      expect(reply.ok ? 'ok' : decodeRevert(reply.data, reply.message).code).toBe('EXPIRED')
      expect(succeeded).toBe(false)
    })
  })

  test('knows its pools of a pair from both sides, as plain data, and none of a token without one', async () => {
    const [dex, [tokenIn, tokenOut]] = [dexOf(venueId), [token('ETH'), token('USDC')]]

    const { pools } = await answerTo(dex.poolRequest({ tokenIn, tokenOut }))
    const { pools: fromBehind } = await answerTo(dex.poolRequest({ tokenIn: tokenOut, tokenOut: tokenIn }))
    const none = await answerTo(dex.poolRequest({ tokenIn, tokenOut: unknown }))

    expect(pools.length).toBeGreaterThan(0)
    expect(new Set(pools.map(({ id }) => id)).size).toBe(pools.length)
    expect(pools.every(({ address }) => /^0x([0-9a-f]{40}|[0-9a-f]{64})$/.test(address))).toBe(true)
    expect(fromBehind).toEqual(pools)
    expect(JSON.parse(JSON.stringify(pools))).toEqual(pools)
    expect(none).toEqual({ pools: [], isSure: true })
  })

  test.each(orders)('%s at the same price where only its known pools are asked', async (_, order) => {
    const [dex, swap] = [dexOf(venueId), swapFor(order)]
    const { pools } = await answerTo(dex.poolRequest(swap))

    const quote = await answerTo(dex.quoteRequest(swap, pools))

    expect(quote).toEqual(await quoteOf(dex, swap))
  })

  test.each(orders)('%s at the price of the best of its pools', async (_, order) => {
    const [dex, swap] = [dexOf(venueId), swapFor(order)]
    const { pools } = await answerTo(dex.poolRequest(swap))
    const alone = pools.map((pool) => answerTo(dex.quoteRequest(swap, [pool])).catch(() => null))

    const { amount } = await quoteOf(dex, swap)

    const amounts = (await Promise.all(alone)).flatMap((quote) => (quote === null ? [] : [BigInt(quote.amount)]))
    const best = amounts.reduce((a, b) => ((swap.side === 'sell') === a > b ? a : b))
    expect(BigInt(amount)).toBe(best)
  })

  test.each(orders)('%s, and the pool’s depth grows by what it took, fees apart', async (_, order) => {
    const [dex, swap] = [dexOf(venueId), swapFor(order)]
    const { pools } = await answerTo(dex.poolRequest(swap))
    const quote = await quoteOf(dex, swap)
    const depth = async () => {
      const { depths } = await answerTo(dex.marketRequest(swap, pools))
      expect(Object.keys(depths)).toEqual(pools.map(({ route }) => route ?? ''))
      return BigInt(depths[quote.route ?? ''] ?? '-1')
    }
    const before = await depth()

    const receipt = await trader.send(dex.swapCall(swap, { quote, limit: loose[swap.side], deadlineS: farAwayS }))

    const taken = BigInt(dex.fill(swap, receipt).amountIn)
    const grown = (await depth()) - before
    expect(before).toBeGreaterThan(0n)
    expect(grown).toBeLessThanOrEqual(taken)
    expect(grown).toBeGreaterThan((taken * 99n) / 100n)
  })

  test('has a closed form exactly where it is a constant product', async () => {
    const [dex, pair] = [dexOf(venueId), { tokenIn: token('ETH'), tokenOut: token('USDC') }]
    const { pools } = await answerTo(dex.poolRequest(pair))

    const { closedForm } = await answerTo(dex.marketRequest(pair, pools))

    expect(closedForm !== null).toBe(dex.isConstantProduct)
  })

  test.each(['sell', 'buy'] as const)('has no liquidity to %s a token without a pool', async (side) => {
    const [dex, order] = [dexOf(venueId), { side, tokenIn: 'ETH', tokenOut: 'USDC', amount: '1000' } as const]

    const quoting = quoteOf(dex, { ...swapFor(order), tokenOut: unknown })

    await expect(quoting).rejects.toThrow(NoLiquidityError)
    await expect(quoting).rejects.toThrow(new RegExp(`${venueId} .* ETH/NOPE`))
  })

  test('has no liquidity for more than its pool holds', async () => {
    const order = { side: 'buy', tokenIn: 'ETH', tokenOut: 'USDC', amount: '9000000000000' } as const

    const quoting = quoteOf(dexOf(venueId), swapFor(order))

    await expect(quoting).rejects.toThrow(NoLiquidityError)
  })

  test('says so when the wallet has not allowed its token to be taken', async () => {
    const [dex, swap] = [dexOf(venueId), swapFor({ side: 'sell', tokenIn: 'USDC', tokenOut: 'ETH', amount: '1000000' })]
    const quote = await quoteOf(dex, swap)
    const stranger = world().accounts[2]?.address ?? trader.address
    const call = dex.swapCall({ ...swap, wallet: stranger }, { quote, limit: '1', deadlineS: farAwayS })

    const [reply] = await trader.read([{ kind: 'call', from: stranger, ...call }])

    expect(reply?.ok === false ? decodeRevert(reply.data, reply.message).code : reply).toBe('ALLOWANCE')
  })

  test('calls a price above the native coin sent slippage, also where the wallet has allowed nothing', async () => {
    const order = { side: 'buy', tokenIn: 'ETH', tokenOut: 'USDC', amount: '2999000001' } as const
    const [dex, stranger] = [dexOf(venueId), world().accounts[2]?.address ?? trader.address]
    const swap = { ...swapFor(order), wallet: stranger }
    const quote = await quoteOf(dex, swap)
    const call = dex.swapCall(swap, { quote, limit: baseUnits(BigInt(quote.amount) - 1n), deadlineS: farAwayS })

    const [reply] = await trader.read([{ kind: 'call', from: stranger, ...call }])

    expect(reply?.ok === false ? decodeRevert(reply.data, reply.message, swap).code : reply).toBe('SLIPPAGE')
  })
})

describe.each([
  ['uniswap-v3', { amount: '1', route: '3000' }],
  ['uniswap-v4', { amount: '1', route: '3000/60' }],
  ['pancake-v3', { amount: '1', route: '2500' }],
  ['algebra', { amount: '1' }],
] as const)('%s, asked for more than a pool can take', (venueId, quote) => {
  const order = { side: 'sell', tokenIn: 'ETH', tokenOut: 'USDC', amount: '5000000000000000000000' } as const

  test('does not quote a part as if it were the whole', async () => {
    const quoting = quoteOf(dexOf(venueId), swapFor(order))

    await expect(quoting).rejects.toThrow(/The pool can fill it only in part|NotEnoughLiquidity/)
  })

  test('gives back what the pool did not take, and the fill says what it took', async () => {
    const [dex, swap] = [dexOf(venueId), swapFor(order)]
    const call = dex.swapCall(swap, { quote, limit: '1', deadlineS: farAwayS })

    const { receipt, moved } = await measured(trader, swap, () => trader.send(call))

    expect(receipt.succeeded).toBe(true)
    expect(dex.fill(swap, receipt)).toEqual(moved)
    expect(BigInt(moved.amountIn)).toBeLessThan(BigInt(swap.amount))
  })
})

describe.each(['uniswap-v2', 'sushi-v2'])('%s, by its reserves alone', (venueId) => {
  test.each([
    ['ETH', 'USDC'],
    ['DAI', 'WETH'],
  ] as const)('quotes %s/%s as its router does, to the unit', async (...names) => {
    const [dex, [tokenIn, tokenOut]] = [dexOf(venueId), [token(names[0]), token(names[1])]]
    const { pools } = await answerTo(dex.poolRequest({ tokenIn, tokenOut }))
    const { closedForm } = await answerTo(dex.marketRequest({ tokenIn, tokenOut }, pools))
    const pool = poolOf(closedForm ?? { reserveIn: '0', reserveOut: '0', feePpm: 0 })
    const swap = { wallet: trader.address, tokenIn, tokenOut } as const

    const property = fc.asyncProperty(
      fc.bigInt({ min: 1n, max: 2n * pool.reserveIn }),
      fc.bigInt({ min: 1n, max: pool.reserveOut - 1n }),
      async (amountIn, amountOut) => {
        const sale = { ...swap, side: 'sell', amount: baseUnits(amountIn) } as const
        const purchase = { ...swap, side: 'buy', amount: baseUnits(amountOut) } as const
        const sold = await quoteOf(dex, sale).catch(() => ({ amount: '0' }))
        const bought = await quoteOf(dex, purchase)

        expect(sold.amount).toBe(`${poolOutput(pool, amountIn)}`)
        expect(bought.amount).toBe(`${poolInput(pool, amountOut)}`)
      },
    )
    await fc.assert(property, { numRuns: 50 })
  })
})

describe('balancer-v2, in its stable pool', () => {
  test.each([
    { side: 'sell', tokenIn: 'DAI', tokenOut: 'USDC', amount: '50000000000000000000001' },
    { side: 'buy', tokenIn: 'USDC', tokenOut: 'DAI', amount: '50000000000000000000001' },
  ] as const)('can $side, with a fill of what the balances say', async (order) => {
    const [dex, swap] = [dexOf('balancer-v2'), swapFor(order)]
    const quote = await quoteOf(dex, swap)
    const call = dex.swapCall(swap, { quote, limit: quote.amount, deadlineS: farAwayS })

    const { receipt, moved } = await measured(trader, swap, () => trader.send(call))

    const [amountIn, amountOut] = swap.side === 'sell' ? [swap.amount, quote.amount] : [quote.amount, swap.amount]
    expect(dex.fill(swap, receipt)).toEqual({ amountIn, amountOut })
    expect(moved).toEqual({ amountIn, amountOut })
  })
})

test.each([
  ['uniswap-v2', 'ETH', 'USDC'],
  ['algebra', 'ETH', 'USDC'],
  ['balancer-v2', 'ETH', 'USDC'],
  ['balancer-v2', 'DAI', 'USDC'],
] as const)('%s, told to buy more for %s than its pool has of %s, reverts for want of liquidity', async (...names) => {
  const [venueId, tokenIn, tokenOut] = names
  const [dex, swap] = [dexOf(venueId), swapFor({ side: 'buy', tokenIn, tokenOut, amount: '9000000000000' })]
  const [pool] = (await answerTo(dex.poolRequest(swap))).pools
  const quote: Quote = pool?.route ? { amount: '1', route: pool.route } : { amount: '1' }

  const reply = await trader.simulate(dex.swapCall(swap, { quote, limit: loose.buy, deadlineS: farAwayS }))

  expect(reply.ok ? 'ok' : decodeRevert(reply.data, reply.message).code).toBe('LIQUIDITY')
})

test('pancake-v3 announces swaps in its own way, which a fill does not depend on', async () => {
  const order = { side: 'sell', tokenIn: 'DAI', tokenOut: 'WETH', amount: '777000000000000000007' } as const
  const [dex, swap] = [dexOf('pancake-v3'), swapFor(order)]
  const quote = await quoteOf(dex, swap)

  const receipt = await trader.send(dex.swapCall(swap, { quote, limit: '1', deadlineS: farAwayS }))

  const events = receipt.logs.map(({ topics: [topic] }) => topic)
  expect(events).toContain(id('Swap(address,address,int256,int256,uint160,uint128,int24,uint128,uint128)'))
  expect(events).not.toContain(id('Swap(address,address,int256,int256,uint160,uint128,int24)'))
  expect(dex.fill(swap, receipt)).toEqual({ amountIn: swap.amount, amountOut: quote.amount })
})

test('a contract of another kind is not opened as a venue', async () => {
  const [v2, , v3] = world().venues
  const [, pancake, algebra, balancer] = world().moreVenues
  const { WETH } = world().tokens

  const openings = [
    openDex({ ...v2, router: trader.address }, trader, 'venues[0]'),
    openDex({ ...v2, router: WETH }, trader, 'venues[0]'),
    openDex({ ...v3, router: v2.router }, trader, 'venues[2]'),
    openDex({ ...v3, quoter: WETH }, trader, 'venues[2]'),
    openDex({ ...v3, router: v3.quoter }, trader, 'venues[2]'),
    openDex({ ...v3, router: pancake.router }, trader, 'venues[2]'),
    openDex({ ...algebra, router: pancake.router }, trader, 'venues[3]'),
    openDex({ ...algebra, router: algebra.quoter }, trader, 'venues[3]'),
    openDex({ ...balancer, vault: algebra.router }, trader, 'venues[4]'),
    openDex({ ...balancer, pools: [...balancer.pools, `0x${'12'.repeat(32)}`] }, trader, 'venues[4]'),
  ]

  const outcomes = await Promise.allSettled(openings)
  const errors = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : outcome))
  expect(errors.every((error) => error instanceof NotAContractError)).toBe(true)
  expect(errors.map((error) => error.message.split('\n')[0])).toEqual([
    'venues[0].router is not a contract on this chain.',
    'venues[0].router is not a Uniswap V2 router.',
    'venues[2].router is not a Uniswap SwapRouter02 or SwapRouter.',
    'venues[2].quoter is not a Uniswap V3 quoter.',
    'venues[2].router is not a Uniswap SwapRouter02 or SwapRouter.',
    'venues[2].quoter prices the pools of another factory than venues[2].router trades in.',
    'venues[3].router is not an Algebra Integral SwapRouter.',
    'venues[3].router is not an Algebra Integral SwapRouter.',
    'venues[4].vault is not a Balancer V2 vault.',
    'venues[4].pools[3] is not a pool of the vault.',
  ])
})
