import { describe, expect, test } from 'vitest'
import { type Distribution, type ExecutionManager, type Hex, StoreError } from '../../src/index.ts'
import { useWorld } from '../support/anvil.ts'
import { ledgerOf } from '../support/ledger.ts'
import { eventually, optionsFor, useManagers } from '../support/manager.ts'
import { failingStore, prunedChain, recordingChain, unsentChain } from '../support/openers.ts'

const world = useWorld({ mining: 'interval', blockTimeS: 0.1 })
const { open, dataDir } = useManagers(world)
const order = { tradeId: 'trade_1', pair: 'ETH/USDC', amount: '1', venues: ['uniswap-v2'] }

async function nonceOf(execution: ExecutionManager): Promise<number> {
  return (await ledgerOf(world(), execution.wallets[0] as Hex)).nonce
}

/** What the process would have seen as uncaught while `run` ran. */
async function uncaughtDuring(run: () => Promise<void>): Promise<unknown[]> {
  const before = process.listeners('uncaughtException')
  const caught: unknown[] = []
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => caught.push(error))
  try {
    await run()
    // What is thrown for others to catch comes a turn later.
    await new Promise((resolve) => setTimeout(resolve, 50))
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const listener of before) process.on('uncaughtException', listener)
  }
  return caught
}

describe('a caller’s own fault', () => {
  test('in a listener ends where uncaught exceptions end, and the trade goes its way', async () => {
    const execution = await open()
    let status: string | undefined
    for (const event of ['step', 'leg', 'trade', 'ended'] as const) {
      execution.on(event, () => {
        throw new Error(`a faulty ${event} listener`)
      })
    }

    const caught = await uncaughtDuring(async () => {
      const [leg] = await execution.executeTrade(order)
      status = leg?.status
    })

    expect(status).toBe('done')
    expect(new Set(caught.map(String))).toContain('Error: a faulty step listener')
  })

  test('in a listener of trouble does not stop the journal', async () => {
    let isFull = false
    const execution = await open(
      {},
      {
        openers: failingStore(
          () => isFull,
          () => new StoreError('The disk is full.'),
        ),
      },
    )
    isFull = true
    execution.on('trouble', () => {
      isFull = false
      throw new Error('a faulty listener')
    })

    let status: string | undefined
    await uncaughtDuring(async () => {
      const [leg] = await execution.executeTrade(order)
      status = leg?.status
    })

    expect(status).toBe('done')
  })

  test('in a distribution manager fails that trade alone, with the reason', async () => {
    const twice: Distribution = {
      allocate: async ({ amount }) => {
        const half = `${BigInt(amount) / 2n}` as const
        const leg = { venue: 'uniswap-v2', amount: half, quote: { amount: '1' as const } }
        return { legs: [leg, leg], unallocated: '0' }
      },
      record: () => {},
    }
    const execution = await open({}, { distributionManager: twice })

    await expect(execution.executeTrade(order)).rejects.toMatchObject({ failure: { code: 'INVALID_ALLOCATION' } })
    expect(await nonceOf(execution)).toBe(0)
  })

  test('in a quote’s route is refused, and stops nobody else', async () => {
    const execution = await open()
    const quotes = { 'uniswap-v2': { amount: '2990', route: 500n as unknown as string } }

    expect(() => execution.submitTrade({ ...order, tradeId: 'faulty', quotes })).toThrow(/quotes\.uniswap-v2\.route/)
    expect((await execution.executeTrade(order))[0]?.status).toBe('done')
  })
})

describe('a cancellation from a listener', () => {
  test.each(['preparing.admitting', 'preparing.pricing', 'preparing.reserving', 'preparing.signing'])(
    'in %s loses no nonce',
    async (state) => {
      const execution = await open()
      execution.on('step', ({ tradeId, to }) => {
        if (tradeId === 'cancelled' && to === state) execution.cancelTrade(tradeId)
      })

      const [leg] = await execution.executeTrade({ ...order, tradeId: 'cancelled' })
      const [next] = await execution.executeTrade(order)

      expect(leg).toMatchObject({ status: 'failed', failure: { code: 'CANCELLED' } })
      expect(next).toMatchObject({ status: 'done' })
      expect(await nonceOf(execution)).toBe(1)
    },
  )

  test('in the submitting call itself finds its trade', async () => {
    const execution = await open()
    const seen: string[] = []
    execution.on('step', ({ tradeId }) => seen.push(execution.getExecutionStatus(tradeId).status))

    await execution.executeTrade(order)

    expect(seen[0]).toBe('preparing')
  })
})

describe('an approval that must try again', () => {
  test('gets the one place in flight, though its swap was there before', async () => {
    const execution = await open({ inFlightPerWallet: 1 })
    const usdc = world().tokens.USDC
    const code = await world().rpc('eth_getCode', [usdc, 'latest'])
    let isBroken = false
    execution.on('step', ({ legId, to }) => {
      // The token refuses while the approval is mined, and no longer.
      if (legId === 'uniswap-v2:approval' && to === 'submitted.broadcasting' && !isBroken) {
        isBroken = true
        void world().rpc('anvil_setCode', [usdc, '0x60006000fd'])
      }
      if (legId === 'uniswap-v2:approval' && to === 'retrying') void world().rpc('anvil_setCode', [usdc, code])
    })

    const legs = await execution.executeTrade({ ...order, pair: 'USDC/ETH', amount: '3000' })

    expect(legs.map(({ legId, status }) => [legId, status])).toEqual([
      ['uniswap-v2:approval', 'done'],
      ['uniswap-v2', 'done'],
    ])
    expect(legs[0]?.retries).toBe(1)
  })
})

describe('opening again', () => {
  test('does not send a swap that was cancelled before it was ever sent', async () => {
    const folder = dataDir()
    const sent: string[] = []
    let isFull = false
    const failing = failingStore(
      () => isFull,
      () => new StoreError('The disk is full.'),
    )
    const before = await open(
      {},
      { dataDir: folder, openers: { ...recordingChain(sent), openStore: failing.openStore } },
    )
    before.on('step', ({ to }) => {
      if (to === 'preparing.signing') isFull = true
    })
    const handle = before.submitTrade(order)
    await eventually(() => handle.status().legs[0]?.state === 'submitted.broadcasting', 'the swap waiting for the disk')
    handle.cancel()
    await eventually(() => handle.status().legs[0]?.state === 'submitted.broadcasting', 'the cancellation waiting too')
    isFull = false
    await before.close()
    expect(sent).not.toContain('broadcast')

    const after = await open({}, { dataDir: folder })
    const { status } = await after.submitTrade(order).result()

    expect(status).toBe('failed')
    expect((await ledgerOf(world(), after.wallets[0] as Hex)).usdc).toBe(1_000_000_000_000n)
  })

  test('does not send a swap whose time has passed while nothing ran', async () => {
    const folder = dataDir()
    const sent: string[] = []
    const before = await open({ timeout: 1, retryAttempts: 0 }, { dataDir: folder, openers: unsentChain() })
    const handle = before.submitTrade(order)
    await eventually(() => handle.status().legs[0]?.state === 'submitted.pending', 'the swap on disk')
    await before.close()
    await new Promise((resolve) => setTimeout(resolve, 1_100))

    const after = await open({ timeout: 1, retryAttempts: 0 }, { dataDir: folder, openers: recordingChain(sent) })
    const { legs } = await after.submitTrade(order).result()

    expect(legs[0]).toMatchObject({ status: 'failed', failure: { code: 'TIMEOUT' }, gasUsed: 21_000 })
    expect(sent.filter((name) => name === 'broadcast')).toHaveLength(1)
  })

  test('works on a node that keeps no first block', async () => {
    const folder = dataDir()
    for (let turn = 0; turn < 2; turn += 1) {
      const execution = await open({}, { dataDir: folder, openers: prunedChain() })
      await execution.close()
    }

    const usual = await open({}, { dataDir: folder })

    expect((await usual.executeTrade(order))[0]?.status).toBe('done')
  })

  test('refuses a store of another chain', async () => {
    const folder = dataDir()
    const before = await open({}, { dataDir: folder })
    await before.close()
    await world().rpc('anvil_setChainId', [31_338])
    const options = optionsFor(world(), folder)

    const reopened = open({}, { dataDir: folder, chain: { ...options.chain, chainId: 31_338 } })

    await expect(reopened).rejects.toMatchObject({ code: 'STORE', message: expect.stringMatching(/another chain/) })
    await world().rpc('anvil_setChainId', [31_337])
  })

  test('refuses to leave out what an unfinished trade needs', async () => {
    const folder = dataDir()
    const before = await open({ confirmationBlocks: 50 }, { dataDir: folder })
    const handle = before.submitTrade(order)
    await eventually(() => handle.status().status === 'confirming', 'the swap mined')
    await before.close()
    const { venues } = optionsFor(world(), folder)

    const without = open({}, { dataDir: folder, venues: venues.filter(({ id }) => id !== 'uniswap-v2') })

    await expect(without).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringMatching(/venues[\s\S]*uniswap-v2/),
    })
  })

  test('reports a chain that went on without the store', async () => {
    const folder = dataDir()
    const before = await open({}, { dataDir: folder })
    await before.executeTrade(order)
    await before.close()
    const [account] = world().accounts
    await world().rpc('eth_sendTransaction', [{ from: account?.address, to: account?.address }])
    await world().mine()

    const after = await open({}, { dataDir: folder })
    const codes: (string | undefined)[] = []
    after.on('trouble', ({ failure }) => codes.push(failure?.code))
    const [leg] = await after.executeTrade({ ...order, tradeId: 'trade_2' })

    expect(codes).toContain('NONCE_DRIFT')
    expect(leg?.status).toBe('done')
  })
})
