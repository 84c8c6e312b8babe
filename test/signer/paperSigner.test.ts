import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encryptKeystoreJsonSync, Transaction, Wallet } from 'ethers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Hex, lowerHex } from '../../src/domain/hex.ts'
import { decodePaper } from '../../src/domain/paper.ts'
import type { UnsignedTransaction } from '../../src/domain/transaction.ts'
import { openPaperSigner, paperAddresses } from '../../src/signer/paperSigner.ts'

const key = `0x${'1f'.repeat(32)}`
const wallet = lowerHex(new Wallet(key).address)
const router: Hex = `0x${'c0'.repeat(20)}`
const allow = {
  swaps: [{ to: router, payable: true, text: '0xab....' }],
  tokens: [],
  spenders: [],
  maxFeePerGas: '90000000000',
  gasLimit: 250_000,
} as const
const transaction: UnsignedTransaction = {
  chainId: 1,
  nonce: 7,
  to: router,
  data: '0xabcdef',
  value: '1',
  gasLimit: 200_000,
  maxFeePerGas: '30000000000',
  maxPriorityFeePerGas: '1',
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'legwork-paper-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function keystore(change: (json: Record<string, unknown>) => void = () => {}): string {
  const file = join(folder, 'wallet.json')
  const options = { scrypt: { N: 2, r: 1, p: 1 } }
  const json = JSON.parse(encryptKeystoreJsonSync({ address: wallet, privateKey: key }, 'unknown here', options))
  change(json)
  writeFileSync(file, JSON.stringify(json))
  return file
}

describe('the address of a wallet on paper', () => {
  test('is the one given, or the one that a keystore says without its password', async () => {
    const given: Hex = `0x${'AB'.repeat(20)}`

    const addresses = await paperAddresses([{ address: given }, { keystore: keystore() }])

    expect(addresses).toEqual([lowerHex(given), wallet])
  })

  test.each([
    [
      'is missing from the keystore',
      (json: Record<string, unknown>) => delete json.address,
      /say its address.*\{ address \}/,
    ],
    ['is none', (json: Record<string, unknown>) => Object.assign(json, { address: 'ab' }), /say its address/],
  ])('is asked for where it %s', async (_, change, words) => {
    await expect(paperAddresses([{ keystore: keystore(change) }])).rejects.toThrow(words)
  })

  test('is refused a second time, and a file that is not there as well', async () => {
    await expect(paperAddresses([{ address: wallet }, { keystore: keystore() }])).rejects.toMatchObject({
      code: 'WALLET',
    })
    await expect(paperAddresses([{ keystore: join(folder, 'none') }])).rejects.toMatchObject({ code: 'WALLET' })
  })
})

describe('what stands for a signed transaction', () => {
  const signer = openPaperSigner({ wallets: [wallet], chainId: 1, allow })

  test('is the same for the same fields, and another for any other', async () => {
    const first = await signer.sign(wallet, transaction)
    const again = await signer.sign(wallet, { ...transaction })
    const others = await Promise.all([
      signer.sign(wallet, { ...transaction, nonce: 8 }),
      signer.sign(wallet, { ...transaction, maxFeePerGas: '30000000001' }),
    ])

    expect(again).toEqual(first)
    expect(new Set([first, ...others].map(({ hash }) => hash)).size).toBe(3)
    expect(first.hash).toMatch(/^0x[0-9a-f]{64}$/)
    expect(decodePaper(first.raw)).toMatchObject({ hash: first.hash, wallet, transaction })
  })

  test('is no transaction to anybody else, and no transaction is taken for it', async () => {
    const { raw } = await signer.sign(wallet, transaction)
    const { legacy: _, ...fields } = { legacy: false, ...transaction }
    const real = await new Wallet(key).signTransaction({ ...fields, type: 2 })

    expect(() => Transaction.from(raw)).toThrow(/unsupported transaction type/)
    expect(decodePaper(real as Hex)).toBeNull()
    expect(decodePaper(`0x${Buffer.from('paper:{').toString('hex')}`)).toBeNull()
  })

  test('is refused where the real one would be', async () => {
    await expect(signer.sign(wallet, { ...transaction, to: wallet })).rejects.toMatchObject({ code: 'NOT_ALLOWED' })
    await expect(signer.sign(wallet, { ...transaction, chainId: 2 })).rejects.toMatchObject({ code: 'NOT_ALLOWED' })
    await expect(signer.sign(router, transaction)).rejects.toMatchObject({ code: 'SIGNING' })
  })
})
