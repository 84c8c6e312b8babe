import { createRequire } from 'node:module'
import { keccak256, SigningKey, Transaction } from 'ethers'
import { createKeccak } from 'hash-wasm'
import type { SignedTransaction, UnsignedTransaction } from '../domain/transaction.ts'
import {
  encodeFields,
  readFields,
  type Signature,
  signedHex,
  type TransactionFields,
  unsignedBytes,
} from './encodeTransaction.ts'

/** The arithmetic behind a signature. All of them give the same bytes: RFC 6979 nonces and the lower `s`. */
export interface Backend {
  readonly name: 'native' | 'wasm' | 'ethers'
  keccak256(bytes: Uint8Array): Uint8Array
  sign(digest: Uint8Array, key: Uint8Array): Signature
}

/** Fastest first: 30, 90 and 240 µs a signature. */
const loaders: Record<Backend['name'], () => Promise<Backend>> = {
  native: loadNative,
  wasm: loadWasm,
  ethers: async () => ethersBackend,
}

/** The names that `wanted` may have, fastest first. */
export const backendNames = Object.keys(loaders)

/**
 * The fastest backend that loads here and agrees with ethers byte for byte.
 *
 * @param wanted - The only one to try; without it all are, fastest first.
 * @returns undefined where none is left: `wanted` is unknown, does not load, or does not agree.
 *
 * @example
 * (await chooseBackend())?.name // 'native'
 */
export async function chooseBackend(wanted?: string): Promise<Backend | undefined> {
  for (const [name, load] of Object.entries(loaders)) {
    if (wanted !== undefined && wanted !== name) continue
    // A package that is missing, or was not built for this platform, only means the next one.
    const backend = await load().catch(() => undefined)
    if (backend !== undefined && agreesWithEthers(backend)) return backend
  }
  return undefined
}

/**
 * Signs one transaction.
 *
 * @throws {@link SigningError} if a number of it is above 256 bits.
 *
 * @example
 * signWith(backend, readFields(transaction), key).raw // '0x02f8…'
 */
export function signWith(backend: Backend, transaction: TransactionFields, key: Uint8Array): SignedTransaction {
  const fields = encodeFields(transaction)
  const raw = signedHex(fields, backend.sign(backend.keccak256(unsignedBytes(fields)), key))
  return { hash: `0x${hexDigits(backend.keccak256(Buffer.from(raw.slice(2), 'hex')))}`, raw }
}

/** False where one of a few transactions of different shapes comes out other than from ethers. */
export function agreesWithEthers(backend: Backend): boolean {
  const key = Buffer.alloc(32, 0x5a)
  return probes.every((probe) => {
    const expected = Transaction.from(asEthers(probe))
    expected.signature = new SigningKey(key).sign(expected.unsignedHash)
    const signed = signWith(backend, readFields(probe), key)
    return signed.raw === expected.serialized && signed.hash === expected.hash
  })
}

function asEthers({ legacy, maxFeePerGas, maxPriorityFeePerGas, ...rest }: UnsignedTransaction) {
  return legacy
    ? { ...rest, type: 0, gasPrice: maxFeePerGas }
    : { ...rest, type: 2, maxFeePerGas, maxPriorityFeePerGas }
}

const probe: UnsignedTransaction = {
  chainId: 1,
  nonce: 0,
  to: `0x${'c0'.repeat(20)}`,
  data: '0x',
  value: '0',
  gasLimit: 21_000,
  maxFeePerGas: '1',
  maxPriorityFeePerGas: '0',
}

// Each shape takes other branches of the encoding; with these nonces some signatures have leading zeros.
const probes: readonly UnsignedTransaction[] = [
  probe,
  { ...probe, nonce: 128, value: `${2n ** 255n}`, maxFeePerGas: '100000000000', data: '0x7f' },
  { ...probe, chainId: 42_161, data: `0x${'ab'.repeat(260)}`, maxFeePerGas: '9', maxPriorityFeePerGas: '9' },
  { ...probe, chainId: 56, legacy: true, maxFeePerGas: '3000000000', maxPriorityFeePerGas: '3000000000', data: '0x80' },
  ...Array.from({ length: 8 }, (_, index) => ({ ...probe, nonce: 1_000 + index, data: '0xa9059cbb' as const })),
]

interface NativeSecp256k1 {
  ecdsaSign(digest: Uint8Array, key: Uint8Array): { signature: Uint8Array; recid: number }
}

async function loadNative(): Promise<Backend> {
  // Its main file falls back to JavaScript without a word; the file that holds the bindings throws instead.
  const native = createRequire(import.meta.url)('secp256k1/bindings') as NativeSecp256k1
  return {
    name: 'native',
    keccak256: await wasmKeccak(),
    sign(digest, key) {
      const { signature, recid } = native.ecdsaSign(digest, key)
      return compactSignature(signature, recid)
    },
  }
}

async function loadWasm(): Promise<Backend> {
  const { signRecoverable } = await import('tiny-secp256k1')
  return {
    name: 'wasm',
    keccak256: await wasmKeccak(),
    sign(digest, key) {
      const { signature, recoveryId } = signRecoverable(digest, key)
      return compactSignature(signature, recoveryId)
    },
  }
}

/** WebAssembly hashes in 1.2 µs, before native `keccak` with 2 and ethers with 21: crossing into native code costs more. */
async function wasmKeccak(): Promise<Backend['keccak256']> {
  const hasher = await createKeccak(256)
  return (bytes) => hasher.init().update(bytes).digest('binary')
}

const ethersBackend: Backend = {
  name: 'ethers',
  keccak256: (bytes) => Buffer.from(keccak256(bytes).slice(2), 'hex'),
  sign(digest, key) {
    const { r, s, yParity } = new SigningKey(key).sign(digest)
    return { r: r.slice(2), s: s.slice(2), yParity }
  },
}

function compactSignature(signature: Uint8Array, recovery: number): Signature {
  const digits = hexDigits(signature)
  return { r: digits.slice(0, 64), s: digits.slice(64), yParity: (recovery & 1) as 0 | 1 }
}

function hexDigits(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
