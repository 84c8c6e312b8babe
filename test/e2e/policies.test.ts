import { parseUnits } from 'ethers'
import { describe, expect, test } from 'vitest'
import type { ExecutionManager, TradeOrder } from '../../src/index.ts'
import { useWorld } from '../support/anvil.ts'
import { giveAway, holdingsOf } from '../support/holdings.ts'
import { eventually, useManagers } from '../support/manager.ts'
import { areSent, mineToEnd, sellBefore } from '../support/trading.ts'

const world = useWorld({ mining: 'manual' })
const { open } = useManagers(world)
const order = { tradeId: 'trade_1', pair: 'ETH/USDC', amount: '60' } as const
const usdc = (amount: string): bigint => parseUnits(amount, 6)
const ether = (amount: string): bigint => parseUnits(amount, 18)

/** A trade over three venues, of which one fails: somebody sells there first. What it reports must be what the balances say. */
async function withOneFailing(execution: ExecutionManager, { fillPolicy }: Required<Pick<TradeOrder, 'fillPolicy'>>) {
  const before = await holdingsOf(world(), execution.wallets)
  const handle = execution.submitTrade({ ...order, fillPolicy })
  await areSent(handle, 3)
  const first = handle.status()
  await sellBefore(world(), '200')
  await mineToEnd(world(), handle)
  const after = await holdingsOf(world(), execution.wallets)
  const status = handle.status()
  const moved = (symbol: string): bigint => (after[symbol] ?? 0n) - (before[symbol] ?? 0n)
  expect(moved('USDC')).toBe(usdc(status.amountOut))
  expect(moved('ETH')).toBe(-ether(status.amountIn) - ether(status.gasCost))
  return { first, status }
}

const config = { retryAttempts: 0, maxSlippage: '0.02' }
/** Half of the order in two smaller pools costs more than a hundredth. */
const patient = { ...config, maxSlippage: '0.2' }

describe('where a leg fails', () => {
  test('bestEffort keeps what the others filled, and says what is missing', async () => {
    const { first, status } = await withOneFailing(await open(config), { fillPolicy: 'bestEffort' })

    const missing = first.legs.find(({ venue }) => venue === 'uniswap-v2')?.amount
    expect(status).toMatchObject({ status: 'done', outcome: 'partial', unfilled: missing, exposed: '0' })
  })

  test('reallocate fills the rest elsewhere, within the slippage of the first quotes', async () => {
    const { first, status } = await withOneFailing(await open(patient), { fillPolicy: 'reallocate' })

    expect(status).toMatchObject({ status: 'done', outcome: 'filled', unfilled: '0', amountIn: '60' })
    const again = status.legs.filter(({ legId }) => legId.endsWith('#1'))
    expect(again.length).toBeGreaterThan(0)
    expect(again.every(({ status: at, venue }) => at === 'done' && venue !== 'uniswap-v2')).toBe(true)
    const bound = first.legs.reduce((sum, { limit }) => sum + usdc(limit ?? '0'), 0n)
    expect(usdc(status.amountOut)).toBeGreaterThanOrEqual(bound)
  })

  test('reallocate fills nothing where that would be beyond the slippage of the first quotes', async () => {
    const execution = await open({ ...config, maxSlippage: '0.0005' })

    const { status } = await withOneFailing(execution, { fillPolicy: 'reallocate' })

    expect(status).toMatchObject({ status: 'done', outcome: 'partial', failure: { code: 'SLIPPAGE' } })
    expect(status.legs).toHaveLength(3)
  })

  test('minimumFill is a failure where less is filled, and names what the wallet is left with', async () => {
    const execution = await open({ ...config, maxSlippage: '0.0005' })

    const { status } = await withOneFailing(execution, { fillPolicy: { minimumFill: '0.9' } })

    expect(status).toMatchObject({ status: 'failed', outcome: null, failure: { code: 'MINIMUM_FILL' } })
    expect(status.exposed).toBe(status.amountOut)
    expect(usdc(status.exposed)).toBeGreaterThan(0n)
  })

  test('minimumFill is met by what is split again', async () => {
    const { status } = await withOneFailing(await open(patient), { fillPolicy: { minimumFill: '0.9' } })

    expect(status).toMatchObject({ status: 'done', fillPolicy: 'minimumFill' })
    expect(ether(status.amountIn)).toBeGreaterThanOrEqual(ether('54'))
  })

  test('unwind sells back what the others bought', async () => {
    const execution = await open(config)

    const { status } = await withOneFailing(execution, { fillPolicy: 'unwind' })

    expect(status).toMatchObject({ status: 'failed', outcome: null, failure: { code: 'UNWOUND' } })
    expect(status).toMatchObject({ amountOut: '0', exposed: '0', unfilled: expect.stringMatching(/^\d/) })
    const back = status.legs.filter(({ purpose, kind }) => purpose === 'unwind' && kind === 'swap')
    expect(back.length).toBeGreaterThan(0)
    expect(back.every(({ status: at }) => at === 'done')).toBe(true)
  })

  test('nothing is split again once the caller has cancelled', async () => {
    const execution = await open(config)
    const handle = execution.submitTrade({ ...order, fillPolicy: 'reallocate' })
    await areSent(handle, 3)
    const hashes = handle.status().legs.map(({ hash }) => hash)
    handle.cancel()
    await eventually(() => handle.status().legs.every(({ hash }) => !hashes.includes(hash)), 'three cancellations')
    await areSent(handle, 3)

    const legs = await mineToEnd(world(), handle)

    expect(legs.map(({ failure }) => failure?.code)).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED'])
  })
})

test('nothing is begun where less than the minimum is possible', async () => {
  const limits = [{ token: 'ETH', amount: '50' }]
  const execution = await open(config, { limits })

  const trade = execution.executeTrade({ ...order, fillPolicy: { minimumFill: '0.9' } })

  await expect(trade).rejects.toMatchObject({ failure: { code: 'MINIMUM_FILL' } })
  const [next] = await mineToEnd(world(), execution.submitTrade({ ...order, tradeId: 'next', amount: '1' }))
  expect(next).toMatchObject({ status: 'done', nonce: null })
})

test('a faulty fill policy is refused by its name', async () => {
  const execution = await open()

  expect(() => execution.submitTrade({ ...order, fillPolicy: 'allOrNothing' as 'unwind' })).toThrow(/fillPolicy/)
  expect(() => execution.submitTrade({ ...order, fillPolicy: { minimumFill: '1.5' } })).toThrow(
    /fillPolicy.minimumFill/,
  )
})

test('a day’s budget of gas counts what was really paid, and is never passed', async () => {
  const execution = await open({}, { budgets: { gasPerDay: '0.001' } })
  const costs: bigint[] = []
  for (let trade = 0; ; trade += 1) {
    // Empty blocks would make gas all but free.
    await world().rpc('anvil_setNextBlockBaseFeePerGas', ['0x3b9aca00'])
    await world().mine()
    const handle = execution.submitTrade({ ...order, tradeId: `t${trade}`, amount: '1', venues: ['uniswap-v2'] })
    await mineToEnd(world(), handle)
    const { status, gasCost } = handle.status()
    if (status === 'failed') break
    costs.push(ether(gasCost))
  }

  expect(costs.length).toBeGreaterThan(1)
  expect(costs.reduce((sum, cost) => sum + cost, 0n)).toBeLessThanOrEqual(ether('0.001'))
})

test('what is sold back is sold by the wallets that hold it', async () => {
  const [first, , second] = world().accounts
  process.env.LEGWORK_TEST_KEY = first?.privateKey
  process.env.LEGWORK_TEST_SECOND_KEY = second?.privateKey
  const wallets = [{ privateKeyEnv: 'LEGWORK_TEST_KEY' }, { privateKeyEnv: 'LEGWORK_TEST_SECOND_KEY' }]
  const { USDC } = world().tokens
  // They hold nothing else of what they buy.
  for (const wallet of [first, second]) await giveAway(world(), wallet?.address ?? '0x', USDC)
  const execution = await open(config, { wallets })

  const { status } = await withOneFailing(execution, { fillPolicy: 'unwind' })

  expect(status).toMatchObject({ status: 'failed', failure: { code: 'UNWOUND' }, exposed: '0' })
  expect(new Set(status.legs.map(({ wallet }) => wallet)).size).toBe(2)
})

test('what failed is split again by a wallet that holds no more than that', async () => {
  await world().rpc('anvil_setBalance', [world().accounts[0]?.address, `0x${ether('61').toString(16)}`])
  const execution = await open(patient)

  const { status } = await withOneFailing(execution, { fillPolicy: 'reallocate' })

  expect(status).toMatchObject({ status: 'done', outcome: 'filled' })
})

test('all or nothing is not begun where limits leave less than all', async () => {
  const execution = await open(config, { limits: [{ token: 'ETH', amount: '1' }] })

  const trade = execution.executeTrade({ ...order, fillPolicy: 'unwind' })

  await expect(trade).rejects.toMatchObject({ failure: { code: 'MINIMUM_FILL' } })
})
