import factoryArtifact from '@cryptoalgebra/integral-core/artifacts/contracts/AlgebraFactory.sol/AlgebraFactory.json' with {
  type: 'json',
}
import quoterArtifact from '@cryptoalgebra/integral-periphery/artifacts/contracts/lens/QuoterV2.sol/QuoterV2.json' with {
  type: 'json',
}
import routerArtifact from '@cryptoalgebra/integral-periphery/artifacts/contracts/SwapRouter.sol/SwapRouter.json' with {
  type: 'json',
}
import { AbiCoder, Interface } from 'ethers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { algebra } from '../../src/dex/algebra.ts'
import { addressWord } from '../../src/dex/words.ts'
import { NoLiquidityError } from '../../src/domain/errors.ts'
import type { Hex } from '../../src/domain/hex.ts'
import type { ReadReply } from '../../src/domain/read.ts'
import type { Token } from '../../src/domain/token.ts'
import { addresses, anySwap, swapOf } from './swaps.ts'

const router = new Interface(routerArtifact.abi)
const quoter = new Interface(quoterArtifact.abi)
const venue = { id: 'algebra', kind: 'algebra', router: addresses.router, quoter: addresses.quoter } as const
const dex = algebra(venue, { wrappedNative: addresses.weth, factory: addresses.factory })
const nobody: Hex = `0x${'0'.repeat(40)}`
const onChain = ({ address }: Token) => (address === 'native' ? addresses.weth : address)

test('a swap call is what an ABI encoder makes of the router’s multicall, byte for byte', () => {
  const property = fc.property(anySwap, ({ swap, limit, deadlineS }) => {
    const call = dex.swapCall(swap, { quote: { amount: '1' }, limit, deadlineS })

    const fromNative = swap.tokenIn.address === 'native'
    const toNative = swap.tokenOut.address === 'native'
    const sells = swap.side === 'sell'
    const recipient = toNative ? nobody : swap.wallet
    const pair = [onChain(swap.tokenIn), onChain(swap.tokenOut), nobody]
    const single = [...pair, recipient, deadlineS, swap.amount, limit, 0]
    const calls = [router.encodeFunctionData(sells ? 'exactInputSingle' : 'exactOutputSingle', [single])]
    if (fromNative) calls.push(router.encodeFunctionData('refundNativeToken'))
    if (toNative) {
      calls.push(router.encodeFunctionData('unwrapWNativeToken', [sells ? limit : swap.amount, swap.wallet]))
    }
    expect(call).toEqual({
      to: addresses.router,
      data: router.encodeFunctionData('multicall', [calls]),
      value: fromNative ? (sells ? swap.amount : limit) : '0',
    })
  })
  fc.assert(property, { numRuns: 500 })
})

test('a quote asks the quoter for the pool that the factory itself made', () => {
  const property = fc.property(anySwap, ({ swap }) => {
    const { reads } = dex.quoteRequest(swap)

    const name = swap.side === 'sell' ? 'quoteExactInputSingle' : 'quoteExactOutputSingle'
    const params = [onChain(swap.tokenIn), onChain(swap.tokenOut), nobody, swap.amount, 0]
    const data = quoter.encodeFunctionData(name, [params])
    expect(reads).toEqual([{ kind: 'call', to: addresses.quoter, data }])
  })
  fc.assert(property, { numRuns: 200 })
})

test('the pool is asked of the factory', () => {
  const { reads, answer } = dex.poolRequest(swapOf())

  const factory = new Interface(factoryArtifact.abi)
  const data = factory.encodeFunctionData('poolByPair', [addresses.weth, addresses.usdc])
  expect(reads).toEqual([{ kind: 'call', to: addresses.factory, data }])
  expect(answer([{ ok: true, value: `0x${addressWord(addresses.pool)}` }])).toEqual({
    pools: [{ id: addresses.pool, route: null, address: addresses.pool }],
    isSure: true,
  })
})

function quoted(amountOut: bigint, amountIn: bigint): ReadReply {
  const types = ['uint256', 'uint256', 'uint160', 'uint32', 'uint256', 'uint16']
  const rest = [2n ** 96n, 1, 90_000, 500]
  return { ok: true, value: AbiCoder.defaultAbiCoder().encode(types, [amountOut, amountIn, ...rest]) as Hex }
}

test('a sale is quoted by what comes out, a purchase by what goes in', () => {
  const sold = dex.quoteRequest(swapOf({ side: 'sell', amount: '1000' })).answer([quoted(2500n, 1000n)])
  const bought = dex.quoteRequest(swapOf({ side: 'buy', amount: '1000' })).answer([quoted(1000n, 400n)])

  expect([sold, bought]).toEqual([{ amount: '2500' }, { amount: '400' }])
})

test.each([
  ['The pool can fill it only in part', 'sell', quoted(2500n, 999n)],
  ['The pool can fill it only in part', 'buy', quoted(999n, 400n)],
  ['The amount is too small', 'sell', quoted(0n, 1000n)],
  ['The quoter did not answer', 'sell', { ok: true, value: '0x' }],
  ['The quoter did not answer', 'sell', undefined],
  ['Unexpected error', 'buy', { ok: false, message: 'execution reverted: Unexpected error' }],
] as const)('there is no liquidity where it says: %s', (reason, side, reply) => {
  const { answer } = dex.quoteRequest(swapOf({ side, amount: '1000' }))
  const answering = () => answer(reply === undefined ? [] : [reply])

  expect(answering).toThrow(NoLiquidityError)
  expect(answering).toThrow(new RegExp(`algebra has no liquidity to ${side} this much of ETH/USDC[^]*${reason}`))
})
