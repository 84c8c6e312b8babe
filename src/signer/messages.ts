import type { Failure } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import type { SignedTransaction, UnsignedTransaction } from '../domain/transaction.ts'

/**
 * Where a worker finds one wallet's key: a keystore file and the name of the environment variable with its password, or
 * the name of the environment variable with the key itself (0x and 64 hexadecimal digits). Names, never secrets.
 */
export type WalletConfig =
  | { readonly keystore: string; readonly passwordEnv: string }
  | { readonly privateKeyEnv: string }

/** What a worker is told when it starts. `wantedBackend` leaves no choice of backend. */
export interface WorkerSettings {
  readonly wallets: readonly WalletConfig[]
  readonly wantedBackend?: string
}

/** One transaction for the worker, with the lower-case address of the wallet that is to sign it. */
export interface SignRequest {
  readonly wallet: Hex
  readonly transaction: UnsignedTransaction
}

/** What the main thread asks of a worker. The requests of a batch are answered in order. */
export type WorkerTask =
  | { readonly kind: 'describe' }
  | { readonly kind: 'sign'; readonly batch: readonly SignRequest[] }

/** One signature, or why there is none. */
export type SignReply =
  | { readonly ok: true; readonly signed: SignedTransaction }
  | { readonly ok: false; readonly failure: Failure }

/** The answer to a task; a failure here means that the worker has no keys at all. */
export type WorkerReply =
  | { readonly ok: true; readonly kind: 'described'; readonly wallets: readonly Hex[]; readonly backend: string }
  | { readonly ok: true; readonly kind: 'signed'; readonly replies: readonly SignReply[] }
  | { readonly ok: false; readonly failure: Failure }
