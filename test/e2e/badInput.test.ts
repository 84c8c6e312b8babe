import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encryptKeystoreJsonSync, Wallet } from 'ethers'
import { describe, expect, test } from 'vitest'
import {
  type ExecutionManager,
  type Hex,
  InvalidOrderError,
  type OpenOptions,
  type TradeOrder,
} from '../../src/index.ts'
import { useWorld } from '../support/anvil.ts'
import { ledgerOf } from '../support/ledger.ts'
import { optionsFor, useManagers } from '../support/manager.ts'

const world = useWorld({ mining: 'interval', blockTimeS: 0.1 })
const { open, dataDir } = useManagers(world)
const order: TradeOrder = { tradeId: 'trade_1', pair: 'ETH/USDC', amount: '1' }

/** Runs a faulty order and sees that it changed nothing: no transaction, no trade, and the next order works. */
async function rejected(execution: ExecutionManager, faulty: object): Promise<{ code: string; message: string }> {
  const before = await ledgerOf(world(), execution.wallets[0] as Hex)
  const error = await execution.executeTrade({ ...order, ...faulty } as TradeOrder).then(
    () => new InvalidOrderError('It was taken.'),
    (reason: { code: string; message: string }) => reason,
  )
  expect(await ledgerOf(world(), execution.wallets[0] as Hex)).toEqual(before)
  expect(execution.getActiveExecutions().size).toBe(0)
  return error
}

describe('a faulty order', () => {
  const faults: [what: string, faulty: object, code: string, text: RegExp][] = [
    ['an unknown token', { pair: 'ETH/DOGE' }, 'INVALID_ORDER', /pair[\s\S]*DOGE/],
    ['a pair without a slash', { pair: 'ETHUSDC' }, 'INVALID_ORDER', /pair/],
    ['a pair of one token', { pair: 'ETH/ETH' }, 'INVALID_ORDER', /pair/],
    ['an amount of zero', { amount: '0' }, 'INVALID_AMOUNT', /^amount: .*above zero/],
    ['a negative amount', { amount: '-1' }, 'INVALID_AMOUNT', /^amount: /],
    ['a negative bigint', { amount: -1n }, 'INVALID_AMOUNT', /^amount: /],
    ['a JS number', { amount: 1.5 }, 'INVALID_AMOUNT', /^amount: /],
    ['an amount that is no number', { amount: '1,5' }, 'INVALID_AMOUNT', /^amount: [\s\S]*1,5/],
    ['too many decimals', { amount: '1.0000000000000000001' }, 'INVALID_AMOUNT', /^amount: .*decimals/],
    ['too many decimals for USDC', { pair: 'USDC/ETH', amount: '1.0000001' }, 'INVALID_AMOUNT', /^amount: .*decimals/],
    ['no trade id', { tradeId: '' }, 'INVALID_ORDER', /tradeId/],
    ['an endless trade id', { tradeId: 'x'.repeat(5_000) }, 'INVALID_ORDER', /tradeId/],
    ['another side', { side: 'hold' }, 'INVALID_ORDER', /side/],
    ['an unknown venue', { venues: ['nowhere'] }, 'INVALID_ORDER', /venues[\s\S]*nowhere/],
    ['no venue', { venues: [] }, 'INVALID_ORDER', /venue/],
    ['a quote for an unknown venue', { quotes: { nowhere: '1' } }, 'INVALID_ORDER', /quotes[\s\S]*nowhere/],
    ['a quote of zero', { quotes: { 'uniswap-v2': '0' } }, 'INVALID_AMOUNT', /^quotes\.uniswap-v2: /],
    ['a slippage above 1', { maxSlippage: '2' }, 'INVALID_AMOUNT', /^maxSlippage: /],
    ['an unknown field', { amout: '1' }, 'INVALID_ORDER', /amout/],
  ]

  test.each(faults)(
    '%s is refused with one error that names the field, and nothing is sent',
    async (_, faulty, code, text) => {
      const execution = await open()

      const error = await rejected(execution, faulty)

      expect(error.code).toBe(code)
      expect(error.message).toMatch(text)
    },
  )

  test('an amount beyond the balance is refused, with both amounts, in the native coin and in a token', async () => {
    const execution = await open()

    const native = await rejected(execution, { amount: '20000' })
    const token = await rejected(execution, { tradeId: 'trade_2', pair: 'USDC/ETH', amount: '1000000.000001' })

    expect(native).toMatchObject({ code: 'TRADE_FAILED', failure: { code: 'INSUFFICIENT_BALANCE' } })
    expect(native.message).toMatch(/field: amount[\s\S]*20000 ETH/)
    expect(token.message).toMatch(/1000000\.000001 USDC[\s\S]*1000000 USDC/)
  })

  test('a venue without a pool is refused by name', async () => {
    const execution = await open()

    const error = await rejected(execution, { pair: 'DAI/USDC', venues: ['sushi-v2'] })

    expect(error).toMatchObject({ code: 'TRADE_FAILED', failure: { code: 'NO_LIQUIDITY' } })
    expect(error.message).toMatch(/sushi-v2/)
  })

  test('loses nothing that runs beside it', async () => {
    const execution = await open()
    const good = execution.executeTrade({ ...order, tradeId: 'good' })

    await Promise.allSettled(faults.map(([, faulty]) => execution.executeTrade({ ...order, ...faulty } as TradeOrder)))

    expect((await good).map(({ status }) => status)).toEqual(['done'])
  })
})

describe('a faulty configuration', () => {
  const usual = (): OpenOptions => optionsFor(world(), dataDir())

  async function refused(options: unknown): Promise<{ code: string; message: string }> {
    const outcome = await open({}, options as Partial<OpenOptions>).then(
      () => ({ code: 'OPENED', message: '' }),
      (error: { code: string; message: string }) => error,
    )
    // Whatever was opened is closed again: the same folder opens at once with what is right.
    return outcome
  }

  test('with several faults is one error that names them all', async () => {
    const { chain } = usual()

    const error = await refused({
      ...usual(),
      chain: { ...chain, rpcUrls: [] },
      wallets: [],
      strange: 1,
      config: { timeout: -1 },
    })

    expect(error.code).toBe('INVALID_CONFIG')
    for (const field of ['chain.rpcUrls', 'wallets', 'strange', 'config.timeout'])
      expect(error.message).toContain(field)
  })

  test('with a wrong chain id is refused by the endpoint and the id', async () => {
    const options = usual()

    const error = await refused({ ...options, chain: { ...options.chain, chainId: 1 } })

    expect(error.code).toBe('WRONG_CHAIN')
    expect(error.message).toMatch(/chain\.rpcUrls\[0\][\s\S]*31337/)
  })

  test('with an endpoint that does not answer is refused by the field', async () => {
    const options = usual()

    const error = await refused({ ...options, chain: { ...options.chain, rpcUrls: ['http://127.0.0.1:9'] } })

    expect(error.code).toBe('ENDPOINT')
    expect(error.message).toContain('chain.rpcUrls')
  })

  test('with a router or token that is no contract is refused by the field', async () => {
    const options = usual()
    const nobody = '0x000000000000000000000000000000000000dead'

    const router = await refused({ ...options, venues: [{ id: 'v', kind: 'uniswapV2', router: nobody }] })
    const token = await refused({ ...options, dataDir: dataDir(), tokens: { ...options.tokens, USDC: nobody } })

    expect(router).toMatchObject({ code: 'NOT_A_CONTRACT', message: expect.stringContaining('venues[0].router') })
    expect(token).toMatchObject({ code: 'NOT_A_CONTRACT', message: expect.stringContaining('tokens.USDC') })
  })

  test('with a wrong keystore password is refused without showing it', async () => {
    const keystore = join(dataDir(), 'wallet.json')
    const { address, privateKey } = Wallet.createRandom()
    const scrypt = { N: 1024, r: 8, p: 1 }
    writeFileSync(keystore, encryptKeystoreJsonSync({ address, privateKey }, 'right horse', { scrypt }))
    process.env.LEGWORK_TEST_PASSWORD = 'wrong horse'

    const error = await refused({ ...usual(), wallets: [{ keystore, passwordEnv: 'LEGWORK_TEST_PASSWORD' }] })

    expect(error.code).toBe('WALLET')
    expect(error.message).toMatch(/wallets\[0\]/)
    expect(error.message).not.toMatch(/horse/)
  })

  test('with a keystore that is not there or no keystore is refused by the field', async () => {
    const file = join(dataDir(), 'wallet.json')
    writeFileSync(file, 'not a keystore')
    process.env.LEGWORK_TEST_PASSWORD = 'x'

    const missing = await refused({
      ...usual(),
      wallets: [{ keystore: `${file}.no`, passwordEnv: 'LEGWORK_TEST_PASSWORD' }],
    })
    const broken = await refused({ ...usual(), wallets: [{ keystore: file, passwordEnv: 'LEGWORK_TEST_PASSWORD' }] })

    expect(missing).toMatchObject({ code: 'WALLET', message: expect.stringContaining('wallets[0].keystore') })
    expect(broken).toMatchObject({ code: 'WALLET', message: expect.stringContaining('wallets[0].keystore') })
  })

  test('leaves nothing open: the same folder opens at once with what is right', async () => {
    const folder = dataDir()
    const options = { ...usual(), dataDir: folder }
    await refused({ ...options, tokens: { ...options.tokens, USDC: '0x000000000000000000000000000000000000dead' } })

    const execution = await open({}, { dataDir: folder })

    expect(await execution.executeTrade(order)).toMatchObject([{ status: 'done' }])
  })
})
