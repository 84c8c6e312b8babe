import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { parseUnits } from 'ethers'
import { expect, test } from 'vitest'
import { useWorld } from '../support/anvil.ts'
import { holdingsOf } from '../support/holdings.ts'
import { eventually, useManagers } from '../support/manager.ts'
import { withCalls } from '../support/openers.ts'
import { areSent, mineToEnd, sellBefore } from '../support/trading.ts'

const world = useWorld({ mining: 'manual' })
const { open, dataDir } = useManagers(world)

test('a backup of a trade that was being split again does not sell the rest a second time', async () => {
  const [folder, copy] = [dataDir(), join(dataDir(), 'copy')]
  const config = { retryAttempts: 0, maxSlippage: '0.3' }
  let trials = 0
  let goOn = (): void => {}
  const gate = new Promise<void>((resolve) => {
    goOn = resolve
  })
  // The second split waits before it is tried.
  const openers = withCalls((chain) => ({
    async simulate(...args) {
      trials += 1
      if (trials === 2) await gate
      return chain.simulate(...args)
    },
  }))
  const original = await open(config, { dataDir: folder, openers })
  const handle = original.submitTrade({ tradeId: 't', pair: 'ETH/USDC', amount: '60', fillPolicy: 'reallocate' })
  await areSent(handle, 3)
  await sellBefore(world(), '300')
  await eventually(async () => {
    await world().mine()
    return trials === 2
  }, 'the second split')
  await handle.recorded()
  cpSync(folder, copy, { recursive: true })
  goOn()
  await mineToEnd(world(), handle)
  await original.close()
  const before = await holdingsOf(world(), original.wallets)

  const restored = await open(config, { dataDir: copy })
  await eventually(async () => {
    await world().mine()
    return restored.getActiveExecutions().size === 0
  }, 'the end of it')

  const after = await holdingsOf(world(), restored.wallets)
  expect(handle.status()).toMatchObject({ status: 'done', outcome: 'filled' })
  expect(after).toEqual(before)
})

test('a token with a fee on its transfers shows at a node that keeps its logs to itself', async () => {
  const openers = withCalls((chain) => ({
    async simulate(...args) {
      const replies = await chain.simulate(...args)
      return replies.map((reply) => (reply.ok ? { ...reply, logs: null } : reply))
    },
  }))
  const execution = await open({}, { openers })
  const handle = execution.submitTrade({ tradeId: 't', pair: 'ETH/TAX', amount: '1', venues: ['uniswap-v2'] })

  const [leg] = await mineToEnd(world(), handle)

  expect(leg).toMatchObject({ status: 'done', quoted: leg?.amountOut })
})

test('a token that refuses to change an allowance can be bought with again and again at the caller’s own prices', async () => {
  // Its balances are those of the block before.
  await world().mine()
  const execution = await open({ retryAttempts: 0 })
  const buy = {
    pair: 'ETH/USDT',
    side: 'buy',
    amount: '0.5',
    venues: ['uniswap-v2'],
    quotes: { 'uniswap-v2': '1510' },
  } as const

  const first = await mineToEnd(world(), execution.submitTrade({ ...buy, tradeId: 'first' }))
  const second = await mineToEnd(world(), execution.submitTrade({ ...buy, tradeId: 'second' }))

  expect(first.map(({ kind, status }) => [kind, status])).toEqual([
    ['approval', 'done'],
    ['swap', 'done'],
  ])
  // What the first one did not use is taken back before.
  expect(second.map(({ kind, status }) => [kind, status])).toEqual([
    ['approval', 'done'],
    ['approval', 'done'],
    ['swap', 'done'],
  ])
})

test('a window counts what an earlier trade of the same id sold', async () => {
  const limits = [{ token: 'ETH', window: { seconds: 3600, amount: '5' } }]
  const execution = await open({}, { limits })
  const order = { tradeId: 'same', pair: 'ETH/USDC', amount: '4' }
  await mineToEnd(world(), execution.submitTrade(order))
  await execution.clearCompletedExecutions()

  const handle = execution.submitTrade(order)
  await mineToEnd(world(), handle)

  expect(parseUnits(handle.status().amountIn, 18)).toBe(parseUnits('1', 18))
})
