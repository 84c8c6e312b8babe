import type { Hex } from './hex.ts'
import type { UnsignedTransaction } from './transaction.ts'

/** What paper mode has in place of a signed transaction: who would have signed it, and a hash that no node knows. */
export interface PaperTransaction {
  readonly hash: Hex
  readonly wallet: Hex
  readonly transaction: UnsignedTransaction
}

/** As the first byte of a transaction this is a type that no chain has, so that no node could take it for one. */
const prefix = 'paper:'

/**
 * A paper transaction as bytes, which only paper mode understands.
 *
 * @example
 * encodePaper({ hash, wallet, transaction }).slice(0, 14) // '0x70617065723a'
 */
export function encodePaper({ hash, wallet, transaction }: PaperTransaction): Hex {
  const { chainId, nonce, to, data, value, gasLimit, maxFeePerGas, maxPriorityFeePerGas, legacy = false } = transaction
  const fields = { chainId, nonce, to, data, value, gasLimit, maxFeePerGas, maxPriorityFeePerGas, legacy }
  return `0x${Buffer.from(prefix + JSON.stringify({ hash, wallet, transaction: fields })).toString('hex')}`
}

/**
 * The paper transaction that these bytes are; null where they are none.
 *
 * @example
 * decodePaper('0x02f8…') // null
 */
export function decodePaper(raw: Hex): PaperTransaction | null {
  const text = Buffer.from(raw.slice(2), 'hex').toString()
  if (!text.startsWith(prefix)) return null
  try {
    return JSON.parse(text.slice(prefix.length)) as PaperTransaction
  } catch {
    return null
  }
}
