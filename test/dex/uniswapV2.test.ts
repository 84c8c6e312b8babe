import factoryArtifact from '@uniswap/v2-core/build/UniswapV2Factory.json' with { type: 'json' }
import routerArtifact from '@uniswap/v2-periphery/build/UniswapV2Router02.json' with { type: 'json' }
import { AbiCoder, Interface } from 'ethers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { uniswapV2 } from '../../src/dex/uniswapV2.ts'
import { addressWord } from '../../src/dex/words.ts'
import { InvalidOrderError, NoLiquidityError } from '../../src/domain/errors.ts'
import type { Hex } from '../../src/domain/hex.ts'
import type { Swap } from '../../src/domain/swap.ts'
import type { Token } from '../../src/domain/token.ts'
import { addresses, anySwap, swapOf, tokens } from './swaps.ts'

const router = new Interface(routerArtifact.abi)
const dex = uniswapV2(
  { id: 'uniswap-v2', kind: 'uniswapV2', router: addresses.router },
  { wrappedNative: addresses.weth, factory: addresses.factory },
)
const onChain = ({ address }: Token) => (address === 'native' ? addresses.weth : address)
const pathOf = ({ tokenIn, tokenOut }: Swap) => [onChain(tokenIn), onChain(tokenOut)]

function functionOf({ side, tokenIn, tokenOut }: Swap): string {
  const from = tokenIn.address === 'native' ? 'ETH' : 'Tokens'
  const to = tokenOut.address === 'native' ? 'ETH' : 'Tokens'
  return side === 'sell' ? `swapExact${from}For${to}` : `swap${from}ForExact${to}`
}

test('a swap call is what an ABI encoder makes of the router’s function, byte for byte', () => {
  const property = fc.property(anySwap, ({ swap, limit, deadlineS }) => {
    const call = dex.swapCall(swap, { quote: { amount: '1' }, limit, deadlineS })

    const fromNative = swap.tokenIn.address === 'native'
    const amounts = fromNative ? [swap.side === 'sell' ? limit : swap.amount] : [swap.amount, limit]
    const args = [...amounts, pathOf(swap), swap.wallet, deadlineS]
    expect(call).toEqual({
      to: addresses.router,
      data: router.encodeFunctionData(functionOf(swap), args),
      value: fromNative ? (swap.side === 'sell' ? swap.amount : limit) : '0',
    })
  })
  fc.assert(property, { numRuns: 500 })
})

test('a quote asks the router for the amounts along the direct path', () => {
  const property = fc.property(anySwap, ({ swap }) => {
    const { reads } = dex.quoteRequest(swap)

    const name = swap.side === 'sell' ? 'getAmountsOut' : 'getAmountsIn'
    const data = router.encodeFunctionData(name, [swap.amount, pathOf(swap)])
    expect(reads).toEqual([{ kind: 'call', to: addresses.router, data }])
  })
  fc.assert(property, { numRuns: 200 })
})

const amounts = AbiCoder.defaultAbiCoder().encode(['uint256[]'], [[1000n, 2500n]]) as Hex

test('a sale is quoted by the last amount of the path, a purchase by the first', () => {
  const sold = dex.quoteRequest(swapOf({ side: 'sell' })).answer([{ ok: true, value: amounts }])
  const bought = dex.quoteRequest(swapOf({ side: 'buy' })).answer([{ ok: true, value: amounts }])

  expect(sold).toEqual({ amount: '2500' })
  expect(bought).toEqual({ amount: '1000' })
})

test('a revert, an empty reply and a zero output are all no liquidity, in the name of venue and pair', () => {
  const nothing = AbiCoder.defaultAbiCoder().encode(['uint256[]'], [[1000n, 0n]]) as Hex
  const { answer } = dex.quoteRequest(swapOf())

  for (const reply of [
    { ok: false, message: 'execution reverted: UniswapV2Library: INSUFFICIENT_LIQUIDITY' },
    { ok: true, value: '0x' },
    { ok: true, value: nothing },
  ] as const) {
    expect(() => answer([reply])).toThrow(NoLiquidityError)
    expect(() => answer([reply])).toThrow(/uniswap-v2 has no liquidity to sell this much of ETH\/USDC/)
  }
})

test('the venue names its router, in lower case, as who takes tokens and as the only contract that it calls', () => {
  const mixed = '0xAbCdEf0000000000000000000000000000000001'
  const deps = { wrappedNative: addresses.weth, factory: addresses.factory }

  const { contracts, spenders } = uniswapV2({ id: 'v2', kind: 'uniswapV2', router: mixed }, deps)

  expect([contracts, spenders]).toEqual([[mixed.toLowerCase()], [{ address: mixed.toLowerCase() }]])
})

test('a sale of a taxed token is what an ABI encoder makes of the router’s supporting function, byte for byte', () => {
  const property = fc.property(anySwap, ({ swap: anyway, limit, deadlineS }) => {
    const swap = { ...anyway, side: 'sell' } as const
    const call = dex.swapCall(swap, { quote: { amount: '1', route: 'supporting' }, limit, deadlineS })

    const fromNative = swap.tokenIn.address === 'native'
    const args = [...(fromNative ? [limit] : [swap.amount, limit]), pathOf(swap), swap.wallet, deadlineS]
    expect(call).toEqual({
      to: addresses.router,
      data: router.encodeFunctionData(`${functionOf(swap)}SupportingFeeOnTransferTokens`, args),
      value: fromNative ? swap.amount : '0',
    })
  })
  fc.assert(property, { numRuns: 200 })
})

test('an exact amount of what a taxed token buys cannot be promised, and is refused', () => {
  const terms = { quote: { amount: '1', route: 'supporting' }, limit: '1', deadlineS: 1 } as const

  expect(() => dex.swapCall(swapOf({ side: 'buy' }), terms)).toThrow(InvalidOrderError)
})

test('a pair is asked of the factory once, and only the zero address is no pool', () => {
  const { reads, answer } = dex.poolRequest(swapOf())
  const found = answer([{ ok: true, value: `0x${addressWord(addresses.pool)}` }])

  const factory = new Interface(factoryArtifact.abi)
  const data = factory.encodeFunctionData('getPair', [addresses.weth, addresses.usdc])
  expect(reads).toEqual([{ kind: 'call', to: addresses.factory, data }])
  expect(found).toEqual({ pools: [{ id: addresses.pool, route: null, address: addresses.pool }], isSure: true })
  expect(answer([{ ok: true, value: `0x${'0'.repeat(64)}` }])).toEqual({ pools: [], isSure: true })
  for (const reply of [
    { ok: true, value: '0x' },
    { ok: false, message: 'out of gas' },
    { ok: false, message: 'execution reverted' },
  ] as const) {
    expect(answer([reply])).toEqual({ pools: [], isSure: false })
  }
})

test('the reserves are seen in the swap’s direction, with the fee that the venue is configured with', () => {
  const pools = [{ id: addresses.pool, route: null, address: addresses.pool }]
  const venue = { id: 'pancake', kind: 'uniswapV2', router: addresses.router, feePpm: 2500 } as const
  const pancake = uniswapV2(venue, { wrappedNative: addresses.weth, factory: addresses.factory })
  const types = ['uint112', 'uint112', 'uint32']
  const reserves = { ok: true, value: AbiCoder.defaultAbiCoder().encode(types, [30n, 70n, 1n]) as Hex } as const

  const forth = pancake.marketRequest(swapOf(), pools).answer([reserves])
  const back = pancake.marketRequest({ tokenIn: tokens.USDC, tokenOut: tokens.ETH }, pools).answer([reserves])

  expect(forth).toEqual({ depths: { '': '30' }, closedForm: { reserveIn: '30', reserveOut: '70', feePpm: 2500 } })
  expect(back).toEqual({ depths: { '': '70' }, closedForm: { reserveIn: '70', reserveOut: '30', feePpm: 2500 } })
})

test('without a pool, or a reply, the market is unknown', () => {
  const unknown = { depths: {}, closedForm: null }
  const pools = [{ id: addresses.pool, route: null, address: addresses.pool }]

  expect(dex.marketRequest(swapOf(), []).answer([])).toEqual(unknown)
  expect(dex.marketRequest(swapOf(), pools).answer([{ ok: false, message: 'execution reverted' }])).toEqual(unknown)
  expect(dex.marketRequest(swapOf(), pools).answer([{ ok: true, value: '0x' }])).toEqual(unknown)
})
