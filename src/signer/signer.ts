import type { Hex } from '../domain/hex.ts'
import type { SignedTransaction, UnsignedTransaction } from '../domain/transaction.ts'

/** Signs for wallets whose keys only the implementation's workers know. Deterministic: the same input, the same bytes. */
export interface Signer {
  /** Lower-case addresses, in the order of the configuration. */
  readonly wallets: readonly Hex[]

  /** Which code signs, for the log: `native`, `wasm` or `ethers`. */
  readonly backend: string

  /**
   * Requests of one turn travel as one batch.
   *
   * @throws SigningError where the wallet is unknown or no worker could sign, NotAllowedError where nothing that is configured
   * implies the transaction.
   */
  sign(wallet: Hex, transaction: UnsignedTransaction): Promise<SignedTransaction>

  close(): Promise<void>
}
