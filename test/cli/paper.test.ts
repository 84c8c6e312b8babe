import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encryptKeystoreJsonSync } from 'ethers'
import { expect, onTestFinished, test } from 'vitest'
import { useWorld } from '../support/anvil.ts'
import { ledgerOf } from '../support/ledger.ts'
import { type Desk, setUpDesk } from './desk.ts'
import { legwork } from './sink.ts'

const world = useWorld({ blockTimeS: 0.25 })
const sell = ['trade', '--pair', 'ETH/USDC', '--amount', '1.5'] as const

/** Whose wallet is a keystore that nobody here has the password of. */
async function openDesk(): Promise<Desk> {
  const { USDC } = world().tokens
  const more = { wallets: [{ keystore: 'set below', passwordEnv: 'NOT_SET' }], tokens: { ETH: 'native', USDC } }
  const desk = await setUpDesk(world(), {}, more)
  onTestFinished(() => desk.remove())
  const keystore = join(desk.dataDir, '..', 'wallet.json')
  const { address = '', privateKey = '' } = world().accounts[0] ?? {}
  const json = encryptKeystoreJsonSync({ address, privateKey }, 'unknown here', { scrypt: { N: 2, r: 1, p: 1 } })
  await writeFile(keystore, json)
  const wallets = [{ keystore, passwordEnv: 'NOT_SET' }]
  await writeFile(desk.config, JSON.stringify({ ...desk.options, wallets }))
  return desk
}

test('with --paper a trade is reported as a real one is, needs no password and leaves the chain and the store alone', async () => {
  const desk = await openDesk()
  const before = await ledgerOf(world(), world().accounts[0]?.address ?? '0x')

  const { code, out, err } = await legwork([...sell, '--paper', '--config', desk.config])

  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toMatch(/^On paper: nothing is signed or sent\.$/m)
  expect(out).toMatch(/sell 1\.5 ETH for USDC: filled, \d+\.\d s$/m)
  expect(await ledgerOf(world(), world().accounts[0]?.address ?? '0x')).toEqual(before)
  expect([desk.dataDir, `${desk.dataDir}-paper`].map(existsSync)).toEqual([false, true])
})

test('resume goes on with what is on paper, by the same flag', async () => {
  const desk = await openDesk()
  await legwork([...sell, '--paper', '--id', 'trade_1', '--config', desk.config])

  const { code, out } = await legwork(['resume', '--paper', '--config', desk.config])

  expect(code).toBe(0)
  expect(out).toBe('On paper: nothing is signed or sent.\nThere are no unfinished trades.\n')
})
