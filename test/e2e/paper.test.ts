import { cpSync } from 'node:fs'
import { parseUnits } from 'ethers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Chain } from '../../src/chain/chain.ts'
import {
  EndpointError,
  type Hex,
  InvalidConfigError,
  type OpenOptions,
  StoreError,
  type TradeStatus,
} from '../../src/index.ts'
import { type Openers, realOpeners } from '../../src/runtime/openExecution.ts'
import { useWorld } from '../support/anvil.ts'
import { type Gate, startGate } from '../support/gate.ts'
import { ledgerOf } from '../support/ledger.ts'
import { eventually, useManagers } from '../support/manager.ts'
import { mineToEnd } from '../support/trading.ts'
import { allVenuesOf } from '../support/venues.ts'

const world = useWorld({ mining: 'manual' })
const { open, dataDir } = useManagers(world)
let gate: Gate
let methods: string[]

beforeEach(async () => {
  methods = []
  gate = await startGate(world().url)
  gate.reset({
    treat: ({ method }) => {
      methods.push(method)
      return undefined
    },
  })
})
afterEach(() => gate.stop())

const sell = { tradeId: 'trade_1', pair: 'ETH/USDC', amount: '60' }
const one = { ...sell, amount: '1', venues: ['uniswap-v2'] }

/** Paper trades by the first account, whose address is all that is known of it. */
async function openPaper(config: OpenOptions['config'] = {}, more: Partial<OpenOptions> & { openers?: Openers } = {}) {
  const wallet = world().accounts[0]?.address as Hex
  const chain = { chainId: world().chainId, rpcUrls: [gate.url], pollInterval: 0.02 }
  return open(config, { paper: true, wallets: [{ address: wallet }], chain, ...more })
}

/** Nothing of the wallet has changed, and nobody was asked to change it. */
async function expectUntouched(before: Awaited<ReturnType<typeof ledgerOf>>): Promise<void> {
  expect(await ledgerOf(world(), world().accounts[0]?.address as Hex)).toEqual(before)
  expect(gate.sent).toEqual([])
  expect(methods.filter((method) => /send|sign|submit/i.test(method))).toEqual([])
}

function ledger() {
  return ledgerOf(world(), world().accounts[0]?.address as Hex)
}

/** What two runs of one order must agree in, whatever blocks they were in. */
function outcomeOf({ legs, ...trade }: TradeStatus) {
  const { status, outcome, amountIn, amountOut, unfilled, fillPolicy } = trade
  return {
    ...{ status, outcome, amountIn, amountOut, unfilled, fillPolicy },
    legs: legs.map(
      ({ legId, kind, venue, wallet, status, state, nonce, amount, quoted, limit, amountIn, amountOut }) => ({
        ...{ legId, kind, venue, wallet, status, state, nonce, amount, quoted, limit, amountIn, amountOut },
      }),
    ),
  }
}

describe('a trade on paper', () => {
  test.each([
    ['a sale over several venues', sell],
    ['a sale of a token, its approvals included', { ...sell, pair: 'USDC/ETH', amount: '180000' }],
    ['an exact purchase', { ...sell, pair: 'DAI/ETH', side: 'buy' as const, amount: '5000' }],
  ])('comes to what the real one then comes to: %s', async (_, order) => {
    const before = await ledger()
    const paper = await openPaper()
    await mineToEnd(world(), paper.submitTrade(order))
    const onPaper = paper.getExecutionStatus('trade_1')
    await expectUntouched(before)
    const real = await open()

    await mineToEnd(world(), real.submitTrade(order))

    const reallyDone = real.getExecutionStatus('trade_1')
    expect(onPaper.status).toBe('done')
    expect(outcomeOf(onPaper)).toEqual(outcomeOf(reallyDone))
    expect(Object.keys(onPaper)).toEqual(Object.keys(reallyDone))
    expect(onPaper.gasUsed).toBe(reallyDone.gasUsed)
    expect(Number(onPaper.gasCost)).toBeGreaterThan(0)
  })

  test('is done on venues of every kind, Permit2 included', async () => {
    const before = await ledger()
    const venues = allVenuesOf(world())
    const paper = await openPaper({}, { venues })

    for (const { id } of venues) {
      const order = { tradeId: id, pair: 'USDC/ETH', amount: '1000', venues: [id] }
      await mineToEnd(world(), paper.submitTrade(order))
      await mineToEnd(world(), paper.submitTrade({ ...order, tradeId: `${id} again` }))
    }

    const statuses = venues.map(({ id }) => [paper.getExecutionStatus(id), paper.getExecutionStatus(`${id} again`)])
    expect(statuses.flat().map(({ outcome }) => outcome)).toEqual(venues.flatMap(() => ['filled', 'filled']))
    await expectUntouched(before)
  })

  test('leaves behind what later ones find: what was bought can be sold, what was sold is gone', async () => {
    const paper = await openPaper({}, { wallets: [{ address: world().accounts[7]?.address as Hex }] })
    await mineToEnd(world(), paper.submitTrade(one))
    const { amountOut } = paper.getExecutionStatus('trade_1')

    await mineToEnd(world(), paper.submitTrade({ ...one, tradeId: 'back', pair: 'USDC/ETH', amount: amountOut }))
    const error = await paper
      .executeTrade({ ...one, tradeId: 'gone', pair: 'USDC/ETH', amount: '0.000001' })
      .catch((reason: unknown) => reason)

    expect(paper.getExecutionStatus('back')).toMatchObject({ status: 'done', amountIn: amountOut })
    expect(error).toMatchObject({ failure: { code: 'INSUFFICIENT_BALANCE' } })
  })

  test('needs no second approval where the first one is left', async () => {
    const paper = await openPaper({ approvals: 'unlimited' })
    const order = { ...one, pair: 'USDC/ETH', amount: '1000' }
    await mineToEnd(world(), paper.submitTrade(order))

    await mineToEnd(world(), paper.submitTrade({ ...order, tradeId: 'trade_2' }))

    const kinds = ['trade_1', 'trade_2'].map((id) => paper.getExecutionStatus(id).legs.map(({ kind }) => kind))
    expect(kinds).toEqual([['approval', 'swap'], ['swap']])
  })

  test('resets what a token is allowed on paper, where it asks for that', async () => {
    // The token notes at which block a balance changed, and has none at the first one.
    await world().mine()
    const paper = await openPaper()
    const order = { ...one, pair: 'ETH/USDT', side: 'buy' as const }
    // What it does not take of its limit stays allowed.
    await mineToEnd(world(), paper.submitTrade(order))

    await mineToEnd(world(), paper.submitTrade({ ...order, tradeId: 'trade_2' }))

    const { outcome, legs } = paper.getExecutionStatus('trade_2')
    expect(outcome).toBe('filled')
    expect(legs.map(({ kind }) => kind)).toEqual(['approval', 'approval', 'swap'])
  })

  test('is cancelled by a transaction of its own, which costs gas', async () => {
    const before = await ledger()
    const paper = await openPaper()
    const handle = paper.submitTrade(one)
    await eventually(() => handle.status().legs[0]?.state === 'submitted.pending', 'the swap to be pending')
    handle.cancel()
    await eventually(() => paper.getHistory('trade_1').filter(({ to }) => to.endsWith('pending')).length > 1, 'both')

    await mineToEnd(world(), handle)

    const { status, legs, gasUsed } = handle.status()
    expect([status, legs[0]?.failure?.code, gasUsed]).toEqual(['failed', 'CANCELLED', 21_000])
    await expectUntouched(before)
  })

  test('holds while gas is dearer than its ceiling', async () => {
    await world().rpc('anvil_setNextBlockBaseFeePerGas', [`0x${parseUnits('20', 'gwei').toString(16)}`])
    await world().mine()
    const paper = await openPaper({ maxGasPrice: '5' })
    const handle = paper.submitTrade(one)
    await eventually(() => handle.status().legs[0]?.state === 'preparing.holding', 'the leg to hold')
    await world().rpc('anvil_setNextBlockBaseFeePerGas', [`0x${parseUnits('1', 'gwei').toString(16)}`])

    await mineToEnd(world(), handle)

    expect(handle.status().status).toBe('done')
  })

  test('is mined again where its block is orphaned', async () => {
    const paper = await openPaper({ confirmationBlocks: 3 })
    const handle = paper.submitTrade(one)
    await eventually(() => handle.status().legs[0]?.state === 'submitted.pending', 'the swap to be pending')
    await world().mine()
    await eventually(() => handle.status().legs[0]?.status === 'confirming', 'the swap to be mined')
    await world().rpc('anvil_reorg', [1, []])
    await world().mine()

    await mineToEnd(world(), handle)

    const states = paper.getHistory('trade_1').flatMap(({ legId, to }) => (legId === undefined ? [] : [to]))
    expect(handle.status().status).toBe('done')
    expect(states.filter((state) => state === 'confirming').length).toBeGreaterThan(1)
  })
})

describe('a store of paper mode', () => {
  test('has trades go on after a restart, and keeps what they changed', async () => {
    const folder = dataDir()
    const first = await openPaper({}, { dataDir: folder })
    const nonces: (number | null)[] = []
    first.on('leg', ({ leg }) => {
      if (leg.status === 'confirming') nonces.push(leg.nonce)
    })
    await mineToEnd(world(), first.submitTrade(one))
    const handle = first.submitTrade({ ...one, tradeId: 'trade_2' })
    await eventually(() => handle.status().legs[0]?.state === 'submitted.pending', 'the swap to be pending')
    nonces.push(handle.status().legs[0]?.nonce ?? null)
    await first.close()

    const second = await openPaper({}, { dataDir: folder })
    await mineToEnd(world(), second.submitTrade({ ...one, tradeId: 'trade_2' }))

    const { nonce } = await ledger()
    expect(nonces).toEqual([nonce, nonce + 1])
    expect(second.getExecutionStatus('trade_2').outcome).toBe('filled')
    expect(second.isPaper).toBe(true)
    expect(gate.sent).toEqual([])
  })

  test('has a trade go on that was mined, and not deep enough, when the process was killed', async () => {
    const [folder, copy] = [dataDir(), dataDir()]
    const killed = await openPaper({ confirmationBlocks: 3 }, { dataDir: folder })
    const handle = killed.submitTrade(one)
    await eventually(() => handle.status().legs[0]?.state === 'submitted.pending', 'the swap to be pending')
    await world().mine()
    await eventually(() => handle.status().legs[0]?.status === 'confirming', 'the swap to be mined')
    await handle.recorded()
    cpSync(folder, copy, { recursive: true })
    await killed.close()

    const again = await openPaper({ confirmationBlocks: 3 }, { dataDir: copy })
    const hash = handle.status().legs[0]?.hash
    await mineToEnd(world(), again.submitTrade(one))
    await mineToEnd(world(), again.submitTrade({ ...one, tradeId: 'trade_2' }))

    expect(again.getExecutionStatus('trade_1')).toMatchObject({ outcome: 'filled', legs: [{ hash, retries: 0 }] })
    expect(again.getExecutionStatus('trade_2').outcome).toBe('filled')
  })

  test('is refused for real trading, and one of real trading on paper', async () => {
    const [onPaper, real] = [dataDir(), dataDir()]
    await (await openPaper({}, { dataDir: onPaper })).close()
    await (await open({}, { dataDir: real })).close()

    const errors = await Promise.all([
      open({}, { dataDir: onPaper }).catch((error: unknown) => error),
      openPaper({}, { dataDir: real }).catch((error: unknown) => error),
    ])

    for (const error of errors) {
      expect(error).toBeInstanceOf(StoreError)
      expect(String(error)).toMatch(/field: dataDir/)
    }
  })
})

/** The real parts, but for some of what the chain does. */
function openersWith(replace: (chain: Chain) => Partial<Chain>): Openers {
  return {
    ...realOpeners,
    openSigner: () => Promise.reject(new TypeError('The real signer was started.')),
    openChain: async (...args) => {
      const chain = await realOpeners.openChain(...args)
      return { ...chain, ...replace(chain) }
    },
  }
}

describe('paper mode', () => {
  test('starts no real signer and hands nothing to the real chain', async () => {
    const handed: Hex[] = []
    const openers = openersWith(() => ({
      broadcast: async (raw) => {
        handed.push(raw)
        return { verdict: 'unknown', message: '' }
      },
    }))
    const paper = await openPaper({}, { openers })

    await mineToEnd(world(), paper.submitTrade(sell))

    expect(paper.getExecutionStatus('trade_1').outcome).toBe('filled')
    expect(handed).toEqual([])
  })

  test('needs a node that tells the events of a simulation', async () => {
    const openers = openersWith(({ simulate }) => ({
      simulate: async (...args) => (await simulate(...args)).map((reply) => ({ ...reply, logs: null })),
    }))

    const error = await openPaper({}, { openers }).catch((reason: unknown) => reason)

    expect(error).toBeInstanceOf(InvalidConfigError)
    expect(String(error)).toMatch(/eth_simulateV1[\s\S]*field: chain\.rpcUrls/)
  })

  test('goes on with the next head where the node fails for a while', async () => {
    let isFailing = false
    const openers = openersWith(({ simulate }) => ({
      simulate: (...args) => (isFailing ? Promise.reject(new EndpointError('It is ill.')) : simulate(...args)),
    }))
    const paper = await openPaper({}, { openers })
    const troubles: string[] = []
    paper.on('trouble', ({ what }) => troubles.push(what))
    const handle = paper.submitTrade(one)
    await eventually(() => handle.status().legs[0]?.state === 'submitted.pending', 'the swap to be pending')
    isFailing = true
    await world().mine()
    await eventually(() => troubles.includes('the paper transactions of a block'), 'the trouble to be told')
    isFailing = false

    await mineToEnd(world(), handle)

    expect(handle.status().outcome).toBe('filled')
  })

  test('says which tokens it cannot keep what it bought of', async () => {
    const troubles: string[] = []
    const paper = await openPaper()
    paper.on('trouble', ({ failure }) => troubles.push(failure?.message ?? ''))

    await eventually(() => troubles.length > 0, 'the trouble to be told')

    expect(troubles).toEqual([expect.stringMatching(/where they keep balances[\s\S]*tokens: USDT$/)])
  })

  test('takes no key, and an address only there', async () => {
    const wallets = [{ address: world().accounts[0]?.address as Hex }]

    const errors = await Promise.all([
      openPaper({}, { wallets: [{ privateKeyEnv: 'LEGWORK_TEST_KEY' }] }).catch((error: unknown) => error),
      open({}, { wallets }).catch((error: unknown) => error),
    ])

    for (const error of errors) expect(error).toBeInstanceOf(InvalidConfigError)
    expect(errors.map(String)).toEqual([
      expect.stringMatching(/wallets: .*paper mode, which loads no key/),
      expect.stringMatching(/wallets: .*paper mode only/),
    ])
  })
})
