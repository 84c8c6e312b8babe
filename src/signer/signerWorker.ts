import { scryptSync as nodeScrypt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import { computeAddress, decryptKeystoreJsonSync, hexlify, isKeystoreJson, scryptSync } from 'ethers'
import { NotAllowedError, SigningError, toFailure, WalletError } from '../domain/errors.ts'
import { type Hex, lowerHex } from '../domain/hex.ts'
import { allowOnly, type Guard } from './allowList.ts'
import { type Backend, backendNames, chooseBackend, signWith } from './backends.ts'
import { readFields } from './encodeTransaction.ts'
import type { SignReply, SignRequest, WalletConfig, WorkerReply, WorkerSettings, WorkerTask } from './messages.ts'

// The only file that reads a key or a password. Neither leaves it: not in a reply, and not in an error either, so what a
// library says about a file or a key is never passed on, and the name of a variable is not repeated (it may be the secret,
// written in the wrong place).

const memoryMaxBytes = 1024 ** 3
const privateKeyDigits = /^0x[0-9a-fA-F]{64}$/
const looksLikeKey = /[0-9a-fA-F]{64}/

// OpenSSL derives a keystore's key several times faster than the JavaScript that ethers brings.
scryptSync.register((password, salt, N, r, p, length) =>
  hexlify(nodeScrypt(password, salt, length, { N, r, p, maxmem: memoryMaxBytes })),
)

interface Keyring {
  readonly ok: true
  readonly backend: Backend
  readonly keys: ReadonlyMap<Hex, Uint8Array>
  readonly guard: Guard
}

// Opened once, as the thread starts, with the list of what may be signed: no later message can widen it. A module that throws here would be started again and again, so a fault is an answer.
const keyring = await openKeyring(workerData as WorkerSettings)

/** Answers one task of the main thread. Never throws: an error would lose its name and code between threads. */
export default function answer(task: WorkerTask): WorkerReply {
  if (!keyring.ok) return keyring
  if (task.kind === 'describe') {
    return { ok: true, kind: 'described', wallets: [...keyring.keys.keys()], backend: keyring.backend.name }
  }
  return { ok: true, kind: 'signed', replies: task.batch.map((request) => signOne(keyring, request)) }
}

function signOne({ backend, keys, guard }: Keyring, { wallet, transaction }: SignRequest): SignReply {
  try {
    const key = keys.get(wallet)
    if (key === undefined) throw new SigningError('No key is loaded for this wallet.', { wallet })
    const fields = readFields(transaction)
    guard(wallet, fields)
    return { ok: true, signed: signWith(backend, fields, key) }
  } catch (error) {
    // What is not ours may quote its input, and the key is one.
    const isOurs = error instanceof SigningError || error instanceof NotAllowedError
    return { ok: false, failure: toFailure(isOurs ? error : new SigningError('The signature could not be computed.')) }
  }
}

async function openKeyring({
  wallets,
  chainId,
  allow,
  wantedBackend,
}: WorkerSettings): Promise<Keyring | Extract<WorkerReply, { ok: false }>> {
  try {
    const backend = await chooseBackend(wantedBackend)
    if (backend === undefined) {
      throw new SigningError('The signing backend does not exist, does not load or does not agree with ethers.', {
        possible: backendNames.join(', '),
      })
    }
    return { ok: true, backend, keys: loadKeys(wallets), guard: allowOnly(allow, chainId) }
  } catch (error) {
    return { ok: false, failure: toFailure(error) }
  }
}

function loadKeys(wallets: readonly WalletConfig[]): ReadonlyMap<Hex, Uint8Array> {
  const keys = new Map<Hex, Uint8Array>()
  wallets.forEach((wallet, index) => {
    const field = `wallets[${index}]`
    const privateKey = 'keystore' in wallet ? keyFromKeystore(wallet, field) : keyFromEnvironment(wallet, field)
    const address = addressOf(privateKey, field)
    if (keys.has(address)) throw new WalletError(`${field} is a wallet that is listed before it.`, { address })
    keys.set(address, Buffer.from(privateKey.slice(2), 'hex'))
  })
  return keys
}

function addressOf(privateKey: string, field: string): Hex {
  try {
    return lowerHex(computeAddress(privateKey))
  } catch {
    throw new WalletError(`${field} holds a number that is not a private key.`)
  }
}

function keyFromEnvironment({ privateKeyEnv }: { privateKeyEnv: string }, field: string): string {
  const value = process.env[privateKeyEnv]
  if (value === undefined) {
    throw new WalletError(`${field}.privateKeyEnv names an environment variable that is not set.`)
  }
  if (!privateKeyDigits.test(value)) {
    throw new WalletError(
      `${field}.privateKeyEnv names an environment variable that is not a private key: 0x and 64 hexadecimal digits.`,
    )
  }
  return value
}

function keyFromKeystore({ keystore, passwordEnv }: { keystore: string; passwordEnv: string }, field: string): string {
  const json = readKeystore(keystore, `${field}.keystore`)
  const password = process.env[passwordEnv]
  if (password === undefined) {
    throw new WalletError(`${field}.passwordEnv names an environment variable that is not set.`)
  }
  try {
    return decryptKeystoreJsonSync(json, password).privateKey
  } catch (error) {
    if (isWrongPassword(error)) throw new WalletError(`${field}.passwordEnv: the password does not open the keystore.`)
    throw new WalletError(`${field}.keystore: the file is a damaged keystore, or of a kind that is not supported.`)
  }
}

function readKeystore(path: string, field: string): string {
  const facts: Record<string, string> = looksLikeKey.test(path) ? {} : { file: path }
  let json: string
  try {
    json = readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    if (code === 'ENOENT') throw new WalletError(`${field}: there is no such file.`, facts)
    throw new WalletError(`${field}: the file cannot be read.`, { ...facts, code })
  }
  if (!isKeystoreJson(json)) throw new WalletError(`${field}: the file is not a version 3 JSON keystore.`, facts)
  return json
}

/** ethers says so by naming the argument; a damaged file with a right password looks the same to it. */
function isWrongPassword(error: unknown): boolean {
  return error instanceof Error && 'argument' in error && error.argument === 'password'
}
