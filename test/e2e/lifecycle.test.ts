import { parseUnits } from 'ethers'
import { describe, expect, test } from 'vitest'
import type { ExecutionManager, Hex, TradeHandle } from '../../src/index.ts'
import { useWorld } from '../support/anvil.ts'
import { ledgerOf } from '../support/ledger.ts'
import { eventually, useManagers } from '../support/manager.ts'
import { areSent, mineToEnd as mineUntilEnd, sellBefore } from '../support/trading.ts'

const world = useWorld({ mining: 'manual' })
const { open } = useManagers(world)
/** So much that all three venues are worth their gas. */
const large = { tradeId: 'trade_1', pair: 'ETH/USDC', amount: '60' }
const sell = { tradeId: 'trade_1', pair: 'ETH/USDC', amount: '1.5' }
const one = { ...sell, amount: '1', venues: ['uniswap-v2'] }

function stateOf(execution: ExecutionManager, legId = 'uniswap-v2'): string | undefined {
  return execution.getExecutionStatus('trade_1').legs.find((leg) => leg.legId === legId)?.state
}

const reaches = (execution: ExecutionManager, state: string, legId?: string) =>
  eventually(() => stateOf(execution, legId) === state, `${legId ?? 'the leg'} in ${state}`)

const mineToEnd = (handle: TradeHandle) => mineUntilEnd(world(), handle)

async function setBaseFee(gwei: string): Promise<void> {
  await world().rpc('anvil_setNextBlockBaseFeePerGas', [`0x${parseUnits(gwei, 'gwei').toString(16)}`])
  await world().mine()
}

describe('a trade on real exchanges', () => {
  test('reports fills and gas that equal the balance changes, to the last unit', async () => {
    const execution = await open()
    const [wallet] = execution.wallets
    const before = await ledgerOf(world(), wallet as Hex)

    const legs = await mineToEnd(execution.submitTrade(large))

    const after = await ledgerOf(world(), wallet as Hex)
    const { amountIn, amountOut, gasCost } = execution.getExecutionStatus('trade_1')
    expect(legs.map(({ status }) => status)).toEqual(['done', 'done', 'done'])
    expect(after.usdc - before.usdc).toBe(parseUnits(amountOut, 6))
    expect(before.wei - after.wei).toBe(parseUnits(amountIn, 18) + parseUnits(gasCost, 18))
    expect(amountIn).toBe('60')
    expect(after.nonce - before.nonce).toBe(3)
  })

  test('sends an approval on the nonce before its swap, so that both are mined in one block', async () => {
    const execution = await open()
    const before = await ledgerOf(world(), execution.wallets[0] as Hex)

    const handle = execution.submitTrade({ tradeId: 'trade_1', pair: 'USDC/ETH', amount: '180000' })
    await areSent(handle, 6)
    await world().mine()
    await eventually(() => handle.status().legs.every(({ status }) => status === 'confirming'), 'all mined')
    const legs = await mineToEnd(handle)

    const after = await ledgerOf(world(), execution.wallets[0] as Hex)
    expect(legs.filter(({ kind }) => kind === 'approval').map(({ status }) => status)).toEqual(['done', 'done', 'done'])
    expect(before.usdc - after.usdc).toBe(parseUnits('180000', 6))
    expect(legs.every(({ retries }) => retries === 0)).toBe(true)
  })

  test('buys exactly what was ordered', async () => {
    const execution = await open()
    const before = await ledgerOf(world(), execution.wallets[0] as Hex)

    await mineToEnd(execution.submitTrade({ tradeId: 'trade_1', pair: 'DAI/ETH', side: 'buy', amount: '5000' }))

    const after = await ledgerOf(world(), execution.wallets[0] as Hex)
    const { amountIn, gasCost } = execution.getExecutionStatus('trade_1')
    expect(after.dai - before.dai).toBe(parseUnits('5000', 18))
    expect(before.wei - after.wei).toBe(parseUnits(amountIn, 18) + parseUnits(gasCost, 18))
  })

  test('is not done before its receipt is as deep as was configured', async () => {
    const execution = await open({ confirmationBlocks: 4 })
    const handle = execution.submitTrade(one)
    await reaches(execution, 'submitted.pending')

    await world().mine()
    await reaches(execution, 'confirming')
    await world().mine(2)
    await new Promise((resolve) => setTimeout(resolve, 200))
    const early = handle.status().status
    await world().mine()
    const { status } = await handle.result()

    expect(early).toBe('confirming')
    expect(status).toBe('done')
  })

  test('tries a reverted swap again on a new nonce, and counts the gas of both', async () => {
    const execution = await open()
    const before = await ledgerOf(world(), execution.wallets[0] as Hex)
    const handle = execution.submitTrade(one)
    await reaches(execution, 'submitted.pending')
    const restore = await breakRouter()
    await world().mine()
    await reaches(execution, 'confirming')
    await restore()

    const [leg] = await mineToEnd(handle)

    const after = await ledgerOf(world(), execution.wallets[0] as Hex)
    expect(leg).toMatchObject({ status: 'done', retries: 1, failure: null })
    expect(after.nonce - before.nonce).toBe(2)
    expect(before.wei - after.wei).toBe(parseUnits('1', 18) + parseUnits(leg?.gasCost ?? '0', 18))
    expect(after.usdc - before.usdc).toBe(parseUnits(leg?.amountOut ?? '0', 6))
  })

  test('never fills below the first quote’s bound, however often it quotes again', async () => {
    const execution = await open({ maxSlippage: '0.003', retryAttempts: 2 })
    const before = await ledgerOf(world(), execution.wallets[0] as Hex)
    const handle = execution.submitTrade(one)
    await reaches(execution, 'submitted.pending')
    await sellBefore(world(), '20')

    const [leg] = await mineToEnd(handle)

    const after = await ledgerOf(world(), execution.wallets[0] as Hex)
    expect(leg).toMatchObject({ status: 'failed', retries: 2, failure: { code: 'SLIPPAGE' }, amountOut: null })
    expect(after.nonce - before.nonce).toBe(1)
    expect(before.wei - after.wei).toBe(parseUnits(leg?.gasCost ?? '0', 18))
    expect(handle.status().status).toBe('failed')
  })

  test('cancels on the same nonce what is not mined within the timeout', async () => {
    const execution = await open({ timeout: 0.5, retryAttempts: 0 })
    const before = await ledgerOf(world(), execution.wallets[0] as Hex)
    const handle = execution.submitTrade(one)
    await reaches(execution, 'submitted.pending')
    const [swap] = handle.status().legs
    await eventually(() => handle.status().legs[0]?.hash !== swap?.hash, 'a cancellation')
    await reaches(execution, 'submitted.pending')

    const [leg] = await mineToEnd(handle)

    const after = await ledgerOf(world(), execution.wallets[0] as Hex)
    expect(leg).toMatchObject({ status: 'failed', failure: { code: 'TIMEOUT' }, gasUsed: 21_000 })
    expect(after.nonce - before.nonce).toBe(1)
    expect(before.wei - after.wei).toBe(parseUnits(leg?.gasCost ?? '0', 18))
  })

  test('reports the fill where a cancellation loses to its original', async () => {
    const execution = await open()
    const before = await ledgerOf(world(), execution.wallets[0] as Hex)
    const handle = execution.submitTrade(one)
    await reaches(execution, 'submitted.pending')
    await world().mine()
    handle.cancel()

    const [leg] = await mineToEnd(handle)

    const after = await ledgerOf(world(), execution.wallets[0] as Hex)
    expect(leg).toMatchObject({ status: 'done', amountIn: '1' })
    expect(after.usdc - before.usdc).toBe(parseUnits(leg?.amountOut ?? '0', 6))
    expect(after.nonce - before.nonce).toBe(1)
  })

  test('cancels on chain what was sent when the caller asks for it, and tries no more', async () => {
    const execution = await open()
    const before = await ledgerOf(world(), execution.wallets[0] as Hex)
    const handle = execution.submitTrade(large)
    await areSent(handle, 3)
    const hashes = handle.status().legs.map(({ hash }) => hash)
    execution.cancelTrade('trade_1')
    await eventually(() => handle.status().legs.every(({ hash }) => !hashes.includes(hash)), 'three cancellations')
    await areSent(handle, 3)

    const legs = await mineToEnd(handle)

    const after = await ledgerOf(world(), execution.wallets[0] as Hex)
    expect(legs.map(({ failure }) => failure?.code)).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED'])
    expect(after.usdc).toBe(before.usdc)
    expect(after.nonce - before.nonce).toBe(3)
  })

  test('bumps both fees of what stays pending, on the same nonce', async () => {
    const execution = await open({ bumpInterval: 0.5 })
    const handle = execution.submitTrade(one)
    await reaches(execution, 'submitted.pending')
    const [first] = handle.status().legs
    await eventually(() => handle.status().legs[0]?.hash !== first?.hash, 'a bumped attempt')
    const bumped = handle.status().legs[0]
    const offered = (await world().rpc('eth_getTransactionByHash', [first?.hash])) as { maxFeePerGas: Hex } | null
    await eventually(
      async () => (await world().rpc('eth_getTransactionByHash', [bumped?.hash])) !== null,
      'it at the node',
    )
    const raised = (await world().rpc('eth_getTransactionByHash', [bumped?.hash])) as {
      maxFeePerGas: Hex
      maxPriorityFeePerGas: Hex
    }

    const [leg] = await mineToEnd(handle)

    expect(leg).toMatchObject({ status: 'done', retries: 0 })
    expect(bumped?.nonce).toBe(first?.nonce)
    if (offered !== null)
      expect(BigInt(raised.maxFeePerGas) * 8n).toBeGreaterThanOrEqual(BigInt(offered.maxFeePerGas) * 9n)
    expect(BigInt(raised.maxPriorityFeePerGas)).toBeGreaterThan(0n)
  })

  test('holds while the gas price is above the ceiling, and goes on when it has fallen', async () => {
    await setBaseFee('20')
    const execution = await open({ maxGasPrice: '10' })
    const handle = execution.submitTrade(one)
    await reaches(execution, 'preparing.holding')
    await setBaseFee('1')

    const [leg] = await mineToEnd(handle)

    expect(leg).toMatchObject({ status: 'done' })
    expect(Number(leg?.gasPrice)).toBeLessThanOrEqual(10)
  })

  test('ends a hold at the timeout with nothing sent', async () => {
    await setBaseFee('20')
    const execution = await open({ maxGasPrice: '10', timeout: 0.3 })
    const before = await ledgerOf(world(), execution.wallets[0] as Hex)

    const [leg] = await execution.executeTrade(one)

    expect(leg).toMatchObject({ status: 'failed', hash: null, failure: { code: 'GAS_PRICE_TOO_HIGH' } })
    expect(await ledgerOf(world(), execution.wallets[0] as Hex)).toEqual(before)
  })

  test('sends its bytes again after a reorg, and reports what holds at depth', async () => {
    const execution = await open({ confirmationBlocks: 5 })
    const before = await ledgerOf(world(), execution.wallets[0] as Hex)
    const handle = execution.submitTrade(one)
    await reaches(execution, 'submitted.pending')
    await world().mine(3)
    await reaches(execution, 'confirming')
    await world().rpc('anvil_reorg', [3, []])
    await world().mine()
    await reaches(execution, 'submitted.pending')

    const [leg] = await mineToEnd(handle)

    const after = await ledgerOf(world(), execution.wallets[0] as Hex)
    expect(leg).toMatchObject({ status: 'done', retries: 0 })
    expect(after.nonce - before.nonce).toBe(1)
    expect(after.usdc - before.usdc).toBe(parseUnits(leg?.amountOut ?? '0', 6))
  })

  test('prepares again with a new nonce once it is proven that a stranger used its own', async () => {
    const execution = await open({ bumpInterval: 0.5, confirmationBlocks: 2 })
    const before = await ledgerOf(world(), execution.wallets[0] as Hex)
    const handle = execution.submitTrade(one)
    await reaches(execution, 'submitted.pending')
    const [account] = world().accounts
    const stranger = `0x${parseUnits('95', 'gwei').toString(16)}`
    await world().rpc('eth_sendTransaction', [
      {
        from: account?.address,
        to: account?.address,
        nonce: before.nonce,
        maxFeePerGas: stranger,
        maxPriorityFeePerGas: stranger,
      },
    ])

    const [leg] = await mineToEnd(handle)

    const after = await ledgerOf(world(), execution.wallets[0] as Hex)
    expect(leg).toMatchObject({ status: 'done', retries: 1 })
    expect(after.nonce - before.nonce).toBe(2)
    expect(after.usdc - before.usdc).toBe(parseUnits(leg?.amountOut ?? '0', 6))
  })

  test('keeps many trades in flight on one wallet, and no more than it may', async () => {
    const execution = await open({ inFlightPerWallet: 4 })
    const before = await ledgerOf(world(), execution.wallets[0] as Hex)
    const handles = Array.from({ length: 10 }, (_, index) =>
      execution.submitTrade({ ...one, tradeId: `trade_${index}`, amount: '0.01' }),
    )
    const states = () => handles.flatMap((handle) => handle.status().legs.map(({ state }) => state))
    await eventually(() => states().filter((state) => state === 'submitted.pending').length === 4, 'four in flight')
    await eventually(() => states().filter((state) => state === 'preparing.admitting').length === 6, 'six waiting')

    const ends = await Promise.all(handles.map(mineToEnd))

    const after = await ledgerOf(world(), execution.wallets[0] as Hex)
    expect(ends.flat().map(({ status }) => status)).toEqual(Array(10).fill('done'))
    expect(after.nonce - before.nonce).toBe(10)
  })
})

/** Makes the Uniswap V2 router revert whatever it is asked, until the returned function is called. */
async function breakRouter(): Promise<() => Promise<void>> {
  const { router } = world().venues[0]
  const code = await world().rpc('eth_getCode', [router, 'latest'])
  await world().rpc('anvil_setCode', [router, '0x60006000fd'])
  return async () => {
    await world().rpc('anvil_setCode', [router, code])
  }
}
