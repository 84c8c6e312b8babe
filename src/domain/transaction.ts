import type { BaseUnits } from './amount.ts'
import type { Hex } from './hex.ts'

/** A message to a contract, without who pays for it. `value` is in wei. */
export interface Call {
  readonly to: Hex
  readonly data: Hex
  readonly value: BaseUnits
}

/** What one transaction offers for gas, in wei per gas unit (EIP-1559). */
export interface Fees {
  readonly maxFeePerGas: BaseUnits
  readonly maxPriorityFeePerGas: BaseUnits
}

/**
 * All that a signature covers: an EIP-1559 transaction with an empty access list, or the form before it (EIP-155), whose gas
 * price is what both fees say.
 */
export interface UnsignedTransaction extends Call, Fees {
  /** For chains without a base fee. */
  readonly legacy?: boolean
  readonly chainId: number
  readonly nonce: number
  /** In gas units. */
  readonly gasLimit: number
}

/** The bytes for the wire and their hash. */
export interface SignedTransaction {
  readonly hash: Hex
  readonly raw: Hex
}

/** One signed transaction of a leg. Attempts with the same nonce replace each other; at most one mines. */
export interface Attempt extends SignedTransaction, Fees {
  /** `cancel` is a zero-value transfer to oneself on the same nonce. */
  readonly purpose: 'call' | 'cancel'
  /** In the form before EIP-1559; so are then all that replace it. */
  readonly legacy?: true
  readonly nonce: number
  readonly gasLimit: number
}

/** A transaction that was found in a block, by whoever it was sent. */
export interface MinedCall extends Call {
  readonly hash: Hex
}

/** One event that a contract wrote while a transaction ran. */
export interface Log {
  readonly address: Hex
  readonly topics: readonly Hex[]
  readonly data: Hex
}

/** What the chain says of one mined transaction. */
export interface Receipt {
  readonly hash: Hex
  readonly blockNumber: number
  readonly blockHash: Hex
  /** False: mined, reverted, and its gas paid for. */
  readonly succeeded: boolean
  readonly gasUsed: number
  /** Wei per gas unit. */
  readonly effectiveGasPrice: BaseUnits
  readonly logs: readonly Log[]
}
