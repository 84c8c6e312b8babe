import routerArtifact from '@uniswap/v2-periphery/build/UniswapV2Router02.json' with { type: 'json' }
import { AbiCoder, Interface } from 'ethers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { uniswapV2 } from '../../src/dex/uniswapV2.ts'
import { NoLiquidityError } from '../../src/domain/errors.ts'
import type { Hex } from '../../src/domain/hex.ts'
import type { Swap } from '../../src/domain/swap.ts'
import type { Token } from '../../src/domain/token.ts'
import { addresses, anySwap, swapOf } from './swaps.ts'

const router = new Interface(routerArtifact.abi)
const dex = uniswapV2(
  { id: 'uniswap-v2', kind: 'uniswapV2', router: addresses.router },
  { wrappedNative: addresses.weth },
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
  const sold = dex.quoteRequest(swapOf({ side: 'sell' })).quote([{ ok: true, value: amounts }])
  const bought = dex.quoteRequest(swapOf({ side: 'buy' })).quote([{ ok: true, value: amounts }])

  expect(sold).toEqual({ amount: '2500' })
  expect(bought).toEqual({ amount: '1000' })
})

test('a revert, an empty reply and a zero output are all no liquidity, in the name of venue and pair', () => {
  const nothing = AbiCoder.defaultAbiCoder().encode(['uint256[]'], [[1000n, 0n]]) as Hex
  const { quote } = dex.quoteRequest(swapOf())

  for (const reply of [
    { ok: false, message: 'execution reverted: UniswapV2Library: INSUFFICIENT_LIQUIDITY' },
    { ok: true, value: '0x' },
    { ok: true, value: nothing },
  ] as const) {
    expect(() => quote([reply])).toThrow(NoLiquidityError)
    expect(() => quote([reply])).toThrow(/uniswap-v2 has no liquidity to sell this much of ETH\/USDC/)
  }
})

test('the venue names its router, in lower case, as the spender', () => {
  const mixed = '0xAbCdEf0000000000000000000000000000000001'

  const { spender } = uniswapV2({ id: 'v2', kind: 'uniswapV2', router: mixed }, { wrappedNative: addresses.weth })

  expect(spender).toBe(mixed.toLowerCase())
})
