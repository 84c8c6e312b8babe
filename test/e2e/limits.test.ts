import { parseUnits } from 'ethers'
import { describe, expect, test } from 'vitest'
import type { ExecutionManager, OpenOptions, TradeStatus } from '../../src/index.ts'
import { useWorld } from '../support/anvil.ts'
import { useManagers } from '../support/manager.ts'

const world = useWorld({ mining: 'interval', blockTimeS: 0.1 })
const { open, dataDir } = useManagers(world)
const order = { pair: 'ETH/USDC', amount: '60' } as const
const ether = (amount: string | null): bigint => parseUnits(amount ?? '0', 18)

type Limits = NonNullable<OpenOptions['limits']>

async function traded(execution: ExecutionManager, tradeId: string, more: object = {}): Promise<TradeStatus> {
  await execution.executeTrade({ ...order, tradeId, ...more })
  return execution.getExecutionStatus(tradeId)
}

function soldOn({ legs }: TradeStatus, venue: string): bigint {
  return legs.reduce((sum, leg) => sum + (leg.venue === venue ? ether(leg.amountIn) : 0n), 0n)
}

describe('a limit', () => {
  const cases: readonly [what: string, limits: Limits, venue: string, most: string][] = [
    ['an amount on a venue', [{ venue: 'uniswap-v2', token: 'ETH', amount: '2.5' }], 'uniswap-v2', '2.5'],
    ['a share of the trade', [{ venue: 'uniswap-v2', shareOfTrade: '0.1' }], 'uniswap-v2', '6'],
    // Sushi’s pool holds 300 of it.
    ['a share of the pool', [{ venue: 'sushi-v2', shareOfPool: '0.01' }], 'sushi-v2', '3'],
    [
      'a window',
      [{ pair: 'ETH/USDC', venue: 'sushi-v2', token: 'ETH', window: { seconds: 600, amount: '4' } }],
      'sushi-v2',
      '4',
    ],
  ]

  test.each(cases)('on %s is used up and never passed; the others take the rest', async (_, limits, venue, most) => {
    const execution = await open({}, { limits })

    const status = await traded(execution, 't')

    expect(status).toMatchObject({ status: 'done', outcome: 'filled', unallocated: '0' })
    expect(soldOn(status, venue)).toBe(ether(most))
  })

  test('over all venues leaves a rest that is nobody’s', async () => {
    const execution = await open({}, { limits: [{ token: 'ETH', amount: '45' }] })

    const status = await traded(execution, 't')

    expect(status).toMatchObject({ status: 'done', outcome: 'partial', unallocated: '15', amountIn: '45' })
  })

  test('covers what it names and nothing else', async () => {
    const execution = await open({}, { limits: [{ pair: 'ETH/DAI', token: 'ETH', amount: '1' }] })

    const other = await traded(execution, 'other')
    const covered = await traded(execution, 'covered', { pair: 'ETH/DAI', amount: '2' })

    expect(other.outcome).toBe('filled')
    expect(covered).toMatchObject({ outcome: 'partial', unallocated: '1' })
  })

  test('holds for purchases by what they may cost at most', async () => {
    const execution = await open({}, { limits: [{ token: 'USDC', amount: '9000' }] })

    const status = await traded(execution, 't', { side: 'buy', amount: '10' })

    const most = status.legs.reduce(
      (sum, { kind, limit }) => sum + (kind === 'swap' ? parseUnits(limit ?? '0', 6) : 0n),
      0n,
    )
    expect(status).toMatchObject({ status: 'done', outcome: 'partial' })
    expect(most).toBeLessThanOrEqual(parseUnits('9000', 6))
    expect(most).toBeGreaterThan(parseUnits('8800', 6))
  })

  test('holds for the caller’s own prices as well', async () => {
    const execution = await open({}, { limits: [{ venue: 'uniswap-v2', token: 'ETH', amount: '1' }] })

    const status = await traded(execution, 't', { amount: '3', quotes: { 'uniswap-v2': '8900' } })

    expect(status).toMatchObject({ status: 'done', outcome: 'partial', unallocated: '2', amountIn: '1' })
  })

  test('is shared by trades that run at the same time', async () => {
    const limits = [{ token: 'ETH', amount: '10' }]
    // They move each other’s prices.
    const execution = await open({ maxSlippage: '0.05' }, { limits })
    const most = { now: 0n }
    execution.on('step', () => {
      let now = 0n
      for (const [, { legs }] of execution.getActiveExecutions()) {
        for (const leg of legs) if (leg.status !== 'done' && leg.status !== 'failed') now += ether(leg.amount)
      }
      if (now > most.now) most.now = now
    })

    const ids = ['a', 'b', 'c', 'd', 'e']
    const ended = await Promise.allSettled(ids.map((tradeId) => traded(execution, tradeId, { amount: '4' })))

    const sold = ended.map((result) => (result.status === 'fulfilled' ? ether(result.value.amountIn) : 0n))
    expect(sold.reduce((sum, amount) => sum + amount, 0n)).toBe(ether('10'))
    expect(most.now).toBeLessThanOrEqual(ether('10'))
    // What has ended leaves its room to others.
    expect((await traded(execution, 'next', { amount: '10' })).outcome).toBe('filled')
  })

  test('of a window counts over restarts, and over clearing', async () => {
    const limits = [{ token: 'ETH', window: { seconds: 3600, amount: '5' } }]
    const folder = dataDir()
    const first = await open({}, { limits, dataDir: folder })
    await traded(first, 'a', { amount: '3' })
    await first.clearCompletedExecutions()
    await first.close()

    const second = await open({}, { limits, dataDir: folder })
    const status = await traded(second, 'b', { amount: '3' })
    const none = second.executeTrade({ ...order, tradeId: 'c' })

    expect(status).toMatchObject({ outcome: 'partial', amountIn: '2' })
    await expect(none).rejects.toMatchObject({ failure: { code: 'LIMIT_REACHED' } })
  })
})

describe('a budget', () => {
  test('of gas is not begun upon where an attempt could pass it', async () => {
    const execution = await open({}, { budgets: { gasPerTrade: '0.0000001' } })

    const [leg] = await execution.executeTrade({ ...order, tradeId: 't', amount: '1' })

    expect(leg).toMatchObject({ status: 'failed', nonce: null, gasUsed: 0, failure: { code: 'LIMIT_REACHED' } })
  })

  test('of losses leaves no more than what slippage may cost', async () => {
    const execution = await open({ maxSlippage: '0.01' }, { budgets: { lossPerTrade: { USDC: '10' } } })

    const status = await traded(execution, 't')

    const risk = status.legs.reduce(
      (sum, { quoted, limit }) => sum + parseUnits(quoted ?? '0', 6) - parseUnits(limit ?? '0', 6),
      0n,
    )
    expect(status).toMatchObject({ status: 'done', outcome: 'partial' })
    expect(risk).toBeLessThanOrEqual(parseUnits('10', 6))
  })
})

test.each([
  [{ limits: [{ venue: 'nowhere', shareOfTrade: '0.5' }] }, /limits\[0\].venue/],
  [{ limits: [{ token: 'NOPE', amount: '1' }] }, /limits\[0\].token/],
  [{ limits: [{ pair: 'ETH/NOPE', shareOfTrade: '0.5' }] }, /limits\[0\].pair/],
  [{ limits: [{ amount: '1' }] }, /limits\[0\].token/],
  [{ limits: [{ venue: 'uniswap-v2' }] }, /limits\[0\]/],
  [{ limits: [{ token: 'USDC', amount: '0.0000001' }] }, /limits\[0\].amount/],
  [{ budgets: { lossPerDay: { NOPE: '1' } } }, /budgets.lossPerDay.NOPE/],
] as const)('a limit that cannot be is refused by its field: %j', async (options, field) => {
  await expect(open({}, options as Partial<OpenOptions>)).rejects.toThrow(field)
})
