import { createHash } from 'node:crypto'
import type { Hex } from '../../src/domain/hex.ts'
import type { SignedTransaction, UnsignedTransaction } from '../../src/domain/transaction.ts'

/** A signed transaction as a node reads it. */
export interface WireTransaction {
  readonly hash: Hex
  readonly raw: Hex
  readonly from: Hex
  readonly to: Hex
  readonly nonce: number
  readonly value: bigint
  readonly data: Hex
  readonly gasLimit: number
  /** Wei per gas unit; on a chain without base fee both are the gas price. */
  readonly maxFee: bigint
  readonly tip: bigint
  /** Signed by another program with the same key. */
  readonly isForeign: boolean
}

/** All that was ever signed, by its bytes. */
export interface Wire {
  /** Deterministic: the same input gives the same bytes. */
  sign(wallet: Hex, transaction: UnsignedTransaction, isForeign?: boolean): SignedTransaction
  /** Undefined for bytes that nobody signed. */
  read(raw: Hex): WireTransaction | undefined
}

/** The bytes name the transaction and do not hold it: nobody in a simulation looks inside, and short ones cost less to keep. */
export function openWire(): Wire {
  const known = new Map<Hex, WireTransaction>()
  return {
    sign(wallet, transaction, isForeign = false) {
      const { to, nonce, value, data, gasLimit, chainId } = transaction
      const [maxFee, tip] = feesOf(transaction)
      const text = [chainId, wallet, nonce, to, value, data, gasLimit, maxFee, tip, isForeign].join()
      const hash: Hex = `0x${createHash('sha256').update(text).digest('hex')}`
      const raw: Hex = `0x02${hash.slice(2)}`
      if (!known.has(raw)) {
        const fees = { maxFee: BigInt(maxFee), tip: BigInt(tip) }
        known.set(raw, { hash, raw, from: wallet, to, nonce, value: BigInt(value), data, gasLimit, ...fees, isForeign })
      }
      return { hash, raw }
    },
    read: (raw) => known.get(raw),
  }
}

function feesOf(transaction: UnsignedTransaction): [maxFee: string, tip: string] {
  const fees = transaction as { gasPrice?: string; maxFeePerGas?: string; maxPriorityFeePerGas?: string }
  const { gasPrice = '0', maxFeePerGas = gasPrice, maxPriorityFeePerGas = gasPrice } = fees
  return [maxFeePerGas, maxPriorityFeePerGas]
}

/** A transfer of nothing to oneself: a cancellation, or what fills a hole. */
export function isNothing({ from, to, data, value }: WireTransaction): boolean {
  return from === to && data === '0x' && value === 0n
}
