import type { BaseUnits } from '../domain/amount.ts'
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

/**
 * All that can get a signature, beside a transfer of nothing from a wallet to itself. Addresses in any case of letters.
 *
 * An address that is both a venue's contract and a token counts as a token: a venue's may be called in any way, and a call
 * of a token may give it away.
 */
export interface AllowList {
  /** Contracts of venues, which take any call. */
  readonly contracts: readonly Hex[]
  /** ERC-20s, which take only an approval of one of the `spenders`. */
  readonly tokens: readonly Hex[]
  /** Permit2 contracts, which take only an approval of one of the `spenders` for one of the `tokens`. */
  readonly permits: readonly Hex[]
  readonly spenders: readonly Hex[]
  /** Wei per gas unit: the highest of all ceilings, a cancellation's. */
  readonly maxFeePerGas: BaseUnits
  /** Gas units of one transaction. */
  readonly gasLimit: number
}

/** What a worker is told when it starts, and only then. `wantedBackend` leaves no choice of backend. */
export interface WorkerSettings {
  readonly wallets: readonly WalletConfig[]
  readonly chainId: number
  readonly allow: AllowList
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
