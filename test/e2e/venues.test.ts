import { parseUnits } from 'ethers'
import { describe, expect, test } from 'vitest'
import type { ExecutionManager, TradeStatus } from '../../src/index.ts'
import { useWorld } from '../support/anvil.ts'
import { allow, holdingsOf } from '../support/holdings.ts'
import { useManagers } from '../support/manager.ts'
import { placeMulticall } from '../support/multicall.ts'
import { allVenuesOf } from '../support/venues.ts'

const world = useWorld({ mining: 'interval', blockTimeS: 0.1 })
const { open } = useManagers(world)
const config = { gasLimit: 1_000_000, inFlightPerWallet: 32 }

/** What a trade moved by the chain's own balances, gas apart, must be what it reports. */
async function moved(execution: ExecutionManager, order: Parameters<ExecutionManager['executeTrade']>[0]) {
  const [base = '', quote = ''] = order.pair.split('/')
  const before = await holdingsOf(world(), execution.wallets)
  await execution.executeTrade(order)
  const after = await holdingsOf(world(), execution.wallets)
  const status = execution.getExecutionStatus(order.tradeId)
  const gas = (symbol: string): bigint => (symbol === 'ETH' ? parseUnits(status.gasCost, 18) : 0n)
  const change = (symbol: string): bigint => (after[symbol] ?? 0n) - (before[symbol] ?? 0n) + gas(symbol)
  return { status, base: change(base), quote: change(quote) }
}

function unitsOf(amount: string, symbol: string): bigint {
  return parseUnits(amount, symbol === 'USDC' || symbol === 'USDT' ? 6 : 18)
}

function swapsOf({ legs }: TradeStatus): string[] {
  return legs.filter(({ kind }) => kind === 'swap').map(({ venue }) => venue)
}

describe('a trade over venues of every kind', () => {
  test('spreads a large sale of native coin over all of them, and reports what the balances say', async () => {
    const execution = await open({ ...config }, { venues: allVenuesOf(world()) })

    const { status, base, quote } = await moved(execution, { tradeId: 't', pair: 'ETH/USDC', amount: '300' })

    expect(status).toMatchObject({ status: 'done', outcome: 'filled', unfilled: '0' })
    expect(swapsOf(status).length).toBe(4)
    expect(base).toBe(-unitsOf(status.amountIn, 'ETH'))
    expect(quote).toBe(unitsOf(status.amountOut, 'USDC'))
  })

  test('reads the same through the chain’s multicall contract, where it has one', async () => {
    await placeMulticall(world())
    const execution = await open(config, { venues: allVenuesOf(world()) })
    // The contract is looked for beside the first read.
    await execution.executeTrade({ tradeId: 'first', pair: 'USDC/ETH', amount: '100' })

    const { status, base, quote } = await moved(execution, { tradeId: 't', pair: 'USDC/ETH', amount: '900000' })

    expect(status).toMatchObject({ status: 'done', outcome: 'filled', unfilled: '0' })
    expect(base).toBe(-unitsOf('900000', 'USDC'))
    expect(quote).toBe(unitsOf(status.amountOut, 'ETH'))
  })

  test.each(['uniswap-v4', 'pancake-v3', 'algebra', 'balancer-v2'])(
    'sells and buys a token on %s alone, approvals first',
    async (venue) => {
      const execution = await open(config, { venues: allVenuesOf(world()) })

      const sale = await moved(execution, { tradeId: 'a', pair: 'USDC/ETH', amount: '9000', venues: [venue] })
      const purchase = await moved(execution, {
        tradeId: 'b',
        pair: 'USDC/ETH',
        side: 'buy',
        amount: '5000',
        venues: [venue],
      })

      expect(sale.status).toMatchObject({ status: 'done', outcome: 'filled' })
      expect(sale.base).toBe(-unitsOf('9000', 'USDC'))
      expect(sale.quote).toBe(unitsOf(sale.status.amountOut, 'ETH'))
      expect(purchase.status).toMatchObject({ status: 'done', outcome: 'filled' })
      expect(purchase.base).toBe(unitsOf('5000', 'USDC'))
      expect(purchase.quote).toBe(-unitsOf(purchase.status.amountIn, 'ETH'))
      // Exact approvals leave nothing behind, so that the venue needs them again; Permit2 needs two.
      const approvals = sale.status.legs.filter(({ kind }) => kind === 'approval')
      expect(approvals.map(({ status }) => status)).toEqual(venue === 'uniswap-v4' ? ['done', 'done'] : ['done'])
    },
  )
})

describe('a token that is not like the others', () => {
  test('has its allowance set to zero first where it refuses to change one', async () => {
    const [account] = world().accounts
    const { router: spender } = world().venues[0]
    await allow(world(), { wallet: account?.address ?? '0x', token: world().tokens.USDT, spender, amount: 7n })
    const execution = await open(config)

    const sell = { tradeId: 't', pair: 'USDT/ETH', amount: '2000', venues: ['uniswap-v2'] }
    const { status, base } = await moved(execution, sell)

    expect(status).toMatchObject({ status: 'done', outcome: 'filled' })
    expect(status.legs.map(({ kind, status: at }) => [kind, at])).toEqual([
      ['approval', 'done'],
      ['approval', 'done'],
      ['swap', 'done'],
    ])
    expect(base).toBe(-unitsOf('2000', 'USDT'))
  })

  test('is sold by its own route where its transfers cost a fee, for what really arrives', async () => {
    const execution = await open(config)

    const { status, base, quote } = await moved(execution, {
      tradeId: 't',
      pair: 'TAX/ETH',
      amount: '3000',
      venues: ['uniswap-v2'],
    })

    expect(status).toMatchObject({ status: 'done', outcome: 'filled' })
    expect(base).toBe(-unitsOf('3000', 'TAX'))
    expect(quote).toBe(unitsOf(status.amountOut, 'ETH'))
    expect(status.legs.at(-1)?.quoted).toBe(status.amountOut)
  })

  test('is bought for what really arrives as well: a router believes more', async () => {
    const execution = await open(config)

    const { status, quote } = await moved(execution, {
      tradeId: 't',
      pair: 'ETH/TAX',
      amount: '1',
      venues: ['uniswap-v2'],
    })

    expect(status).toMatchObject({ status: 'done', outcome: 'filled' })
    expect(quote).toBe(unitsOf(status.amountOut, 'TAX'))
    expect(status.legs.at(-1)?.quoted).toBe(status.amountOut)
  })

  test('cannot be bought to the unit where its transfers cost a fee: nothing is sent', async () => {
    const execution = await open(config)

    const trade = execution.executeTrade({
      tradeId: 't',
      pair: 'TAX/ETH',
      side: 'buy',
      amount: '1000',
      venues: ['uniswap-v2'],
    })

    await expect(trade).rejects.toMatchObject({ failure: { code: 'WOULD_REVERT' } })
  })

  test('is approved without an end where that was chosen, once', async () => {
    const execution = await open({ ...config, approvals: 'unlimited' })
    const sell = { pair: 'USDC/ETH', amount: '3000', venues: ['uniswap-v2'] }

    const first = await execution.executeTrade({ ...sell, tradeId: 'first' })
    const second = await execution.executeTrade({ ...sell, tradeId: 'second' })

    expect(first.map(({ kind }) => kind)).toEqual(['approval', 'swap'])
    expect(second.map(({ kind }) => kind)).toEqual(['swap'])
  })
})
