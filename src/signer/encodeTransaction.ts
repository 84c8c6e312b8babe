import { SigningError } from '../domain/errors.ts'
import { type Hex, lowerHex } from '../domain/hex.ts'
import type { UnsignedTransaction } from '../domain/transaction.ts'

/** The parts of an ECDSA signature as an Ethereum transaction carries them. `r` and `s` are 64 hexadecimal digits. */
export interface Signature {
  readonly r: string
  readonly s: string
  readonly yParity: 0 | 1
}

/** A transaction whose fields are what their types say, in the one spelling in which they are signed. */
export interface TransactionFields {
  readonly legacy: boolean
  readonly chainId: bigint
  readonly nonce: bigint
  readonly maxFee: bigint
  readonly tip: bigint
  readonly gasLimit: bigint
  readonly to: Hex
  readonly value: bigint
  readonly data: Hex
}

/** The fields of a transaction, RLP-encoded, as hexadecimal digits: what signing and sending share. */
export interface EncodedFields {
  readonly digits: string
  /** Null for an EIP-1559 transaction, whose fields have it; the form before it hides it in the signature (EIP-155). */
  readonly legacyChainId: bigint | null
}

const transactionType = '02'
const emptyList = 'c0'
const wholeBytes = /^0x(?:[0-9a-f]{2})*$/
const addressBytes = /^0x[0-9a-f]{40}$/
const wordDigitsMax = 64

/**
 * The fields of a transaction, read once: whoever checks them has before it what will be signed.
 *
 * @throws {@link SigningError} if a field is not what its type says: signing rubbish would burn a nonce.
 *
 * @example
 * readFields(transaction).to // '0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2'
 */
export function readFields(transaction: UnsignedTransaction): TransactionFields {
  const legacy = transaction.legacy === true
  const maxFee = wholeNumber('maxFeePerGas', transaction.maxFeePerGas)
  const tip = wholeNumber('maxPriorityFeePerGas', transaction.maxPriorityFeePerGas)
  if (tip > maxFee) throw new SigningError('The priority fee is above the maximum fee.', { tip: `${tip}` })
  if (legacy && tip !== maxFee) {
    throw new SigningError('A transaction with one gas price was given two.', { tip: `${tip}` })
  }
  const to = lowerHex(String(transaction.to))
  if (!addressBytes.test(to)) throw new SigningError('The recipient is not an address.', { field: 'to' })
  const data = lowerHex(String(transaction.data))
  if (!wholeBytes.test(data)) throw new SigningError('The data is not whole hexadecimal bytes.', { field: 'data' })
  const chainId = wholeNumber('chainId', transaction.chainId)
  const nonce = wholeNumber('nonce', transaction.nonce)
  const gasLimit = wholeNumber('gasLimit', transaction.gasLimit)
  return { legacy, chainId, nonce, maxFee, tip, gasLimit, to, value: wholeNumber('value', transaction.value), data }
}

/**
 * The fields of a transaction, encoded once for both its digest and its final bytes.
 *
 * Digits are joined as text and become bytes once, at the end: that is several times faster than an array per field.
 *
 * @throws {@link SigningError} if a number is above 256 bits.
 *
 * @example
 * const fields = encodeFields(readFields(transaction))
 */
export function encodeFields(fields: TransactionFields): EncodedFields {
  const { legacy, chainId, maxFee, tip } = fields
  const nonce = encodeInteger(fields.nonce)
  const message =
    encodeInteger(fields.gasLimit) +
    encodeBytes(fields.to.slice(2)) +
    encodeInteger(fields.value) +
    encodeBytes(fields.data.slice(2))
  if (legacy) return { digits: nonce + encodeInteger(maxFee) + message, legacyChainId: chainId }
  const fees = encodeInteger(tip) + encodeInteger(maxFee)
  return { digits: encodeInteger(chainId) + nonce + fees + message + emptyList, legacyChainId: null }
}

/**
 * The bytes whose Keccak-256 hash is signed.
 *
 * @example
 * const digest = keccak256(unsignedBytes(encodeFields(readFields(transaction))))
 */
export function unsignedBytes(fields: EncodedFields): Uint8Array {
  const { digits, legacyChainId } = fields
  const text =
    legacyChainId === null
      ? transactionType + encodeList(digits)
      : encodeList(digits + encodeInteger(legacyChainId) + encodeInteger(0n) + encodeInteger(0n))
  return Buffer.from(text, 'hex')
}

/**
 * The signed transaction as it goes over the wire.
 *
 * @example
 * signedHex(encodeFields(readFields(transaction)), signature) // '0x02f8…'
 */
export function signedHex({ digits, legacyChainId }: EncodedFields, { r, s, yParity }: Signature): Hex {
  const rest = encodeBytes(withoutZeros(r)) + encodeBytes(withoutZeros(s))
  if (legacyChainId === null) {
    return `0x${transactionType}${encodeList(digits + encodeInteger(BigInt(yParity)) + rest)}`
  }
  return `0x${encodeList(digits + encodeInteger(legacyChainId * 2n + 35n + BigInt(yParity)) + rest)}`
}

function wholeNumber(field: string, value: number | string): bigint {
  const valid = typeof value === 'number' ? Number.isSafeInteger(value) && value >= 0 : /^\d+$/.test(value)
  if (!valid) throw new SigningError('A field of the transaction is not a whole number.', { field })
  return BigInt(value)
}

function encodeInteger(value: bigint): string {
  if (value === 0n) return '80'
  const digits = value.toString(16)
  if (digits.length > wordDigitsMax) throw new SigningError('A field of the transaction is above 256 bits.')
  return encodeBytes(digits.length % 2 === 0 ? digits : `0${digits}`)
}

function encodeBytes(digits: string): string {
  if (digits.length === 2 && digits < '80') return digits
  return lengthPrefix(0x80, digits.length / 2) + digits
}

function encodeList(digits: string): string {
  return lengthPrefix(0xc0, digits.length / 2) + digits
}

/** RLP: up to 55 bytes the length is part of the first byte; above, that byte says how many bytes of length follow. */
function lengthPrefix(base: number, length: number): string {
  if (length <= 55) return (base + length).toString(16)
  const digits = length.toString(16)
  const whole = digits.length % 2 === 0 ? digits : `0${digits}`
  return (base + 55 + whole.length / 2).toString(16) + whole
}

/** RLP integers have no leading zero bytes: one signature in 128 has some. */
function withoutZeros(digits: string): string {
  let start = 0
  while (digits.startsWith('00', start)) start += 2
  return digits.slice(start)
}
