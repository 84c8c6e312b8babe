import { cpSync } from 'node:fs'
import { Wallet } from 'ethers'
import { describe, expect, test } from 'vitest'
import type { Distribution, ExecutionConfig, Hex } from '../../src/index.ts'
import { openLmdbStore } from '../../src/store/lmdbStore.ts'
import { useWorld } from '../support/anvil.ts'
import { ledgerOf } from '../support/ledger.ts'
import { eventually, useManagers } from '../support/manager.ts'
import { unsentChain } from '../support/openers.ts'

const world = useWorld({ mining: 'interval', blockTimeS: 0.1 })
const { open, dataDir } = useManagers(world)
const order = { tradeId: 'trade_1', pair: 'ETH/USDC', amount: '1', venues: ['uniswap-v2'] }

function twoWallets() {
  const [first, second] = world().accounts
  process.env.LEGWORK_TEST_KEY = first?.privateKey
  process.env.LEGWORK_TEST_SECOND_KEY = second?.privateKey
  return [{ privateKeyEnv: 'LEGWORK_TEST_KEY' }, { privateKeyEnv: 'LEGWORK_TEST_SECOND_KEY' }] as const
}

/** Before a manager is opened: it reads balances at the head that it knows, and this changes none but the newest. */
async function setBalance(wallet: Hex, wei: bigint): Promise<void> {
  await world().rpc('anvil_setBalance', [wallet, `0x${wei.toString(16)}`])
}

describe('several wallets', () => {
  test('share the legs: each goes to the least busy that can pay', async () => {
    const execution = await open({}, { wallets: twoWallets() })

    const legs = await execution.executeTrade({ ...order, venues: ['uniswap-v2', 'sushi-v2'], amount: '2' })

    expect(legs.map(({ status }) => status)).toEqual(['done', 'done'])
    expect(new Set(legs.map(({ wallet }) => wallet))).toEqual(new Set(execution.wallets))
  })

  test('that cannot pay are passed over', async () => {
    await setBalance(world().accounts[0]?.address as Hex, 10n ** 17n)
    const execution = await open({}, { wallets: twoWallets() })
    const [, rich] = execution.wallets

    const legs = await execution.executeTrade({ ...order, venues: ['uniswap-v2', 'sushi-v2'], amount: '2' })

    expect(legs.map(({ status, wallet }) => [status, wallet])).toEqual([
      ['done', rich],
      ['done', rich],
    ])
  })

  test('are not promised twice: what a live leg will take is not there for another', async () => {
    await setBalance(world().accounts[0]?.address as Hex, 15n * 10n ** 17n)
    const execution = await open()

    const results = await Promise.allSettled([
      execution.executeTrade(order),
      execution.executeTrade({ ...order, tradeId: 'trade_2' }),
    ])

    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(results[1]).toMatchObject({ reason: { failure: { code: 'INSUFFICIENT_BALANCE' } } })
  })
})

describe('nonces that no leg owns', () => {
  test('are used up at opening, so that later ones are mined', async () => {
    const folder = dataDir()
    const first = await open({}, { dataDir: folder })
    const wallet = first.wallets[0] as Hex
    await first.close()
    const { nonce } = await ledgerOf(world(), wallet)
    const store = await openLmdbStore(folder)
    await store.commit([{ space: 'lane', key: wallet, value: nonce + 2 }])
    await store.close()

    const execution = await open({}, { dataDir: folder })
    const [leg] = await execution.executeTrade(order)

    expect(leg).toMatchObject({ status: 'done' })
    expect((await ledgerOf(world(), wallet)).nonce).toBe(nonce + 4)
    // Nothing of it is left behind.
    await eventually(() => execution.getActiveExecutions().size === 0, 'the end')
  })
})

describe('a store that is older than the chain', () => {
  test('does not trade again what may have been traded since', async () => {
    const folder = dataDir()
    const wallet = await sendNowhere(folder)
    // What a later copy of this store did: it cancelled, and tried again on the same venue.
    const router = world().venues.find(({ id }) => id === 'uniswap-v2')?.router as Hex
    const { nonce } = await ledgerOf(world(), wallet)
    await sendAs(wallet, { nonce, to: wallet })
    await sendAs(wallet, { nonce: nonce + 1, to: router, value: 1n })
    await eventually(async () => (await ledgerOf(world(), wallet)).nonce === nonce + 2, 'what the copy did')

    const execution = await open({}, { dataDir: folder })
    await eventually(() => execution.getActiveExecutions().size === 0, 'the end of what was live')

    expect(execution.getExecutionStatus('trade_1').legs.map(({ failure }) => failure?.code)).toEqual(['STORE_OUTDATED'])
    expect((await ledgerOf(world(), wallet)).nonce).toBe(nonce + 2)
  })

  test('is noticed though it was copied before any nonce was given', async () => {
    const folder = dataDir()
    const copy = dataDir()
    const first = await open({}, { dataDir: folder, distributionManager: neverSplits })
    const wallet = first.wallets[0] as Hex
    await first.submitTrade(order).recorded()
    await first.close()
    cpSync(folder, copy, { recursive: true })
    const second = await open({}, { dataDir: folder })
    await eventually(() => second.getActiveExecutions().size === 0, 'the end of what was live')
    await second.close()
    const { nonce } = await ledgerOf(world(), wallet)

    const restored = await open({}, { dataDir: copy })
    await eventually(() => restored.getActiveExecutions().size === 0, 'the end of what was live')

    expect(restored.getExecutionStatus('trade_1')).toMatchObject({
      status: 'failed',
      failure: { code: 'STORE_OUTDATED' },
    })
    expect((await ledgerOf(world(), wallet)).nonce).toBe(nonce)
  })

  test('goes on with what strangers cannot have been', async () => {
    const folder = dataDir()
    const wallet = await sendNowhere(folder)
    const { nonce } = await ledgerOf(world(), wallet)
    await sendAs(wallet, { nonce, to: wallet })
    await sendAs(wallet, { nonce: nonce + 1, to: wallet })
    await eventually(async () => (await ledgerOf(world(), wallet)).nonce === nonce + 2, 'what the other program did')

    const execution = await open({}, { dataDir: folder })
    await eventually(() => execution.getActiveExecutions().size === 0, 'the end of what was live')

    expect(execution.getExecutionStatus('trade_1').legs).toMatchObject([{ status: 'done', retries: 1 }])
    expect((await ledgerOf(world(), wallet)).nonce).toBe(nonce + 3)
  })

  test('finds the replacement that it signed later and does not know, and reports its fill', async () => {
    const folder = dataDir()
    const wallet = await sendNowhere(folder, { bumpInterval: 1 })
    const call = await storedCall(folder)
    const { nonce } = await ledgerOf(world(), wallet)
    const hash = await sendAs(wallet, { nonce, ...call })
    await eventually(async () => (await ledgerOf(world(), wallet)).nonce === nonce + 1, 'the replacement')

    const execution = await open({ bumpInterval: 1 }, { dataDir: folder })
    await eventually(() => execution.getActiveExecutions().size === 0, 'the end of what was live')

    expect(execution.getExecutionStatus('trade_1').legs).toMatchObject([{ status: 'done', retries: 0, hash }])
    expect((await ledgerOf(world(), wallet)).nonce).toBe(nonce + 1)
  })
})

/** Has the order signed and recorded, and never sent; returns the wallet. */
async function sendNowhere(folder: string, config: ExecutionConfig = {}): Promise<Hex> {
  const execution = await open(config, { dataDir: folder, openers: unsentChain() })
  const pending = new Promise((resolve) => execution.on('step', ({ to }) => to === 'submitted.pending' && resolve(to)))
  execution.submitTrade(order)
  await pending
  await execution.close()
  return execution.wallets[0] as Hex
}

/** Whatever is ordered waits. */
const neverSplits: Distribution = { allocate: () => new Promise(() => {}), record: () => {} }

/** The call of the only leg that a store has. */
async function storedCall(folder: string): Promise<{ to: Hex; data: Hex; value: bigint }> {
  const store = await openLmdbStore(folder)
  const texts = [...store.entries('live')].map(({ value }) => JSON.stringify(value))
  await store.close()
  const [, to = '', data = '', value = '0'] =
    texts.join().match(/"call":\{"to":"(0x\w+)","data":"(0x\w+)","value":"(\d+)"/) ?? []
  return { to: to as Hex, data: data as Hex, value: BigInt(value) }
}

/** Another program with the wallet's key. */
async function sendAs(wallet: Hex, call: { nonce: number; to: Hex; data?: Hex; value?: bigint }): Promise<string> {
  const account = world().accounts.find(({ address }) => address === wallet)
  const raw = await new Wallet(account?.privateKey ?? '').signTransaction({
    chainId: world().chainId,
    type: 2,
    gasLimit: 300_000,
    maxFeePerGas: 10n ** 11n,
    maxPriorityFeePerGas: 10n ** 9n,
    ...call,
  })
  return (await world().rpc('eth_sendRawTransaction', [raw])) as string
}
