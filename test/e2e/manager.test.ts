import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  type ExecutionManager,
  type Hex,
  MemoryBank,
  StoreError,
  type TradeHandle,
  type TradeStatus,
} from '../../src/index.ts'
import { useWorld } from '../support/anvil.ts'
import { ledgerOf } from '../support/ledger.ts'
import { eventually, optionsFor, useManagers } from '../support/manager.ts'
import { failingStore, recordingChain, recordingTrips } from '../support/openers.ts'

const world = useWorld({ mining: 'interval', blockTimeS: 0.1 })
const { open, dataDir } = useManagers(world)
const order = { tradeId: 'trade_1', pair: 'ETH/USDC', amount: '1', venues: ['uniswap-v2'] }

async function walletNonce(execution: ExecutionManager): Promise<number> {
  return (await ledgerOf(world(), execution.wallets[0] as Hex)).nonce
}

describe('the execution manager', () => {
  test('answers the same order under the same id with the same trade, running or ended', async () => {
    const execution = await open()

    const [first, second] = await Promise.all([execution.executeTrade(order), execution.executeTrade({ ...order })])
    const third = await execution.executeTrade({ ...order, quotes: { 'uniswap-v2': '2900' } })

    expect(second).toEqual(first)
    expect(third).toEqual(first)
    expect(await walletNonce(execution)).toBe(1)
  })

  test('refuses another order under an id that is taken', async () => {
    const execution = await open()
    const running = execution.executeTrade(order)

    const whileRunning = () => execution.submitTrade({ ...order, amount: '2' })
    expect(whileRunning).toThrow(/Another order already has this trade id/)
    await running
    await expect(execution.executeTrade({ ...order, side: 'buy' })).rejects.toMatchObject({ code: 'TRADE_CONFLICT' })
  })

  test('knows an ended trade after a restart, until it is cleared, and keeps the totals', async () => {
    const folder = dataDir()
    const before = await open({}, { dataDir: folder })
    await before.executeTrade(order)
    const status = before.getExecutionStatus('trade_1')
    await before.close()

    const after = await open({}, { dataDir: folder })
    const known = after.getExecutionStatus('trade_1')
    const history = after.getHistory('trade_1').map(({ to }) => to)
    const cleared = await after.clearCompletedExecutions()

    expect(known).toEqual(status)
    expect(history[0]).toBe('preparing.allocating')
    expect(history).toContain('submitted.broadcasting')
    expect(cleared).toBe(1)
    expect(() => after.getExecutionStatus('trade_1')).toThrow(/No trade has this id/)
    expect(after.getHistory('trade_1')).toEqual([])
    expect(after.getMetrics()).toMatchObject([
      { venue: 'uniswap-v2', pair: 'ETH/USDC', legs: 1, done: 1, successRate: 1 },
    ])
  })

  test('resumes at the next open what was under way when it was closed', async () => {
    const folder = dataDir()
    const before = await open({ confirmationBlocks: 3 }, { dataDir: folder })
    const handle = before.submitTrade(order)
    await eventually(() => handle.status().status === 'submitted', 'the leg on the wire')
    const result = expect(handle.result()).rejects.toMatchObject({ code: 'CLOSED' })
    await before.close()
    await result

    const after = await open({ confirmationBlocks: 3 }, { dataDir: folder })
    const [leg] = await after.executeTrade(order)

    expect(leg).toMatchObject({ status: 'done', retries: 0 })
    expect(await walletNonce(after)).toBe(1)
    expect(after.getActiveExecutions().size).toBe(0)
  })

  test('reads nothing from the chain between the call and the wire where the caller brings its price', async () => {
    const calls: string[] = []
    const execution = await open({}, { openers: recordingChain(calls) })
    // Polling for heads goes on by itself; what the order asks for is what is new.
    const polls = ['block', 'medianTip', 'blockReceipts']
    calls.length = 0

    const handle = execution.submitTrade({ ...order, quotes: { 'uniswap-v2': '2990' } })
    await eventually(() => calls.includes('broadcast'), 'the broadcast')
    const beforeWire = calls.slice(0, calls.indexOf('broadcast')).filter((name) => !polls.includes(name))

    expect(beforeWire).toEqual([])
    expect((await handle.result()).status).toBe('done')
  })

  test('reads pools, prices, balances and allowances in one trip, asks for the sizes it chose in another, and tries them', async () => {
    const trips: string[] = []
    const execution = await open({}, { openers: recordingTrips(trips) })
    // Which pools there are is asked once.
    await execution.executeTrade({ tradeId: 'trade_1', pair: 'USDC/ETH', amount: '3000' })
    trips.length = 0

    await execution.executeTrade({ tradeId: 'trade_2', pair: 'USDC/ETH', amount: '180000' })

    expect(trips.filter((name) => ['read', 'simulate', 'estimateGas'].includes(name))).toEqual([
      'read',
      'read',
      'simulate',
    ])
  })

  test('goes on over another endpoint where one is dead', async () => {
    const options = optionsFor(world(), '')
    const chain = { ...options.chain, rpcUrls: ['http://127.0.0.1:9', world().url] }
    const execution = await open({}, { chain })

    const [leg] = await execution.executeTrade(order)

    expect(leg?.status).toBe('done')
  })

  test('sends nothing that the disk did not take, says so, and goes on when it takes writes again', async () => {
    let isFull = false
    const calls: string[] = []
    const recording = recordingChain(calls)
    const failing = failingStore(
      () => isFull,
      () => new StoreError('The disk is full.'),
    )
    const execution = await open({}, { openers: { ...recording, openStore: failing.openStore } })
    isFull = true
    const troubles: (string | null)[] = []
    execution.on('trouble', ({ failure }) => troubles.push(failure?.message ?? null))
    const handle = execution.submitTrade(order)
    await eventually(() => troubles.length > 1, 'the trouble to be reported')
    const whileFull = { state: handle.status().legs[0]?.state, sent: calls.includes('broadcast') }
    isFull = false

    const { status } = await handle.result()

    expect(whileFull).toEqual({ state: 'submitted.broadcasting', sent: false })
    expect(troubles).toContain('The disk is full.')
    expect(troubles.at(-1)).toBeNull()
    expect(status).toBe('done')
  })

  test('tells a follower every change up to the end, and no more', async () => {
    const execution = await open()
    const handle = execution.submitTrade(order)

    const seen: TradeStatus['status'][] = []
    for await (const { status } of handle.updates()) seen.push(status)

    expect(new Set(seen)).toEqual(new Set(['preparing', 'submitted', 'confirming', 'done']))
    expect(seen.filter((status) => status === 'done')).toHaveLength(1)
  })

  test('emits typed events for each change of status and for each end', async () => {
    const execution = await open()
    const legs: string[] = []
    const ends: string[] = []
    execution.on('leg', ({ leg }) => legs.push(leg.status))
    execution.on('ended', ({ tradeId, status }) => ends.push(`${tradeId} ${status}`))

    await execution.executeTrade(order)

    expect(legs).toEqual(['preparing', 'submitted', 'confirming', 'done'])
    expect(ends).toEqual(['trade_1 done'])
  })

  test('takes no more trades than it may run, and tells when there is room', async () => {
    const execution = await open({ activeTradesMax: 2 })
    const submit = (index: number): TradeHandle =>
      execution.submitTrade({ ...order, tradeId: `trade_${index}`, amount: '0.01' })
    const running = [submit(1), submit(2)]

    expect(() => submit(3)).toThrow(/As many trades are running/)
    await execution.whenCapacity()
    const third = submit(3)

    const ends = await Promise.all([...running, third].map((handle) => handle.result()))
    expect(ends.map(({ status }) => status)).toEqual(['done', 'done', 'done'])
  })

  test('refuses a second process on the same data', async () => {
    const folder = dataDir()
    await open({}, { dataDir: folder })
    const script = join(folder, 'second.mjs')
    const entry = new URL('../../dist/src/index.js', import.meta.url).href
    const options = optionsFor(world(), folder)
    writeFileSync(
      script,
      `import { ExecutionManager } from ${JSON.stringify(entry)}
       try { await ExecutionManager.open(${JSON.stringify(options)}); console.log('OPENED') } catch (error) { console.log(error.code) }`,
    )

    const output = await new Promise<string>((resolve) => {
      const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
      let text = ''
      child.stdout.on('data', (chunk) => {
        text += chunk
      })
      child.on('close', () => resolve(text.trim()))
    })

    expect(output).toBe('STORE_LOCKED')
  })

  test('keeps the effective configuration, transaction records and gas in a memory bank of the caller', async () => {
    const memoryBank = new MemoryBank()
    const execution = await open({}, { memoryBank })

    const [leg] = await execution.executeTrade(order)

    expect(memoryBank.get('configuration', 'effective')).toMatchObject({ chainId: world().chainId })
    expect(memoryBank.get('transactions', 'trade_1/uniswap-v2')).toMatchObject({ hash: leg?.hash, status: 'done' })
    expect(memoryBank.entries('gas')).toMatchObject([{ value: [leg?.gasUsed] }])
    expect(JSON.stringify(memoryBank.entries('configuration'))).not.toContain(world().accounts[0]?.privateKey.slice(2))
  })
})
