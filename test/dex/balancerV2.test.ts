import vaultArtifact from '@balancer-labs/v2-deployments/dist/tasks/20210418-vault/artifact/Vault.json' with {
  type: 'json',
}
import { AbiCoder, Interface } from 'ethers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { balancerV2 } from '../../src/dex/balancerV2.ts'
import { InvalidOrderError, NoLiquidityError } from '../../src/domain/errors.ts'
import type { Hex } from '../../src/domain/hex.ts'
import type { ReadReply } from '../../src/domain/read.ts'
import type { Token } from '../../src/domain/token.ts'
import { addresses, anySwap, swapOf, tokens } from './swaps.ts'

const vault = new Interface(vaultArtifact.abi)
const pools = [`0x${'aa'.repeat(32)}`, `0x${'bb'.repeat(32)}`] as const
const venue = { id: 'balancer', kind: 'balancerV2', vault: addresses.router, pools } as const
const dex = balancerV2(venue, { wrappedNative: addresses.weth })
const nobody: Hex = `0x${'0'.repeat(40)}`
const asset = ({ address }: Token) => (address === 'native' ? nobody : address)
const fundsOf = (wallet: Hex) => [wallet, false, wallet, false]

test('a swap call is what an ABI encoder makes of the vault’s function, byte for byte', () => {
  const property = fc.property(anySwap, fc.constantFrom(...pools), ({ swap, limit, deadlineS }, pool) => {
    const call = dex.swapCall(swap, { quote: { amount: '1', route: pool }, limit, deadlineS })

    const sells = swap.side === 'sell'
    const single = [pool, sells ? 0 : 1, asset(swap.tokenIn), asset(swap.tokenOut), swap.amount, '0x']
    expect(call).toEqual({
      to: addresses.router,
      data: vault.encodeFunctionData('swap', [single, fundsOf(swap.wallet), limit, deadlineS]),
      value: swap.tokenIn.address === 'native' ? (sells ? swap.amount : limit) : '0',
    })
  })
  fc.assert(property, { numRuns: 500 })
})

test('a quote asks the vault what each configured pool would do', () => {
  const property = fc.property(anySwap, ({ swap }) => {
    const { reads } = dex.quoteRequest(swap)

    const expected = pools.map((pool) => ({
      kind: 'call',
      to: addresses.router,
      data: vault.encodeFunctionData('queryBatchSwap', [
        swap.side === 'sell' ? 0 : 1,
        [[pool, 0, 1, swap.amount, '0x']],
        [asset(swap.tokenIn), asset(swap.tokenOut)],
        fundsOf(swap.wallet),
      ]),
    }))
    expect(reads).toEqual(expected)
  })
  fc.assert(property, { numRuns: 200 })
})

const noPool: ReadReply = { ok: false, message: 'execution reverted: BAL#521' }

function deltas(taken: bigint, given: bigint): ReadReply {
  return { ok: true, value: AbiCoder.defaultAbiCoder().encode(['int256[]'], [[taken, -given]]) as Hex }
}

test('the pool that gives most wins a sale, the one that takes least a purchase', () => {
  const replies = [deltas(1000n, 900n), deltas(1200n, 950n)]

  const sale = dex.quoteRequest(swapOf({ side: 'sell' })).answer(replies)
  const purchase = dex.quoteRequest(swapOf({ side: 'buy' })).answer(replies)

  expect(sale).toEqual({ amount: '950', route: pools[1] })
  expect(purchase).toEqual({ amount: '1000', route: pools[0] })
})

test('without any pool the error names the venue, the pair and each pool’s reason', () => {
  const { answer } = dex.quoteRequest(swapOf())
  const answering = () => answer([noPool, deltas(1000n, 0n)])

  expect(answering).toThrow(NoLiquidityError)
  expect(answering).toThrow(/balancer has no liquidity to sell this much of ETH\/USDC/)
  expect(answering).toThrow(new RegExp(`pool ${pools[0]}: BAL#521`))
  expect(answering).toThrow(new RegExp(`pool ${pools[1]}: The amount is too small`))
  expect(() => answer([{ ok: true, value: '0x' }])).toThrow(/The vault did not answer/)
})

function holding(held: Record<Hex, bigint>): ReadReply {
  const values = [Object.keys(held), Object.values(held), 1n]
  return { ok: true, value: AbiCoder.defaultAbiCoder().encode(['address[]', 'uint256[]', 'uint256'], values) as Hex }
}

test('a pair’s pools are those that hold both of its tokens', () => {
  const { reads, answer } = dex.poolRequest({ tokenIn: tokens.ETH, tokenOut: tokens.DAI })
  const found = answer([
    holding({ [addresses.weth]: 1n, [addresses.usdc]: 2n }),
    holding({ [addresses.usdc]: 3n, [addresses.weth]: 4n, [addresses.dai]: 5n }),
  ])

  const to = addresses.router
  const data = pools.map((pool) => vault.encodeFunctionData('getPoolTokens', [pool]))
  expect(reads).toEqual(data.map((one) => ({ kind: 'call', to, data: one })))
  expect(found).toEqual({ pools: [{ id: pools[1], route: pools[1], address: pools[1] }], isSure: true })
})

test.each([
  { ok: false, message: 'execution reverted: BAL#500' },
  { ok: true, value: '0x' },
] as const)('a configured pool that does not say what it holds may be the pair’s all the same: %j', (reply) => {
  const { answer } = dex.poolRequest({ tokenIn: tokens.ETH, tokenOut: tokens.USDC })
  const other = { id: pools[1], route: pools[1], address: pools[1] }

  const found = answer([reply, holding({ [addresses.usdc]: 3n, [addresses.weth]: 4n })])

  expect(found).toEqual({ pools: [other], isSure: false })
})

test('a pool is as deep as what it holds of the token that goes in', () => {
  const found = [{ id: pools[1], route: pools[1], address: pools[1] }]
  const { reads, answer } = dex.marketRequest({ tokenIn: tokens.ETH, tokenOut: tokens.DAI }, found)

  const market = answer([holding({ [addresses.usdc]: 3n, [addresses.weth]: 4n, [addresses.dai]: 5n })])

  expect(reads).toHaveLength(1)
  expect(market).toEqual({ depths: { [pools[1]]: '4' }, closedForm: null })
  expect(answer([{ ok: false, message: 'execution reverted' }])).toEqual({ depths: {}, closedForm: null })
})

test('a quote without a route takes the only pool, and is refused where there are several', () => {
  const terms = { quote: { amount: '1' }, limit: '1', deadlineS: 1 } as const
  const single = balancerV2({ ...venue, pools: [pools[0]] }, { wrappedNative: addresses.weth })
  const named = single.swapCall(swapOf(), { ...terms, quote: { amount: '1', route: pools[0] } })

  expect(single.swapCall(swapOf(), terms)).toEqual(named)
  expect(() => dex.swapCall(swapOf(), terms)).toThrow(InvalidOrderError)
})

test('a route to a pool that is not configured is refused', () => {
  const terms = { quote: { amount: '1', route: `0x${'cc'.repeat(32)}` }, limit: '1', deadlineS: 1 } as const

  expect(() => dex.swapCall(swapOf(), terms)).toThrow(InvalidOrderError)
})

test('a pool id that is not 32 bytes long is refused, since it would move what follows it', () => {
  const short = balancerV2({ ...venue, pools: ['0x1234'] }, { wrappedNative: addresses.weth })

  expect(() => short.quoteRequest(swapOf())).toThrow(/32 bytes/)
})
