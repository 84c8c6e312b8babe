import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseUnits } from 'ethers'
import { describe, expect, test } from 'vitest'
import type { ExecutionManager, Halt, Hex, TradeHandle, TradeOrder } from '../../src/index.ts'
import { type Openers, realOpeners } from '../../src/runtime/openExecution.ts'
import { useWorld } from '../support/anvil.ts'
import { type Ledger, ledgerOf } from '../support/ledger.ts'
import { eventually, useManagers } from '../support/manager.ts'
import { recordingChain, unsentChain } from '../support/openers.ts'
import { areSent, mineToEnd } from '../support/trading.ts'

const world = useWorld({ mining: 'manual' })
const { open, dataDir } = useManagers(world)
const quotes = { 'uniswap-v2': '3000' }
const order = { tradeId: 'trade_1', pair: 'ETH/USDC', amount: '1', quotes } satisfies TradeOrder

const ledger = (execution: ExecutionManager): Promise<Ledger> => ledgerOf(world(), execution.wallets[0] as Hex)

/** Nonces that the node's pool has and the chain does not. */
async function openNonces(execution: ExecutionManager): Promise<number> {
  const counts = ['pending', 'latest'].map((at) => world().rpc('eth_getTransactionCount', [execution.wallets[0], at]))
  const [pending = 0, mined = 0] = (await Promise.all(counts)).map(Number)
  return pending - mined
}

const isIn = (handle: TradeHandle, ...states: string[]): Promise<void> =>
  eventually(
    () =>
      handle
        .status()
        .legs.map(({ state }) => state)
        .join() === states.join(),
    `${handle.tradeId} in ${states}`,
  )

async function setBaseFee(gwei: string): Promise<void> {
  await world().rpc('anvil_setNextBlockBaseFeePerGas', [`0x${parseUnits(gwei, 'gwei').toString(16)}`])
  await world().mine()
}

/** The real parts; what is signed is noted by its data. */
function recordingSigner(signed: Hex[]): Openers {
  return {
    ...realOpeners,
    openSigner: async (...args) => {
      const signer = await realOpeners.openSigner(...args)
      return {
        ...signer,
        sign: (wallet, transaction) => {
          signed.push(transaction.data)
          return signer.sign(wallet, transaction)
        },
      }
    },
  }
}

/** One trade on the wire, one held back by the gas price, and two that wait for a place, the last behind its approval. */
async function inEveryPlace(execution: ExecutionManager): Promise<TradeHandle[]> {
  const holding = execution.submitTrade({ ...order, tradeId: 'holding' })
  await isIn(holding, 'preparing.holding')
  // Low enough for a new leg, and not for one that was held back already.
  await setBaseFee('108')
  const pending = await firstNotHeldBack(execution)
  const waiting = execution.submitTrade({ ...order, tradeId: 'waiting' })
  await isIn(waiting, 'preparing.admitting')
  const behind = execution.submitTrade({ ...order, tradeId: 'behind', pair: 'USDC/ETH', amount: '3000' })
  await isIn(behind, 'preparing.admitting', 'preparing.queued')
  await isIn(holding, 'preparing.holding')
  return [pending, holding, waiting, behind]
}

/** Tries until the manager has seen the new price. */
async function firstNotHeldBack(execution: ExecutionManager): Promise<TradeHandle> {
  for (let tries = 0; ; tries += 1) {
    const handle = execution.submitTrade({ ...order, tradeId: `pending_${tries}` })
    const states = ['preparing.holding', 'submitted.pending']
    await eventually(() => states.includes(handle.status().legs[0]?.state ?? ''), 'a leg held back or sent')
    if (handle.status().legs[0]?.state === 'submitted.pending') return handle
    handle.cancel()
    await handle.result()
  }
}

/** Resolves when something else was sent in place of a trade's swap. */
const isReplaced = (handle: TradeHandle, swap: Hex | null | undefined): Promise<void> =>
  eventually(() => {
    const [leg] = handle.status().legs
    return leg?.state === 'submitted.pending' && leg.hash !== swap
  }, `the cancellation of ${handle.tradeId} on the wire`)

describe('a halt', () => {
  test('stops what is on the wire, held back and waiting, signs nothing but cancellations, and leaves no nonce open', async () => {
    const signed: Hex[] = []
    const config = { inFlightPerWallet: 2, retryAttempts: 0 }
    await setBaseFee('200')
    const execution = await open(config, { openers: recordingSigner(signed) })
    const heard: (Halt | null)[] = []
    execution.on('halted', (halt) => heard.push(halt))
    const before = await ledger(execution)
    const handles = await inEveryPlace(execution)
    const swap = handles[0]?.status().legs[0]?.hash
    const signedBefore = signed.length

    await execution.halt('the oracle is wrong')
    await isReplaced(handles[0] as TradeHandle, swap)
    for (const handle of handles) await mineToEnd(world(), handle)

    const after = await ledger(execution)
    const legs = handles.flatMap((handle) => handle.status().legs)
    expect(legs.map(({ status, failure }) => [status, failure?.code])).toEqual(legs.map(() => ['failed', 'HALTED']))
    expect(legs[0]?.failure?.message).toMatch(/since: .*\n.*reason: the oracle is wrong/)
    expect(legs.map(({ gasUsed }) => gasUsed)).toEqual([21_000, 0, 0, 0, 0])
    expect([signedBefore, ...signed.slice(signedBefore)]).toEqual([1, '0x'])
    expect([after.usdc - before.usdc, after.nonce - before.nonce]).toEqual([0n, 1])
    expect(await openNonces(execution)).toBe(0)
    expect(heard).toEqual([execution.halted])
  })

  test('refuses new orders, says since when and why, and answers an order that it has', async () => {
    const execution = await open()
    const handle = execution.submitTrade(order)
    await areSent(handle, 1)
    const swap = handle.status().legs[0]?.hash

    const halted = execution.halt('a test')

    const since = new Date(execution.halted?.atMs ?? 0).toISOString()
    expect(() => execution.submitTrade({ ...order, tradeId: 'trade_2' })).toThrow(
      expect.objectContaining({ code: 'HALTED', retryable: false, message: expect.stringContaining(since) }),
    )
    await halted
    await expect(execution.executeTrade({ ...order, tradeId: 'trade_3' })).rejects.toThrow(/reason: a test/)
    expect(execution.submitTrade(order).status().tradeId).toBe('trade_1')
    await isReplaced(handle, swap)
    await mineToEnd(world(), handle)
    expect(handle.status()).toMatchObject({ status: 'failed', amountOut: '0' })
  })

  test('reports the fill where the cancellation comes too late', async () => {
    const execution = await open({}, { chain: { chainId: world().chainId, rpcUrls: [world().url], pollInterval: 1 } })
    const before = await ledger(execution)
    const handle = execution.submitTrade(order)
    await areSent(handle, 1)
    await world().mine()

    await execution.halt()
    const [leg] = await mineToEnd(world(), handle)

    const after = await ledger(execution)
    expect(leg).toMatchObject({ status: 'done', failure: null })
    expect(after.usdc - before.usdc).toBe(parseUnits(leg?.amountOut ?? '0', 6))
    expect(after.nonce - before.nonce).toBe(1)
  })

  test.each(['reallocate', 'unwind'] as const)(
    'neither splits again nor sells back what it left in part, under %s',
    async (fillPolicy) => {
      const two = { 'uniswap-v2': '3000', 'sushi-v2': '3000' }
      const execution = await open({ inFlightPerWallet: 1, confirmationBlocks: 4 })
      const handle = execution.submitTrade({ ...order, quotes: two, fillPolicy })
      await isIn(handle, 'submitted.pending', 'preparing.admitting')
      await world().mine()
      await isIn(handle, 'confirming', 'preparing.admitting')

      await execution.halt()
      await execution.release()
      const legs = await mineToEnd(world(), handle)

      expect(legs.map(({ venue, status }) => [venue, status])).toEqual([
        ['uniswap-v2', 'done'],
        ['sushi-v2', 'failed'],
      ])
      expect(execution.getHistory('trade_1').map(({ to }) => to)).not.toContain(`retrying.${fillPolicy}ing`)
      expect((await ledger(execution)).nonce).toBe(1)
    },
  )

  test('holds over restarts: what is open is cancelled, and orders are refused until it is released for good', async () => {
    const folder = dataDir()
    const before = await open({}, { dataDir: folder })
    const handle = before.submitTrade(order)
    await areSent(handle, 1)
    const swap = handle.status().legs[0]?.hash
    await before.halt('over night')
    const { halted } = before
    await before.close()

    const after = await open({}, { dataDir: folder })
    const found = after.halted
    const resumed = after.submitTrade(order)
    await isReplaced(resumed, swap)
    await mineToEnd(world(), resumed)
    expect(() => after.submitTrade({ ...order, tradeId: 'trade_2' })).toThrow(/reason: over night/)
    await after.release()
    await after.close()

    const last = await open({}, { dataDir: folder })
    const [leg] = await mineToEnd(world(), last.submitTrade({ ...order, tradeId: 'trade_2' }))
    expect([found, last.halted]).toEqual([halted, null])
    expect(last.getExecutionStatus('trade_1')).toMatchObject({ status: 'failed' })
    expect(leg?.status).toBe('done')
  })

  test('of a store that nobody had open has nothing sent that was signed and perhaps never sent', async () => {
    const folder = dataDir()
    const before = await open({}, { dataDir: folder, openers: unsentChain() })
    const handle = before.submitTrade(order)
    await areSent(handle, 1)
    const swap = handle.status().legs[0]?.hash
    await before.close()
    writeFileSync(join(folder, 'HALT'), 'by hand\n')
    const [calls, signed]: [string[], Hex[]] = [[], []]
    const { openSigner } = recordingSigner(signed)

    const after = await open({}, { dataDir: folder, openers: { ...recordingChain(calls), openSigner } })
    const resumed = after.submitTrade(order)
    await isReplaced(resumed, swap)
    const [leg] = await mineToEnd(world(), resumed)

    expect(after.halted?.reason).toBe('by hand')
    expect(leg).toMatchObject({ status: 'failed', failure: { code: 'HALTED' }, gasUsed: 21_000 })
    expect(signed).toEqual(['0x'])
    expect(calls.filter((name) => name === 'broadcast')).toHaveLength(1)
    expect(await openNonces(after)).toBe(0)
  })
})

/** After the first trade the pool gives less. */
const lower = { 'uniswap-v2': '2900' }

describe('a halt file', () => {
  test('halts a running manager at the next block; to take it away does not release it, and a release takes it away', async () => {
    const folder = dataDir()
    const execution = await open({}, { dataDir: folder })
    const file = join(folder, 'HALT')
    const heard: (Halt | null)[] = []
    execution.on('halted', (halt) => heard.push(halt))
    const handle = execution.submitTrade(order)
    await areSent(handle, 1)
    writeFileSync(file, 'from outside\nand more\n')

    await world().mine()
    await eventually(() => execution.halted !== null, 'the halt')
    await mineToEnd(world(), handle)
    rmSync(file)
    await world().mine(2)

    expect(execution.halted?.reason).toBe('from outside')
    expect(() => execution.submitTrade({ ...order, tradeId: 'trade_2' })).toThrow(/Trading is halted/)
    writeFileSync(file, '')
    await execution.release()
    const [leg] = await mineToEnd(world(), execution.submitTrade({ ...order, tradeId: 'trade_2', quotes: lower }))
    expect([leg?.status, execution.halted]).toEqual(['done', null])
    expect(heard.map((halt) => halt?.reason ?? null)).toEqual(['from outside', null])
  })
})
