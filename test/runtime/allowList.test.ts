import { describe, expect, test } from 'vitest'
import { parseOptions } from '../../src/config.ts'
import { algebra } from '../../src/dex/algebra.ts'
import { balancerV2 } from '../../src/dex/balancerV2.ts'
import type { Dex, Spender } from '../../src/dex/dex.ts'
import { approveCall, unlimited } from '../../src/dex/erc20.ts'
import { uniswapV2 } from '../../src/dex/uniswapV2.ts'
import { uniswapV3 } from '../../src/dex/uniswapV3.ts'
import { uniswapV4, usualPermit2 } from '../../src/dex/uniswapV4.ts'
import type { Hex } from '../../src/domain/hex.ts'
import type { Json } from '../../src/domain/json.ts'
import { allowListOf } from '../../src/runtime/allowList.ts'
import type { StoredTrade } from '../../src/runtime/records.ts'
import { allowOnly } from '../../src/signer/allowList.ts'
import { readFields } from '../../src/signer/encodeTransaction.ts'
import { acceptedOrder, gapOrder, policy, wallet } from '../support/orders.ts'

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
const transaction = { chainId: 1, nonce: 0, gasLimit: 80_000, maxFeePerGas: '2', maxPriorityFeePerGas: '1' } as const
const nothing = { live: [], gaps: [] }

function trade(order: Partial<typeof acceptedOrder>): StoredTrade {
  const snapshot = { context: { order: { ...acceptedOrder, ...order } } } as unknown as Json
  return { tradeId: 'trade_1', record: { schema: 1, machineVersion: 2, snapshot, historyNext: 0 } }
}

const deps = { wrappedNative, factory, poolManager: factory } as const
const [router, vault, ownPermit2] = [address('e1'), address('e2'), address('e3')]
const v2Dex = uniswapV2(v2, deps)
const v3Dex = uniswapV3(v3, { ...deps, generation: 'SwapRouter02' })
const v4 = { id: 'v4', kind: 'uniswapV4', router, quoter, stateView: quoter } as const
const dexes = {
  'Uniswap V2': v2Dex,
  'Uniswap V3': v3Dex,
  'the older V3': uniswapV3(v3, { ...deps, generation: 'SwapRouter' }),
  Algebra: algebra({ id: 'algebra', kind: 'algebra', router, quoter }, deps),
  'Balancer V2': balancerV2({ id: 'balancer', kind: 'balancerV2', vault, pools: [`0x${'ab'.repeat(32)}`] }, deps),
  'Uniswap V4': uniswapV4(v4, deps),
  'Uniswap V4 with another Permit2': uniswapV4({ ...v4, permit2: ownPermit2 }, deps),
} as const satisfies Record<string, Dex>
const both = [v2Dex, v3Dex]
const refused = expect.objectContaining({ code: 'NOT_ALLOWED' })

describe('the allow-list of a configuration', () => {
  test('has the swaps of its venues, the tokens and the highest of all ceilings', () => {
    const allow = allowListOf(settings, both, nothing)

    expect(allow).toEqual({
      swaps: both.flatMap((dex) => dex.swapShapes()),
      tokens: [usdc],
      spenders: [{ address: routerV2 }, { address: routerV3 }],
      maxFeePerGas: '200000000000',
      gasLimit: 300_000,
    })
    expect(structuredClone(allow)).toEqual(allow)
  })

  test.each(Object.entries(dexes))('has what %s calls, and nothing of another venue', (_, dex) => {
    const { swaps } = allowListOf(settings, [dex], nothing)

    expect(new Set(swaps.map(({ to }) => to))).toEqual(new Set(dex.contracts))
  })

  test.each(
    Object.entries(dexes).flatMap(([name, dex]) =>
      (['0', '1500000', unlimited] as const).map((amount) => [name, amount, dex] as const),
    ),
  )('lets every approval that %s needs be signed, for %s base units, and none in another way', (_, amount, dex) => {
    const guard = allowOnly(allowListOf(settings, [dex], nothing), 1)
    const signing = (token: Hex, { address: spender, ...via }: Spender) => {
      const call = approveCall({ token, spender, ...via }, amount)
      return () => guard(wallet, readFields({ ...transaction, ...call }))
    }

    for (const spender of dex.spenders) {
      expect(signing(usdc, spender)).not.toThrow()
      expect(signing(address('5e'), spender)).toThrow(refused)
      // Who takes tokens through Permit2 does not take them by himself.
      if (spender.via !== undefined) expect(signing(usdc, { address: spender.address })).toThrow(refused)
      else expect(signing(usdc, { ...spender, via: usualPermit2 })).toThrow(refused)
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

    const allow = allowListOf(settings, both, { live: [trade(order)], gaps: [] })
    const withGap = allowListOf(settings, both, { live: [], gaps: [gap] })

    expect(new Set(allow.swaps.map(({ to }) => to))).toEqual(new Set([routerV2, routerV3]))
    expect(allow.tokens).toEqual([usdc, oldToken, oldOutput])
    expect(allow).toMatchObject({ maxFeePerGas: '900000000000', gasLimit: 500_000 })
    expect(withGap).toMatchObject({ maxFeePerGas: '1000000000000', gasLimit: 300_000 })
  })
})
