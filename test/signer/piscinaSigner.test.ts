import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { encryptKeystoreJsonSync, Wallet } from 'ethers'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { CallShape } from '../../src/domain/callShape.ts'
import { toFailure } from '../../src/domain/errors.ts'
import { type Hex, lowerHex } from '../../src/domain/hex.ts'
import type { UnsignedTransaction } from '../../src/domain/transaction.ts'
import { backendNames } from '../../src/signer/backends.ts'
import { type AllowList, openPiscinaSigner, type WalletConfig } from '../../src/signer/piscinaSigner.ts'
import type { Signer } from '../../src/signer/signer.ts'
import { openWorkerPool } from '../../src/signer/workerPool.ts'

const firstKey = `0x${'1f'.repeat(32)}`
const secondKey = `0x${'2e'.repeat(32)}`
const password = 'correct horse battery staple'
const first = lowerHex(new Wallet(firstKey).address)
const second = lowerHex(new Wallet(secondKey).address)

const router: Hex = `0x${'c0'.repeat(20)}`
const stranger: Hex = `0x${'5e'.repeat(20)}`
// All that `transaction` below has for data.
const anyCallTo = (to: Hex): CallShape => ({ to, payable: true, text: `0x${'.'.repeat(520)}` })
const allow: AllowList = {
  swaps: [anyCallTo(router)],
  tokens: [],
  spenders: [],
  maxFeePerGas: '90000000000',
  gasLimit: 250_000,
}

let folder: string
const variables = ['TEST_KEY', 'TEST_PASSWORD', 'LEGWORK_SIGNER']

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'legwork-signer-'))
  process.env.TEST_KEY = firstKey
  process.env.TEST_PASSWORD = password
})

afterEach(() => {
  rmSync(folder, { recursive: true })
  // One by one: a thread inherits the environment itself, not an object put in its place.
  for (const variable of variables) delete process.env[variable]
})

/** A keystore as wallets write it, but with a weak key derivation, which tests need not wait for. */
function keystore(key: string, name = 'wallet.json'): string {
  const file = join(folder, name)
  const options = { scrypt: { N: 2, r: 1, p: 1 } }
  writeFileSync(file, encryptKeystoreJsonSync({ address: new Wallet(key).address, privateKey: key }, password, options))
  return file
}

async function openSigner(
  wallets: readonly WalletConfig[] = [{ privateKeyEnv: 'TEST_KEY' }],
  threads = 1,
): Promise<Signer> {
  const signer = await openPiscinaSigner({ wallets, chainId: 1, allow, threads })
  onTestFinished(() => signer.close())
  return signer
}

function transaction(nonce: number): UnsignedTransaction {
  return {
    chainId: 1,
    nonce,
    to: router,
    data: `0x${'ab'.repeat(260)}`,
    value: '1500000000000000000',
    gasLimit: 250_000,
    maxFeePerGas: '90000000000',
    maxPriorityFeePerGas: '1000000000',
  }
}

function signedByEthers(key: string, nonces: number): Promise<string[]> {
  const wallet = new Wallet(key)
  return Promise.all(
    Array.from({ length: nonces }, (_, nonce) => wallet.signTransaction({ ...transaction(nonce), type: 2 })),
  )
}

async function signAll(signer: Signer, wallet: Hex, nonces: number): Promise<string[]> {
  const signed = await Promise.all(
    Array.from({ length: nonces }, (_, nonce) => signer.sign(wallet, transaction(nonce))),
  )
  return signed.map(({ raw }) => raw)
}

describe.each(backendNames)('a signer on the %s backend', (backend) => {
  beforeEach(() => {
    process.env.LEGWORK_SIGNER = backend
  })

  test('says which backend signs, and for which wallets', async () => {
    const signer = await openSigner([
      { privateKeyEnv: 'TEST_KEY' },
      { keystore: keystore(secondKey), passwordEnv: 'TEST_PASSWORD' },
    ])

    expect(signer.backend).toBe(backend)
    expect(signer.wallets).toEqual([first, second])
  })

  test('gives every request of a turn the bytes that ethers gives', async () => {
    const signer = await openSigner()

    const raws = await signAll(signer, first, 150)

    expect(raws).toEqual(await signedByEthers(firstKey, 150))
  })

  test('signs the same transaction to the same bytes each time', async () => {
    const signer = await openSigner()

    const once = await signer.sign(first, transaction(5))
    const again = await signer.sign(first, transaction(5))

    expect(again).toEqual(once)
  })
})

test('each wallet signs with its own key', async () => {
  const signer = await openSigner([
    { privateKeyEnv: 'TEST_KEY' },
    { keystore: keystore(secondKey), passwordEnv: 'TEST_PASSWORD' },
  ])

  const [ofFirst, ofSecond] = await Promise.all([signAll(signer, first, 3), signAll(signer, second, 3)])

  expect(ofFirst).toEqual(await signedByEthers(firstKey, 3))
  expect(ofSecond).toEqual(await signedByEthers(secondKey, 3))
})

test('one bad transaction of a turn fails alone', async () => {
  const signer = await openSigner()

  const [good, bad, other] = await Promise.allSettled([
    signer.sign(first, transaction(0)),
    signer.sign(first, { ...transaction(1), gasLimit: -1 }),
    signer.sign(first, transaction(2)),
  ])

  expect(good.status).toBe('fulfilled')
  expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'SIGNING' } })
  expect(other.status).toBe('fulfilled')
})

test('an unknown wallet, another chain and a closed signer are refused', async () => {
  const signer = await openSigner()

  const unknown = signer.sign(second, transaction(0))
  const otherChain = signer.sign(first, { ...transaction(0), chainId: 10 })

  await expect(unknown).rejects.toMatchObject({ code: 'SIGNING' })
  await expect(otherChain).rejects.toMatchObject({ code: 'NOT_ALLOWED', retryable: false })
  await signer.close()
  await expect(signer.sign(first, transaction(0))).rejects.toMatchObject({ code: 'SIGNING' })
})

test('closing lets the signatures that were asked for finish', async () => {
  const signer = await openSigner()
  const signing = signAll(signer, first, 300)
  await new Promise((resolve) => setImmediate(resolve))

  await signer.close()

  expect(await signing).toEqual(await signedByEthers(firstKey, 300))
})

/** The threads that start from now on, in order. */
function watchThreads(): Worker[] {
  const workers: Worker[] = []
  const note = (worker: Worker) => void workers.push(worker)
  process.on('worker', note)
  onTestFinished(() => void process.off('worker', note))
  return workers
}

test.each([1, 2])('of %i workers one killed in the middle of a batch costs no signature', async (threads) => {
  // Ended while native code is at work in it, a thread can take the process along; WebAssembly never does.
  process.env.LEGWORK_SIGNER = 'wasm'
  const workers = watchThreads()
  const signer = await openSigner(undefined, threads)

  const signing = signAll(signer, first, 600)
  // The batches leave in the check phase of this turn: by the next one the worker is at it.
  const kill = new Promise((resolve) => setImmediate(() => setImmediate(() => resolve(workers[0]?.terminate()))))
  const [raws] = await Promise.all([signing, kill])

  expect(raws).toEqual(await signedByEthers(firstKey, 600))
  expect(workers.length).toBeGreaterThan(threads)
})

test('a worker killed while idle is replaced', async () => {
  const workers = watchThreads()
  const signer = await openSigner()

  await workers[0]?.terminate()
  const raws = await signAll(signer, first, 2)

  expect(raws).toEqual(await signedByEthers(firstKey, 2))
})

test('a worker that dies again as it starts is replaced once the task is late', async () => {
  const running = watchThreads()
  const pool = openWorkerPool({ wallets: [{ privateKeyEnv: 'TEST_KEY' }], chainId: 1, allow }, 1, 2_000)
  onTestFinished(() => pool.close())
  await pool.run({ kind: 'describe' })
  let killed = 0
  const killOnce = (worker: Worker) => {
    killed += 1
    if (killed === 1) void worker.terminate()
  }
  process.on('worker', killOnce)
  onTestFinished(() => void process.off('worker', killOnce))
  const [idle] = running
  await idle?.terminate()

  const reply = await pool.run({ kind: 'describe' })

  expect(reply).toMatchObject({ ok: true, wallets: [first] })
  expect(killed).toBe(2)
})

test('workers that cannot open their wallets again fail the request instead of hanging', async () => {
  const workers = watchThreads()
  const signer = await openSigner()

  delete process.env.TEST_KEY
  await workers[0]?.terminate()

  await expect(signer.sign(first, transaction(0))).rejects.toMatchObject({ code: 'WALLET' })
})

test('no answer of a worker holds a key or a password', async () => {
  const pool = openWorkerPool(
    {
      wallets: [{ privateKeyEnv: 'TEST_KEY' }, { keystore: keystore(secondKey), passwordEnv: 'TEST_PASSWORD' }],
      chainId: 1,
      allow,
    },
    1,
  )
  onTestFinished(() => pool.close())

  const replies = [
    await pool.run({ kind: 'describe' }),
    await pool.run({ kind: 'sign', batch: [{ wallet: first, transaction: transaction(0) }] }),
    await pool.run({ kind: 'sign', batch: [{ wallet: second, transaction: { ...transaction(0), nonce: -1 } }] }),
    await pool.run({ kind: 'sign', batch: [{ wallet: '0xdead', transaction: transaction(0) }] }),
    await pool.run({ kind: 'sign', batch: [{ wallet: first, transaction: { ...transaction(0), to: stranger } }] }),
  ]

  const text = JSON.stringify(replies)
  expect(replies.every((reply) => reply.ok)).toBe(true)
  for (const secret of [firstKey, secondKey]) expect(text).not.toContain(secret.slice(2, 18))
  expect(text).not.toContain(password)
})

const foreign = (nonce: number): UnsignedTransaction => ({
  ...transaction(nonce),
  to: stranger,
  data: `0xa9059cbb${'00'.repeat(256)}`,
})

test('what the list does not allow is refused alone, by a failure that names it', async () => {
  const signer = await openSigner()

  const [good, bad] = await Promise.allSettled([signer.sign(first, transaction(0)), signer.sign(first, foreign(1))])

  expect(good.status).toBe('fulfilled')
  expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'NOT_ALLOWED', retryable: false } })
  const { message } = (bad as PromiseRejectedResult).reason as Error
  for (const fact of [first, stranger, '0xa9059cbb']) expect(message).toContain(fact)
})

test('no message to the worker widens its list', async () => {
  const settings = { wallets: [{ privateKeyEnv: 'TEST_KEY' }], chainId: 1, allow }
  const pool = openWorkerPool(settings, 1)
  onTestFinished(() => pool.close())
  const wider = { ...allow, swaps: [anyCallTo(router), anyCallTo(stranger)] }
  const request = { wallet: first, transaction: { ...foreign(0), allow: wider }, allow: wider }
  const task = { kind: 'sign', batch: [request], allow: wider, workerData: { ...settings, allow: wider } } as const

  const reply = await pool.run(task)

  expect(reply).toMatchObject({ ok: true, replies: [{ ok: false, failure: { code: 'NOT_ALLOWED' } }] })
})

test('a worker that is started anew keeps to the list that the signer was opened with', async () => {
  const workers = watchThreads()
  const given = { ...allow, swaps: [anyCallTo(router)] }
  const signer = await openPiscinaSigner({ wallets: [{ privateKeyEnv: 'TEST_KEY' }], chainId: 1, allow: given })
  onTestFinished(() => signer.close())
  given.swaps.push(anyCallTo(stranger))

  await workers[0]?.terminate()
  const [good, bad] = await Promise.allSettled([signer.sign(first, transaction(0)), signer.sign(first, foreign(1))])

  expect(workers.length).toBeGreaterThan(1)
  expect(good.status).toBe('fulfilled')
  expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'NOT_ALLOWED' } })
})

test('a keystore with the usual, slow key derivation opens', async () => {
  const file = join(folder, 'slow.json')
  writeFileSync(file, encryptKeystoreJsonSync({ address: first, privateKey: firstKey }, password, {}))

  const signer = await openSigner([{ keystore: file, passwordEnv: 'TEST_PASSWORD' }])

  expect(signer.wallets).toEqual([first])
})

describe('a wallet that cannot be loaded', () => {
  const faults: [string, () => WalletConfig[], string][] = [
    [
      'a missing keystore',
      () => [{ keystore: join(folder, 'none.json'), passwordEnv: 'TEST_PASSWORD' }],
      'wallets[0].keystore: there is no such file',
    ],
    [
      'a keystore that is a folder',
      () => [{ keystore: folder, passwordEnv: 'TEST_PASSWORD' }],
      'wallets[0].keystore: the file cannot be read',
    ],
    [
      'a keystore that is not JSON but a bare key',
      () => [{ keystore: write(firstKey), passwordEnv: 'TEST_PASSWORD' }],
      'wallets[0].keystore: the file is not a version 3 JSON keystore',
    ],
    [
      'a keystore without its cipher',
      () => [{ keystore: write('{"version":3}'), passwordEnv: 'TEST_PASSWORD' }],
      'wallets[0].keystore: the file is a damaged keystore',
    ],
    [
      'a key where a file name belongs',
      () => [{ keystore: firstKey, passwordEnv: 'TEST_PASSWORD' }],
      'wallets[0].keystore: there is no such file',
    ],
    [
      'a password variable that is not set',
      () => [{ keystore: keystore(firstKey), passwordEnv: 'TEST_NO_PASSWORD' }],
      'wallets[0].passwordEnv names an environment variable that is not set',
    ],
    [
      'a password where the name of its variable belongs',
      () => [{ keystore: keystore(firstKey), passwordEnv: password }],
      'wallets[0].passwordEnv names an environment variable that is not set',
    ],
    [
      'a wrong password',
      () => {
        process.env.TEST_PASSWORD = `wrong ${password}`
        return [{ keystore: keystore(firstKey), passwordEnv: 'TEST_PASSWORD' }]
      },
      'wallets[0].passwordEnv: the password does not open the keystore',
    ],
    [
      'a key where the name of its variable belongs',
      () => [{ privateKeyEnv: 'TEST_KEY' }, { privateKeyEnv: firstKey }],
      'wallets[1].privateKeyEnv names an environment variable that is not set',
    ],
    [
      'a key without its 0x',
      () => {
        process.env.TEST_KEY = firstKey.slice(2)
        return [{ privateKeyEnv: 'TEST_KEY' }]
      },
      'wallets[0].privateKeyEnv names an environment variable that is not a private key',
    ],
    [
      'a key of zero',
      () => {
        process.env.TEST_KEY = `0x${'0'.repeat(64)}`
        return [{ privateKeyEnv: 'TEST_KEY' }]
      },
      'wallets[0] holds a number that is not a private key',
    ],
    [
      'the same wallet twice',
      () => [{ privateKeyEnv: 'TEST_KEY' }, { keystore: keystore(firstKey), passwordEnv: 'TEST_PASSWORD' }],
      'wallets[1] is a wallet that is listed before it',
    ],
    ['no wallet at all', () => [], 'At least one wallet'],
  ]

  function write(text: string): string {
    const file = join(folder, 'wallet.json')
    writeFileSync(file, text)
    return file
  }

  test.each(faults)('%s is named by its field, without the secret', async (_, wallets, sentence) => {
    const fault = await openPiscinaSigner({ wallets: wallets(), chainId: 1, allow }).catch((error: unknown) => error)

    const { code, message } = toFailure(fault)
    expect(code).toBe('WALLET')
    expect(message).toContain(sentence)
    expect(`${message} ${(fault as Error).stack}`).not.toContain(password)
    expect(`${message} ${(fault as Error).stack}`).not.toContain(firstKey.slice(2, 18))
  })
})

test('a wish for a backend that does not exist is refused', async () => {
  process.env.LEGWORK_SIGNER = 'quantum'

  await expect(
    openPiscinaSigner({ wallets: [{ privateKeyEnv: 'TEST_KEY' }], chainId: 1, allow }),
  ).rejects.toMatchObject({
    code: 'SIGNING',
    message: expect.stringContaining('native, wasm, ethers'),
  })
})
