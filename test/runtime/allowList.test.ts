import { describe, expect, test } from 'vitest'
import { parseOptions } from '../../src/config.ts'
import { algebra } from '../../src/dex/algebra.ts'
import { balancerV2 } from '../../src/dex/balancerV2.ts'
import type { Dex } from '../../src/dex/dex.ts'
import { approveCall, unlimited } from '../../src/dex/erc20.ts'
import type { VenueConfig } from '../../src/dex/openDex.ts'
import { uniswapV2 } from '../../src/dex/uniswapV2.ts'
import { uniswapV3 } from '../../src/dex/uniswapV3.ts'
import { uniswapV4, usualPermit2 } from '../../src/dex/uniswapV4.ts'
import type { BaseUnits } from '../../src/domain/amount.ts'
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

  const [router, vault, ownPermit2] = [address('e1'), address('e2'), address('e3')]
  const deps = { wrappedNative, factory, generation: 'SwapRouter02', poolManager: factory } as const
  const ofAlgebra = { id: 'algebra', kind: 'algebra', router, quoter } as const
  const balancer = { id: 'balancer', kind: 'balancerV2', vault, pools: [] } as const
  const v4 = { id: 'v4', kind: 'uniswapV4', router, quoter, stateView: quoter } as const
  const v4Elsewhere = { ...v4, id: 'v4-elsewhere', permit2: ownPermit2 }

  test.each<[string, VenueConfig, Dex, readonly Hex[]]>([
    ['Uniswap V2', v2, uniswapV2(v2, deps), []],
    ['Uniswap V3', v3, uniswapV3(v3, deps), []],
    ['Algebra', ofAlgebra, algebra(ofAlgebra, deps), []],
    ['Balancer V2', balancer, balancerV2(balancer, deps), []],
    ['Uniswap V4', v4, uniswapV4(v4, deps), [usualPermit2]],
    ['Uniswap V4 with another Permit2', v4Elsewhere, uniswapV4(v4Elsewhere, deps), [ownPermit2]],
  ])('has what %s calls, and who takes tokens for it', (_, venue, dex, permits) => {
    const allow = allowListOf({ ...settings, venues: [venue] }, nothing)

    expect(allow.contracts).toEqual(dex.contracts)
    expect(new Set(allow.spenders)).toEqual(new Set(dex.spenders.map((spender) => spender.address)))
    expect(allow.permits).toEqual(permits)
    expect(dex.spenders.flatMap(({ via }) => via ?? [])).toEqual(permits)
  })

  test.each(['0', '1500000', unlimited])(
    'lets every approval that a venue needs be signed, for %s base units',
    (amount) => {
      const allow = allowListOf({ ...settings, venues: [v2, balancer, v4, v4Elsewhere] }, nothing)
      const guard = allowOnly(allow, 1)
      const spenders = [uniswapV2(v2, deps), uniswapV4(v4, deps), uniswapV4(v4Elsewhere, deps)].flatMap(
        (dex) => dex.spenders,
      )
      const grants = spenders.map(({ address: spender, via }) => (via === undefined ? { spender } : { spender, via }))

      const sign = (token: Hex) =>
        grants.map((grant) => () => {
          const call = approveCall({ token, ...grant }, amount as BaseUnits)
          guard(wallet, readFields({ ...transaction, ...call }))
        })

      for (const signing of sign(usdc)) expect(signing).not.toThrow()
      for (const signing of sign(address('5e')))
        expect(signing).toThrow(expect.objectContaining({ code: 'NOT_ALLOWED' }))
    },
  )

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
