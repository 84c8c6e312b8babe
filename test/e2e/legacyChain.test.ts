import { Transaction } from 'ethers'
import { describe, expect, test } from 'vitest'
import type { Hex } from '../../src/index.ts'
import { useWorld } from '../support/anvil.ts'
import { ledgerOf } from '../support/ledger.ts'
import { eventually, useManagers } from '../support/manager.ts'

const world = useWorld({ hardfork: 'berlin' })
const { open } = useManagers(world)
const order = { tradeId: 'trade_1', pair: 'ETH/USDC', amount: '1', venues: ['uniswap-v2'] }

async function pendingOf(wallet: Hex): Promise<Transaction[]> {
  const { pending } = (await world().rpc('txpool_content')) as {
    pending: Record<string, Record<string, { hash: Hex }>>
  }
  const [own = {}] = Object.entries(pending).flatMap(([from, all]) => (from.toLowerCase() === wallet ? [all] : []))
  const raws = Object.values(own).map(({ hash }) => world().rpc('eth_getRawTransactionByHash', [hash]))
  return (await Promise.all(raws)).map((raw) => Transaction.from(raw as string))
}

describe('a chain without a base fee', () => {
  test('is traded on with one gas price, which is bumped until it is mined', async () => {
    const execution = await open({ bumpInterval: 0.3, confirmationBlocks: 1 })
    const wallet = execution.wallets[0] as Hex
    const before = await ledgerOf(world(), wallet)
    const handle = execution.submitTrade(order)
    await eventually(async () => (await pendingOf(wallet)).length === 1, 'the first attempt')
    const [first] = await pendingOf(wallet)
    await eventually(async () => (await pendingOf(wallet))[0]?.hash !== first?.hash, 'a bump')
    const [second] = await pendingOf(wallet)

    await world().mine()
    const { status, legs } = await handle.result()

    expect([first?.type, second?.type]).toEqual([0, 0])
    expect(Number(second?.gasPrice)).toBeGreaterThan(Number(first?.gasPrice) * 1.12)
    expect(status).toBe('done')
    const after = await ledgerOf(world(), wallet)
    expect(after.nonce).toBe(before.nonce + 1)
    expect(Number(legs[0]?.amountOut) * 1e6).toBe(Number(after.usdc - before.usdc))
  })
})
