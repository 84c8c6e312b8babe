import routerArtifact from '@uniswap/universal-router/artifacts/contracts/UniversalRouter.sol/UniversalRouter.json' with {
  type: 'json',
}
import { AbiCoder, Interface, keccak256 } from 'ethers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import stateViewArtifact from '../../scripts/world/artifacts/StateView.json' with { type: 'json' }
import quoterArtifact from '../../scripts/world/artifacts/V4Quoter.json' with { type: 'json' }
import { uniswapV4 } from '../../src/dex/uniswapV4.ts'
import { InvalidOrderError, NoLiquidityError } from '../../src/domain/errors.ts'
import type { Hex } from '../../src/domain/hex.ts'
import type { ReadReply } from '../../src/domain/read.ts'
import type { Swap } from '../../src/domain/swap.ts'
import type { Token } from '../../src/domain/token.ts'
import type { Log } from '../../src/domain/transaction.ts'
import { addresses, anySwap, swapOf, tokens } from './swaps.ts'

const router = new Interface(routerArtifact.abi)
const quoter = new Interface(quoterArtifact.abi)
const stateView = new Interface(stateViewArtifact.abi)
const coder = AbiCoder.defaultAbiCoder()

const { wallet, usdc } = addresses
const poolManager: Hex = `0x${'88'.repeat(20)}`
const viewer: Hex = `0x${'99'.repeat(20)}`
const permit2: Hex = '0x000000000022d473030f116ddee9f6b43ac78ba3'
const nobody: Hex = `0x${'00'.repeat(20)}`
const contracts = { router: addresses.router, quoter: addresses.quoter, stateView: viewer }
const venue = { id: 'uniswap-v4', kind: 'uniswapV4', ...contracts } as const
const dex = uniswapV4(venue, { poolManager })

const keyType = 'tuple(address,address,uint24,int24,address)'
const usualPools = [
  { fee: 100, spacing: 1 },
  { fee: 500, spacing: 10 },
  { fee: 3000, spacing: 60 },
  { fee: 10_000, spacing: 200 },
]
const currency = ({ address }: Token): Hex => (address === 'native' ? nobody : address)

function keyOf(
  { tokenIn, tokenOut }: Pick<Swap, 'tokenIn' | 'tokenOut'>,
  { fee, spacing }: { fee: number; spacing: number },
) {
  const currencies = [currency(tokenIn), currency(tokenOut)].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
  return [...currencies, fee, spacing, nobody]
}

function idOf(pair: Pick<Swap, 'tokenIn' | 'tokenOut'>, pool: { fee: number; spacing: number }): Hex {
  return keccak256(coder.encode([keyType], [keyOf(pair, pool)])) as Hex
}

const isZeroForOne = ({ tokenIn, tokenOut }: Swap) => BigInt(currency(tokenIn)) < BigInt(currency(tokenOut))

/** The venue counts in 128 bits. */
const anySwapV4 = anySwap.map(({ swap, limit, deadlineS }) => {
  const cut = (amount: string) => `${BigInt.asUintN(128, BigInt(amount))}` as const
  return { swap: { ...swap, amount: cut(swap.amount) }, limit: cut(limit), deadlineS }
})

test('a swap call is what an ABI encoder makes of the router’s commands, byte for byte', () => {
  const property = fc.property(anySwapV4, fc.constantFrom(...usualPools), ({ swap, limit, deadlineS }, pool) => {
    const route = `${pool.fee}/${pool.spacing}`
    const call = dex.swapCall(swap, { quote: { amount: '1', route }, limit, deadlineS })

    const sells = swap.side === 'sell'
    const fromNative = swap.tokenIn.address === 'native'
    // As routers since 2.1.1 have it: with a least price, in 10^-36.
    const single = `tuple(${keyType},bool,uint128,uint128,uint256,bytes)`
    const [most, least] = sells ? [swap.amount, limit] : [limit, swap.amount]
    const params = [
      coder.encode([single], [[keyOf(swap, pool), isZeroForOne(swap), swap.amount, limit, 320, '0x']]),
      coder.encode(['address', 'uint256'], [currency(swap.tokenIn), most]),
      coder.encode(['address', 'uint256'], [currency(swap.tokenOut), least]),
    ]
    const inputs = [coder.encode(['bytes', 'bytes[]'], [sells ? '0x060c0f' : '0x080c0f', params])]
    if (fromNative) inputs.push(coder.encode(['address', 'address', 'uint256'], [nobody, swap.wallet, 0]))
    const args = [fromNative ? '0x1004' : '0x10', inputs, deadlineS]
    expect(call).toEqual({
      to: addresses.router,
      data: router.encodeFunctionData('execute(bytes,bytes[],uint256)', args),
      value: fromNative ? most : '0',
    })
  })
  fc.assert(property, { numRuns: 500 })
})

test('routers before 2.1.1, which take no least price, read the same swap out of it', () => {
  const property = fc.property(anySwapV4, ({ swap, limit, deadlineS }) => {
    const { data } = dex.swapCall(swap, { quote: { amount: '1', route: '500/10' }, limit, deadlineS })

    const [, inputs] = router.decodeFunctionData('execute(bytes,bytes[],uint256)', data)
    const [, params] = coder.decode(['bytes', 'bytes[]'], inputs[0])
    const [single] = coder.decode([`tuple(${keyType},bool,uint128,uint128,bytes)`], params[0])
    const [key, zeroForOne, amount, bound, hookData] = single
    expect(key.toArray().map((part: string | bigint) => `${part}`.toLowerCase())).toEqual(
      keyOf(swap, { fee: 500, spacing: 10 }).map((part) => `${part}`),
    )
    expect([zeroForOne, `${amount}`, `${bound}`, hookData]).toEqual([isZeroForOne(swap), swap.amount, limit, '0x'])
  })
  fc.assert(property, { numRuns: 200 })
})

test('a quote asks the quoter once for each pool', () => {
  const property = fc.property(anySwapV4, ({ swap }) => {
    const { reads } = dex.quoteRequest(swap)

    const name = swap.side === 'sell' ? 'quoteExactInputSingle' : 'quoteExactOutputSingle'
    const expected = usualPools.map((pool) => ({
      kind: 'call',
      to: addresses.quoter,
      data: quoter.encodeFunctionData(name, [[keyOf(swap, pool), isZeroForOne(swap), swap.amount, '0x']]),
    }))
    expect(reads).toEqual(expected)
  })
  fc.assert(property, { numRuns: 200 })
})

const noPool: ReadReply = { ok: false, message: 'execution reverted', data: '0x486aa307' }

function quoted(amount: bigint): ReadReply {
  return { ok: true, value: coder.encode(['uint256', 'uint256'], [amount, 55_000]) as Hex }
}

test('the pool that gives most wins a sale, the one that takes least a purchase', () => {
  const replies = [noPool, quoted(900n), quoted(950n), quoted(800n)]

  const sale = dex.quoteRequest(swapOf({ side: 'sell' })).answer(replies)
  const purchase = dex.quoteRequest(swapOf({ side: 'buy' })).answer(replies)

  expect(sale).toEqual({ amount: '950', route: '3000/60' })
  expect(purchase).toEqual({ amount: '800', route: '10000/200' })
})

test('only the pools that are given are asked', () => {
  const pools = [{ id: 'any', route: '3000/60', address: idOf(swapOf(), { fee: 3000, spacing: 60 }) }]

  const { reads, answer } = dex.quoteRequest(swapOf(), pools)

  expect(reads).toEqual([dex.quoteRequest(swapOf()).reads[2]])
  expect(answer([quoted(7n)])).toEqual({ amount: '7', route: '3000/60' })
})

test('without any pool the error names the venue, the pair and each pool’s reason', () => {
  const { answer } = dex.quoteRequest(swapOf({ side: 'buy' }))
  const replies = [noPool, noPool, quoted(0n), { ok: true, value: '0x' } as const]

  expect(() => answer(replies)).toThrow(NoLiquidityError)
  expect(() => answer(replies)).toThrow(/uniswap-v4 has no liquidity to buy this much of ETH\/USDC/)
  expect(() => answer(replies)).toThrow(/pool 500\/10: PoolNotInitialized/)
  expect(() => answer(replies)).toThrow(/pool 3000\/60: The amount is too small/)
  expect(() => answer(replies)).toThrow(/pool 10000\/200: The quoter did not answer/)
})

test('a quote without a route takes the only pool, and is refused where there are several', () => {
  const terms = { quote: { amount: '1' }, limit: '1', deadlineS: 1 } as const
  const single = uniswapV4({ ...venue, pools: [{ feePpm: 500, tickSpacing: 10 }] }, { poolManager })
  const named = single.swapCall(swapOf(), { ...terms, quote: { amount: '1', route: '500/10' } })

  expect(single.swapCall(swapOf(), terms)).toEqual(named)
  expect(() => dex.swapCall(swapOf(), terms)).toThrow(InvalidOrderError)
  expect(() => dex.swapCall(swapOf(), { ...terms, quote: { amount: '1', route: '500' } })).toThrow(InvalidOrderError)
})

test('tokens are allowed to Permit2, and there to the router', () => {
  const elsewhere = uniswapV4({ ...venue, permit2: wallet }, { poolManager })

  expect(dex.contracts).toEqual([addresses.router])
  expect(dex.spenders).toEqual([{ address: permit2 }, { address: addresses.router, via: permit2 }])
  expect(elsewhere.spenders).toEqual([{ address: wallet }, { address: addresses.router, via: wallet }])
})

test('a pool is there when it has a price, and is named by its manager too', () => {
  const { reads, answer } = dex.poolRequest(swapOf())
  const ids = usualPools.map((pool) => idOf(swapOf(), pool))
  const slot0 = (price: bigint) => stateView.encodeFunctionResult('getSlot0', [price, 0, 0, 3000]) as Hex
  const replies: ReadReply[] = [0n, 1n << 96n, 1n, 0n].map((price) => ({ ok: true, value: slot0(price) }))
  const unsaid: readonly ReadReply[] = [...replies.slice(0, 3), { ok: false, message: 'execution reverted' }]

  expect(reads).toEqual(
    ids.map((id) => ({ kind: 'call', to: viewer, data: stateView.encodeFunctionData('getSlot0', [id]) })),
  )
  const pools = [
    { id: `${poolManager}/${ids[1]}`, route: '500/10', address: ids[1] },
    { id: `${poolManager}/${ids[2]}`, route: '3000/60', address: ids[2] },
  ]
  expect(answer(replies)).toEqual({ pools, isSure: true })
  expect(answer(unsaid)).toEqual({ pools, isSure: false })
})

test('a pool is as deep as its liquidity makes it at its price, in the token that goes in', () => {
  const pair = { tokenIn: tokens.ETH, tokenOut: tokens.USDC }
  const back = { tokenIn: tokens.USDC, tokenOut: tokens.ETH }
  const id = idOf(pair, { fee: 500, spacing: 10 })
  const pools = [
    { id: 'one', route: '500/10', address: id },
    { id: 'other', route: '3000/60', address: id },
  ]
  const word = (value: bigint): ReadReply => ({ ok: true, value: coder.encode(['uint256'], [value]) as Hex })
  // The price's root is two: half the liquidity of the first token, twice of the second.
  const replies = [word(2n << 96n), word(1000n), word(0n), { ok: false, message: '' } as const]

  const request = dex.marketRequest(pair, pools)

  expect(request.reads.slice(0, 2)).toEqual([
    { kind: 'call', to: viewer, data: stateView.encodeFunctionData('getSlot0', [id]) },
    { kind: 'call', to: viewer, data: stateView.encodeFunctionData('getLiquidity', [id]) },
  ])
  expect(request.answer(replies)).toEqual({ depths: { '500/10': '500', '3000/60': '0' }, closedForm: null })
  expect(dex.marketRequest(back, pools).answer(replies).depths['500/10']).toBe('2000')
})

const events = new Interface([
  'event Transfer(address indexed from, address indexed to, uint256 value)',
  'event Swap(bytes32 indexed id, address indexed sender, int128 amount0, int128 amount1, uint160 price, uint128 liquidity, int24 tick, uint24 fee)',
])

function log(address: Hex, event: string, args: readonly (string | bigint)[]): Log {
  const { data, topics } = events.encodeEventLog(event, [...args])
  return { address, data: data as Hex, topics: topics as Hex[] }
}

test('native coin is counted by what the pool manager says of the router’s swap', () => {
  const id = idOf(swapOf(), { fee: 500, spacing: 10 })
  const rest = [1n << 96n, 5n, 0n, 500n]
  const logs = [
    log(poolManager, 'Swap', [id, addresses.router, -1000n, 3000n, ...rest]),
    log(poolManager, 'Swap', [id, wallet, -2n, 2n, ...rest]),
    log(usdc, 'Swap', [id, addresses.router, -4n, 4n, ...rest]),
    { address: poolManager, topics: [], data: '0x' } as const,
    log(usdc, 'Transfer', [poolManager, wallet, 2990n]),
  ]

  const fill = dex.fill(swapOf(), { logs })

  expect(fill).toEqual({ amountIn: '1000', amountOut: '2990' })
})

test('native coin is counted in a pool too that is not configured any more', () => {
  const id = idOf(swapOf(), { fee: 500, spacing: 10 })
  const since = uniswapV4({ ...venue, pools: [{ feePpm: 3000, tickSpacing: 60 }] }, { poolManager })
  const logs = [
    log(poolManager, 'Swap', [id, addresses.router, -1000n, 3000n, 1n, 1n, 0n, 500n]),
    log(usdc, 'Transfer', [poolManager, wallet, 3000n]),
  ]

  expect(since.fill(swapOf(), { logs })).toEqual({ amountIn: '1000', amountOut: '3000' })
})

test('native coin that comes out is what the swap earned', () => {
  const swap = swapOf({ tokenIn: tokens.USDC, tokenOut: tokens.ETH })
  const logs = [
    log(poolManager, 'Swap', [idOf(swap, { fee: 3000, spacing: 60 }), addresses.router, 70n, -210n, 1n, 1n, 0n, 3000n]),
    log(usdc, 'Transfer', [wallet, poolManager, 210n]),
  ]

  expect(dex.fill(swap, { logs })).toEqual({ amountIn: '210', amountOut: '70' })
})
