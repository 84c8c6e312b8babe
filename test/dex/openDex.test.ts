import { expect, test } from 'vitest'
import { openDex } from '../../src/dex/openDex.ts'
import { addressWord } from '../../src/dex/words.ts'
import { EndpointError, NotAContractError } from '../../src/domain/errors.ts'
import type { Hex } from '../../src/domain/hex.ts'
import type { Reader, ReadReply } from '../../src/domain/read.ts'
import { addresses, swapOf, tokens } from './swaps.ts'

const { router, quoter, weth, usdc, dai, pool } = addresses
const v2 = { id: 'uniswap-v2', kind: 'uniswapV2', router } as const
const v3 = { id: 'uniswap-v3', kind: 'uniswapV3', router, quoter } as const
const algebra = { id: 'algebra', kind: 'algebra', router, quoter } as const
const balancer = {
  id: 'balancer',
  kind: 'balancerV2',
  vault: router,
  pools: [`0x${'aa'.repeat(32)}`, `0x${'bb'.repeat(32)}`],
} as const
const v4 = { id: 'uniswap-v4', kind: 'uniswapV4', router, quoter, stateView: dai } as const
const factory = '0xc45a0155'
const factoryV2 = '0x68e0d4e1'
const WETH = '0xad5c4648'
const WETH9 = '0x4aa4a4fc'
const WNativeToken = '0x8af3ac85'
const poolManager = '0xdc4c90d3'
const positionManager = '0xd0c9f6cb'
const permit2 = '0x000000000022d473030f116ddee9f6b43ac78ba3'
const depositTopic = '0xe1fffcc4923d04b559f4d29a8bfc6cda04eb5b0d3c460751c2402c5c5cc9109c'
// An old swap of each router that dates its swaps, and what a pool of the vault has.
const oldSwapV3: Hex = `0x414bf389${'0'.repeat(512)}`
const oldSwapIntegral: Hex = `0x1679c792${'0'.repeat(512)}`
const poolTokens = balancer.pools.map((pool): Hex => `0xf94d4668${pool.slice(2)}`)

/**
 * A chain where each of these contracts answers each of these calls with an address, or refuses it with a reason. Every other
 * call reverts without one.
 */
function chainOf(contracts: Record<Hex, Record<Hex, string> | undefined>): Reader & { trips: number } {
  const chain = {
    trips: 0,
    read: async (reads: Parameters<Reader['read']>[0]): Promise<ReadReply[]> => {
      chain.trips += 1
      return reads.map((read) => {
        if (read.kind === 'code') return { ok: true, value: contracts[read.address] === undefined ? '0x' : '0x6001' }
        const answer = read.kind === 'call' ? contracts[read.to]?.[read.data] : undefined
        if (answer?.startsWith('0x')) return { ok: true, value: `0x${addressWord(answer as Hex)}` }
        return { ok: false, message: `execution reverted: ${answer ?? ''}` }
      })
    },
  }
  return chain
}

const v3Contracts = {
  [router]: { [WETH9]: weth, [factory]: pool, [factoryV2]: usdc },
  [quoter]: { [factory]: pool },
}

const oldV3Contracts = {
  [router]: { [WETH9]: weth, [factory]: pool, [oldSwapV3]: 'Transaction too old' },
  [quoter]: { [factory]: pool },
}
const algebraContracts = {
  [router]: { [WNativeToken]: weth, [factory]: pool, [oldSwapIntegral]: 'Transaction too old' },
  [quoter]: { [factory]: pool },
}
const balancerContracts = {
  [router]: { [WETH]: weth, ...Object.fromEntries(poolTokens.map((call) => [call, pool])) },
}

const v4Contracts = {
  [router]: { [poolManager]: pool, [positionManager]: usdc },
  [quoter]: { [poolManager]: pool },
  [dai]: { [poolManager]: pool },
  [permit2]: {},
}

test('a V2 venue learns the wrapped coin from its router, in one round trip', async () => {
  const chain = chainOf({ [router]: { [factory]: pool, [WETH]: weth } })

  const dex = await openDex(v2, chain)

  const [read] = dex.quoteRequest(swapOf()).reads
  expect(read).toMatchObject({ kind: 'call', data: expect.stringContaining(addressWord(weth)) })
  expect(chain.trips).toBe(1)
})

test('a configured wrapped coin stands in for a router that does not name it as Uniswap does', async () => {
  const chain = chainOf({ [router]: { [factory]: pool }, [weth]: {} })

  const dex = await openDex({ ...v2, wrappedNative: weth }, chain)

  const [read] = dex.quoteRequest(swapOf({ tokenIn: tokens.USDC, tokenOut: tokens.ETH })).reads
  expect(read).toMatchObject({ kind: 'call', data: expect.stringContaining(addressWord(weth)) })
})

test('a V3 venue learns the wrapped coin from its router, in one round trip', async () => {
  const chain = chainOf(v3Contracts)

  const dex = await openDex(v3, chain)

  const [read] = dex.quoteRequest(swapOf()).reads
  expect(read).toMatchObject({ kind: 'call', to: quoter, data: expect.stringContaining(addressWord(weth)) })
  expect(chain.trips).toBe(1)
})

test('a V3 venue is traded in by the functions that its router has', async () => {
  const terms = { quote: { amount: '1', route: '500' }, limit: '1', deadlineS: 1 } as const

  const newer = await openDex(v3, chainOf(v3Contracts))
  const older = await openDex(v3, chainOf(oldV3Contracts))

  expect(newer.swapCall(swapOf(), terms).data).toMatch(/^0x5ae401dc/)
  expect(older.swapCall(swapOf(), terms).data).toMatch(/^0xac9650d8/)
})

test.each([
  ['an Algebra', algebra, algebraContracts],
  ['a Balancer', balancer, balancerContracts],
] as const)('%s venue learns the wrapped coin, in one round trip', async (_, venue, contracts) => {
  const chain = chainOf(contracts)

  const dex = await openDex(venue, chain)

  const logs = [
    { address: weth, topics: [depositTopic, `0x${addressWord(router)}`], data: `0x${addressWord(dai)}` },
  ] as const
  expect(dex.fill(swapOf(), { logs }).amountIn).toBe(`${BigInt(dai)}`)
  expect(chain.trips).toBe(1)
})

test('a V4 venue learns the pool manager from its router, in one round trip', async () => {
  const chain = chainOf(v4Contracts)
  const pair = { tokenIn: tokens.ETH, tokenOut: tokens.USDC }

  const dex = await openDex(v4, chain)

  const [found] = dex.poolRequest(pair).answer([{ ok: true, value: `0x${addressWord(weth)}` }]).pools
  expect(found?.id).toMatch(new RegExp(`^${pool}/0x[0-9a-f]{64}$`))
  expect(chain.trips).toBe(1)
})

test.each([
  ['venues[1].router is not a contract', v2, {}],
  ['venues[1].router is not a Uniswap V2 router', v2, { [router]: {} }],
  ['venues[1].router is not a Uniswap V2 router', v2, { [router]: { [factory]: pool } }],
  ['venues[1].wrappedNative is not a contract', { ...v2, wrappedNative: weth }, { [router]: { [factory]: pool } }],
  ['venues[1].router is not a contract', v3, { [quoter]: {} }],
  ['venues[1].quoter is not a contract', v3, { [router]: {} }],
  [
    'venues[1].router is not a Uniswap SwapRouter02 or SwapRouter',
    v3,
    { ...v3Contracts, [router]: { [WETH9]: weth, [factory]: pool } },
  ],
  [
    'venues[1].router is not a Uniswap SwapRouter02 or SwapRouter',
    v3,
    { ...v3Contracts, [router]: { [WETH9]: weth, [factory]: pool, [oldSwapV3]: 'another reason' } },
  ],
  ['venues[1].quoter is not a Uniswap V3 quoter', v3, { ...v3Contracts, [quoter]: {} }],
  ['venues[1].quoter prices the pools of another factory', v3, { ...v3Contracts, [quoter]: { [factory]: usdc } }],
  ['venues[1].router is not a contract', algebra, { [quoter]: {} }],
  ['venues[1].quoter is not a contract', algebra, { [router]: {} }],
  ['venues[1].router is not an Algebra Integral SwapRouter', algebra, v3Contracts],
  [
    'venues[1].router is not an Algebra Integral SwapRouter',
    algebra,
    { ...algebraContracts, [router]: { [WNativeToken]: weth, [factory]: pool } },
  ],
  ['venues[1].quoter is not an Algebra quoter', algebra, { ...algebraContracts, [quoter]: {} }],
  [
    'venues[1].quoter prices the pools of another factory',
    algebra,
    { ...algebraContracts, [quoter]: { [factory]: usdc } },
  ],
  ['venues[1].vault is not a contract', balancer, {}],
  ['venues[1].vault is not a Balancer V2 vault', balancer, { [router]: {} }],
  ['venues[1].pools[0] is not a pool of the vault', balancer, { [router]: { [WETH]: weth } }],
  [
    'venues[1].pools[1] is not a pool of the vault',
    balancer,
    { [router]: { [WETH]: weth, [poolTokens[0] ?? '0x']: pool } },
  ],
  ['venues[1].router is not a contract', v4, { ...v4Contracts, [router]: undefined }],
  ['venues[1].quoter is not a contract', v4, { ...v4Contracts, [quoter]: undefined }],
  ['venues[1].stateView is not a contract', v4, { ...v4Contracts, [dai]: undefined }],
  ['venues[1].permit2 is not a contract', v4, { ...v4Contracts, [permit2]: undefined }],
  ['venues[1].permit2 is not a contract', { ...v4, permit2: weth }, v4Contracts],
  [
    'venues[1].router is not a Universal Router that knows Uniswap V4',
    v4,
    { ...v4Contracts, [router]: { [poolManager]: pool } },
  ],
  [
    'venues[1].router is not a Universal Router that knows Uniswap V4',
    v4,
    { ...v4Contracts, [router]: { [positionManager]: usdc } },
  ],
  ['venues[1].quoter is not a Uniswap V4 quoter', v4, { ...v4Contracts, [quoter]: {} }],
  ['venues[1].stateView is not a Uniswap V4 StateView', v4, { ...v4Contracts, [dai]: {} }],
  ['venues[1].quoter prices the pools of another factory', v4, { ...v4Contracts, [quoter]: { [poolManager]: weth } }],
  ['venues[1].stateView reads the pools of another factory', v4, { ...v4Contracts, [dai]: { [poolManager]: weth } }],
] as const)('opening says that %s', async (message, venue, contracts) => {
  const opening = openDex(venue, chainOf(contracts), 'venues[1]')

  await expect(opening).rejects.toThrow(NotAContractError)
  await expect(opening).rejects.toThrow(message)
})

test('a node that cannot answer is not taken for a missing contract', async () => {
  const chain = { read: async () => [{ ok: false, message: 'header not found' } as const] }

  const opening = openDex(v2, chain)

  await expect(opening).rejects.toThrow(EndpointError)
})
