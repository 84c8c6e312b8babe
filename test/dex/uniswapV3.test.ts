import quoterArtifact from '@uniswap/swap-router-contracts/artifacts/contracts/lens/QuoterV2.sol/QuoterV2.json' with {
  type: 'json',
}
import routerArtifact from '@uniswap/swap-router-contracts/artifacts/contracts/SwapRouter02.sol/SwapRouter02.json' with {
  type: 'json',
}
import factoryArtifact from '@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json' with {
  type: 'json',
}
import oldRouterArtifact from '@uniswap/v3-periphery/artifacts/contracts/SwapRouter.sol/SwapRouter.json' with {
  type: 'json',
}
import { AbiCoder, Interface } from 'ethers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { balanceRead } from '../../src/dex/erc20.ts'
import { type RouterGeneration, uniswapV3 } from '../../src/dex/uniswapV3.ts'
import { addressWord, uintWord } from '../../src/dex/words.ts'
import { InvalidOrderError, NoLiquidityError } from '../../src/domain/errors.ts'
import type { Hex } from '../../src/domain/hex.ts'
import type { ReadReply } from '../../src/domain/read.ts'
import type { Token } from '../../src/domain/token.ts'
import { addresses, anySwap, swapOf } from './swaps.ts'

const router = new Interface(routerArtifact.abi)
const oldRouter = new Interface(oldRouterArtifact.abi)
const quoter = new Interface(quoterArtifact.abi)
const venue = { id: 'uniswap-v3', kind: 'uniswapV3', router: addresses.router, quoter: addresses.quoter } as const
const deps = { wrappedNative: addresses.weth, factory: addresses.factory, generation: 'SwapRouter02' } as const
const dex = uniswapV3(venue, deps)
const ofTier = (fee: number, generation: RouterGeneration) =>
  uniswapV3({ ...venue, feeTiers: [500, fee] }, { ...deps, generation })
const onChain = ({ address }: Token) => (address === 'native' ? addresses.weth : address)

test('a swap call is what an ABI encoder makes of the router’s multicall, byte for byte', () => {
  const property = fc.property(anySwap, fc.integer({ min: 1, max: 999_999 }), ({ swap, limit, deadlineS }, fee) => {
    const call = ofTier(fee, 'SwapRouter02').swapCall(swap, {
      quote: { amount: '1', route: `${fee}` },
      limit,
      deadlineS,
    })

    const fromNative = swap.tokenIn.address === 'native'
    const toNative = swap.tokenOut.address === 'native'
    const sells = swap.side === 'sell'
    const recipient = toNative ? '0x0000000000000000000000000000000000000002' : swap.wallet
    const single = [onChain(swap.tokenIn), onChain(swap.tokenOut), fee, recipient, swap.amount, limit, 0]
    const calls = [router.encodeFunctionData(sells ? 'exactInputSingle' : 'exactOutputSingle', [single])]
    if (fromNative) calls.push(router.encodeFunctionData('refundETH'))
    if (toNative) {
      const least = sells ? limit : swap.amount
      calls.push(router.encodeFunctionData('unwrapWETH9(uint256,address)', [least, swap.wallet]))
    }
    expect(call).toEqual({
      to: addresses.router,
      data: router.encodeFunctionData('multicall(uint256,bytes[])', [deadlineS, calls]),
      value: fromNative ? (sells ? swap.amount : limit) : '0',
    })
  })
  fc.assert(property, { numRuns: 500 })
})

test('a swap call of the older router has the deadline in the swap, byte for byte', () => {
  const property = fc.property(anySwap, fc.integer({ min: 1, max: 999_999 }), ({ swap, limit, deadlineS }, fee) => {
    const call = ofTier(fee, 'SwapRouter').swapCall(swap, { quote: { amount: '1', route: `${fee}` }, limit, deadlineS })

    const fromNative = swap.tokenIn.address === 'native'
    const toNative = swap.tokenOut.address === 'native'
    const sells = swap.side === 'sell'
    const recipient = toNative ? '0x0000000000000000000000000000000000000000' : swap.wallet
    const single = [onChain(swap.tokenIn), onChain(swap.tokenOut), fee, recipient, deadlineS, swap.amount, limit, 0]
    const calls = [oldRouter.encodeFunctionData(sells ? 'exactInputSingle' : 'exactOutputSingle', [single])]
    if (fromNative) calls.push(oldRouter.encodeFunctionData('refundETH'))
    if (toNative) calls.push(oldRouter.encodeFunctionData('unwrapWETH9', [sells ? limit : swap.amount, swap.wallet]))
    expect(call).toEqual({
      to: addresses.router,
      data: oldRouter.encodeFunctionData('multicall', [calls]),
      value: fromNative ? (sells ? swap.amount : limit) : '0',
    })
  })
  fc.assert(property, { numRuns: 500 })
})

test('a pool of each fee tier is asked of the factory, and those that there are have the tier as their route', () => {
  const { reads, answer } = dex.poolRequest(swapOf())
  const word = (address: Hex) => ({ ok: true, value: `0x${addressWord(address)}` }) as const
  const none = word(`0x${'0'.repeat(40)}`)
  const found = answer([none, word(addresses.pool), none, word(addresses.dai)])

  const factory = new Interface(factoryArtifact.abi)
  const expected = [100, 500, 3000, 10_000].map((fee) => ({
    kind: 'call',
    to: addresses.factory,
    data: factory.encodeFunctionData('getPool', [addresses.weth, addresses.usdc, fee]),
  }))
  expect(reads).toEqual(expected)
  expect(found).toEqual({
    pools: [
      { id: addresses.pool, route: '500', address: addresses.pool },
      { id: addresses.dai, route: '10000', address: addresses.dai },
    ],
    isSure: true,
  })
})

test('only the pools that are given are quoted and measured', () => {
  const pools = [{ id: addresses.pool, route: '500', address: addresses.pool }]

  const quoting = dex.quoteRequest(swapOf(), pools)
  const measuring = dex.marketRequest(swapOf(), pools)

  expect(quoting.reads).toEqual([dex.quoteRequest(swapOf()).reads[1]])
  expect(quoting.answer([quoted(900n)])).toEqual({ amount: '900', route: '500' })
  expect(measuring.reads).toEqual([balanceRead(addresses.pool, addresses.weth)])
  expect(measuring.answer([{ ok: true, value: `0x${uintWord(7n)}` }])).toEqual({
    depths: { 500: '7' },
    closedForm: null,
  })
  expect(measuring.answer([{ ok: false, message: 'execution reverted' }])).toEqual({ depths: {}, closedForm: null })
})

test('a quote asks the quoter once for each fee tier', () => {
  const property = fc.property(anySwap, ({ swap }) => {
    const { reads } = dex.quoteRequest(swap)

    const name = swap.side === 'sell' ? 'quoteExactInputSingle' : 'quoteExactOutputSingle'
    const expected = [100, 500, 3000, 10_000].map((fee) => ({
      kind: 'call',
      to: addresses.quoter,
      data: quoter.encodeFunctionData(name, [[onChain(swap.tokenIn), onChain(swap.tokenOut), swap.amount, fee, 0]]),
    }))
    expect(reads).toEqual(expected)
  })
  fc.assert(property, { numRuns: 200 })
})

const somePrice = 2n ** 96n
const highestPrice = 1461446703485210103287273052203988822378723970342n - 1n
const noPool: ReadReply = { ok: false, message: 'execution reverted' }

function quoted(amount: bigint, priceAfter = somePrice): ReadReply {
  const types = ['uint256', 'uint160', 'uint32', 'uint256']
  return { ok: true, value: AbiCoder.defaultAbiCoder().encode(types, [amount, priceAfter, 1, 90_000]) as Hex }
}

test('the tier that gives most wins a sale, the one that takes least a purchase', () => {
  const replies = [noPool, quoted(900n), quoted(950n), quoted(800n)]

  const sale = dex.quoteRequest(swapOf({ side: 'sell' })).answer(replies)
  const purchase = dex.quoteRequest(swapOf({ side: 'buy' })).answer(replies)

  expect(sale).toEqual({ amount: '950', route: '3000' })
  expect(purchase).toEqual({ amount: '800', route: '10000' })
})

test('a pool that would be emptied is no quote, however good its price looks', () => {
  const replies = [noPool, quoted(5000n, highestPrice), quoted(900n), quoted(4000n, 4_295_128_740n)]

  const quote = dex.quoteRequest(swapOf()).answer(replies)

  expect(quote).toEqual({ amount: '900', route: '3000' })
})

test('without any pool the error names the venue, the pair and each tier’s reason', () => {
  const { answer } = dex.quoteRequest(swapOf({ side: 'buy' }))
  const replies = [noPool, noPool, quoted(0n), { ok: true, value: '0x' } as const]

  expect(() => answer(replies)).toThrow(NoLiquidityError)
  expect(() => answer(replies)).toThrow(/uniswap-v3 has no liquidity to buy this much of ETH\/USDC/)
  expect(() => answer(replies)).toThrow(/fee tier 3000: The amount is too small/)
})

test('a quote without a route takes the only fee tier, and is refused where there are several', () => {
  const terms = { quote: { amount: '1' }, limit: '1', deadlineS: 1 } as const
  const single = uniswapV3({ ...venue, feeTiers: [500] }, deps)
  const named = single.swapCall(swapOf(), { ...terms, quote: { amount: '1', route: '500' } })

  expect(single.swapCall(swapOf(), terms)).toEqual(named)
  expect(() => dex.swapCall(swapOf(), terms)).toThrow(InvalidOrderError)
})

test('a quote through a fee tier that is not configured is refused', () => {
  const swap = (route: string) => () =>
    dex.swapCall(swapOf(), { quote: { amount: '1', route }, limit: '1', deadlineS: 1 })

  for (const route of ['2500', '0500', '5e2']) expect(swap(route)).toThrow(InvalidOrderError)
  expect(swap('500')).not.toThrow()
})
