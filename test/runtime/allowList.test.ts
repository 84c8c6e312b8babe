import { describe, expect, test } from 'vitest'
import { parseOptions } from '../../src/config.ts'
import { uniswapV2 } from '../../src/dex/uniswapV2.ts'
import { uniswapV3 } from '../../src/dex/uniswapV3.ts'
import type { Hex } from '../../src/domain/hex.ts'
import type { Json } from '../../src/domain/json.ts'
import { allowListOf } from '../../src/runtime/allowList.ts'
import type { StoredTrade } from '../../src/runtime/records.ts'
import { acceptedOrder, gapOrder, policy } from '../support/orders.ts'

const address = (byte: string): Hex => `0x${byte.repeat(20)}`
const usdc = address('aa')
const [routerV2, routerV3, quoter] = [address('b1'), address('b2'), address('b3')]
const [wrappedNative, factory] = [address('c1'), address('c2')]

const v2 = { id: 'v2', kind: 'uniswapV2', router: routerV2 } as const
const v3 = { id: 'v3', kind: 'uniswapV3', router: routerV3, quoter } as const
const settings = parseOptions({
  config: { maxGasPrice: '100', gasLimit: 300_000 },
  chain: { chainId: 1, rpcUrls: ['http://127.0.0.1:8545'] },
  wallets: [{ privateKeyEnv: 'TEST_KEY' }],
  tokens: { ETH: 'native', USDC: usdc },
  venues: [v2, v3, { ...v2, id: 'v2-again' }],
})
const nothing = { live: [], gaps: [] }

function trade(order: Partial<typeof acceptedOrder>): StoredTrade {
  const snapshot = { context: { order: { ...acceptedOrder, ...order } } } as unknown as Json
  return { tradeId: 'trade_1', record: { schema: 1, machineVersion: 2, snapshot, historyNext: 0 } }
}

describe('the allow-list of a configuration', () => {
  test('has the routers, the tokens and the highest of all ceilings, and no quoter', () => {
    const allow = allowListOf(settings, nothing)

    expect(allow).toEqual({
      contracts: [routerV2, routerV3],
      tokens: [usdc],
      permits: [],
      spenders: [routerV2, routerV3],
      maxFeePerGas: '200000000000',
      gasLimit: 300_000,
    })
  })

  test('has all that its venues call, and all who take tokens for them', () => {
    const { contracts, spenders, permits } = allowListOf(settings, nothing)

    const dexes = [
      uniswapV2(v2, { wrappedNative, factory }),
      uniswapV3({ ...v3, feeTiers: [500] }, { wrappedNative, factory }),
    ]

    expect(contracts).toEqual(dexes.flatMap((dex) => dex.contracts))
    for (const { address: spender, via } of dexes.flatMap((dex) => dex.spenders)) {
      expect(spenders).toContain(spender)
      if (via !== undefined) expect(permits).toContain(via)
    }
  })

  test('lets unfinished trades and gaps keep their own ceilings and tokens, and no contracts', () => {
    const [oldToken, oldOutput] = [address('d1'), address('d2')]
    const order = {
      tokenIn: { symbol: 'OLD', address: oldToken, decimals: 18 },
      tokenOut: { symbol: 'OUT', address: oldOutput, decimals: 18 },
      venues: ['gone'],
      policy: { ...policy, gasLimitMax: 500_000, maxFeePerGas: '900000000000', maxCancelFeePerGas: '5' } as const,
    }
    const gapPolicy = { ...policy, maxCancelFeePerGas: '1000000000000' }
    const gap = { key: 'gap', snapshot: { context: { order: { ...gapOrder, policy: gapPolicy } } } as unknown as Json }

    const allow = allowListOf(settings, { live: [trade(order)], gaps: [] })
    const withGap = allowListOf(settings, { live: [], gaps: [gap] })

    expect(allow).toMatchObject({ contracts: [routerV2, routerV3], tokens: [usdc, oldToken, oldOutput] })
    expect(allow).toMatchObject({ maxFeePerGas: '900000000000', gasLimit: 500_000 })
    expect(withGap).toMatchObject({ maxFeePerGas: '1000000000000', gasLimit: 300_000 })
  })
})
