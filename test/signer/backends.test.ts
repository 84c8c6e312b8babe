import { Transaction, Wallet } from 'ethers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { UnsignedTransaction } from '../../src/domain/transaction.ts'
import { agreesWithEthers, type Backend, backendNames, chooseBackend, signWith } from '../../src/signer/backends.ts'
import { readFields } from '../../src/signer/encodeTransaction.ts'

const wei = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n })
const hex = (lengths: { minLength: number; maxLength: number }) =>
  fc.uint8Array(lengths).map((bytes) => `0x${Buffer.from(bytes).toString('hex')}` as const)
// Small values and lengths around 55 and 256 bytes are where RLP changes its form.
const number = fc.oneof(fc.nat({ max: 300 }), fc.maxSafeNat())
const transactions: fc.Arbitrary<UnsignedTransaction> = fc
  .record({
    chainId: fc.integer({ min: 1, max: 2 ** 40 }),
    nonce: number,
    to: hex({ minLength: 20, maxLength: 20 }),
    data: fc.oneof(hex({ minLength: 0, maxLength: 60 }), hex({ minLength: 200, maxLength: 600 })),
    value: fc.oneof(fc.bigInt({ min: 0n, max: 300n }), wei).map((value) => `${value}` as const),
    gasLimit: number,
    maxFee: wei,
    tipCut: wei,
    legacy: fc.boolean(),
  })
  .map(({ maxFee, tipCut, legacy, ...rest }) => ({
    ...rest,
    legacy,
    maxFeePerGas: `${maxFee}`,
    maxPriorityFeePerGas: `${legacy ? maxFee : maxFee - (tipCut % (maxFee + 1n))}`,
  }))
/** The same transaction as ethers has it. */
function asEthers({ legacy, maxFeePerGas, maxPriorityFeePerGas, ...rest }: UnsignedTransaction) {
  return legacy
    ? { ...rest, type: 0, gasPrice: maxFeePerGas }
    : { ...rest, type: 2, maxFeePerGas, maxPriorityFeePerGas }
}

const keys = fc
  .bigInt({ min: 1n, max: 2n ** 255n })
  .map((key) => Buffer.from(key.toString(16).padStart(64, '0'), 'hex'))

async function backendNamed(name: string): Promise<Backend> {
  const backend = await chooseBackend(name)
  if (backend === undefined) throw new Error(`The ${name} backend does not load here.`)
  return backend
}

describe.each(backendNames)('the %s backend', (name) => {
  test('signs any transaction to the bytes that ethers gives', async () => {
    const backend = await backendNamed(name)

    await fc.assert(
      fc.asyncProperty(transactions, keys, async (transaction, key) => {
        const signed = signWith(backend, readFields(transaction), key)

        const expected = await new Wallet(`0x${key.toString('hex')}`).signTransaction(asEthers(transaction))
        expect(signed.raw).toBe(expected)
        expect(signed.hash).toBe(Transaction.from(expected).hash)
      }),
      { numRuns: 200 },
    )
  })
})

const valid: UnsignedTransaction = {
  chainId: 1,
  nonce: 7,
  to: `0x${'Ab'.repeat(20)}`,
  data: '0xABcd',
  value: '1',
  gasLimit: 21_000,
  maxFeePerGas: '10',
  maxPriorityFeePerGas: '1',
}

test('letters of either case give the same bytes', async () => {
  const backend = await backendNamed('ethers')
  const lower = { ...valid, to: `0x${'ab'.repeat(20)}` as const, data: '0xabcd' as const }

  const signed = signWith(backend, readFields(valid), Buffer.alloc(32, 1))

  expect(signed).toEqual(signWith(backend, readFields(lower), Buffer.alloc(32, 1)))
})

test.each<[string, Partial<Record<keyof UnsignedTransaction, unknown>>]>([
  ['a negative nonce', { nonce: -1 }],
  ['a nonce beyond exact numbers', { nonce: 2 ** 53 }],
  ['a gas limit with a fraction', { gasLimit: 21_000.5 }],
  ['a negative value', { value: '-1' }],
  ['a value in hexadecimal', { value: '0x10' }],
  ['a value above 256 bits', { value: `${2n ** 256n}` }],
  ['a tip above the maximum fee', { maxPriorityFeePerGas: '11' }],
  ['two gas prices', { legacy: true, maxPriorityFeePerGas: '9' }],
  ['a recipient that is too short', { to: '0xabcd' }],
  ['no recipient', { to: '0x' }],
  ['a contract creation', { to: undefined }],
  ['half a byte of data', { data: '0xabc' }],
  ['data with a letter that is no digit', { data: '0xzz' }],
])('%s is refused rather than signed', async (_, fault) => {
  const backend = await backendNamed('ethers')
  const transaction = { ...valid, ...fault } as UnsignedTransaction

  const sign = () => signWith(backend, readFields(transaction), Buffer.alloc(32, 1))

  expect(sign).toThrow(expect.objectContaining({ code: 'SIGNING' }))
})

test('a backend that signs otherwise than ethers is noticed', async () => {
  const ethers = await backendNamed('ethers')
  const highS: Backend = {
    ...ethers,
    sign: (digest, key) => ({ ...ethers.sign(digest, key), s: 'f'.repeat(64) }),
  }
  const otherHash: Backend = { ...ethers, keccak256: () => new Uint8Array(32) }

  const agree = [ethers, highS, otherHash].map(agreesWithEthers)

  expect(agree).toEqual([true, false, false])
})

test('without a wish the fastest backend that loads is taken', async () => {
  const chosen = await chooseBackend()

  const loading = await Promise.all(backendNames.map((name) => chooseBackend(name)))
  expect(chosen?.name).toBe(loading.find((backend) => backend !== undefined)?.name)
})

test('an unknown backend is none', async () => {
  expect(await chooseBackend('quantum')).toBeUndefined()
})
