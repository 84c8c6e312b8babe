import type { BaseUnits } from '../domain/amount.ts'
import type { CallShape } from '../domain/callShape.ts'
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

/** Who may be allowed to take tokens: in the token itself or, where there is a `via`, in that Permit2 contract alone. */
interface AllowedSpender {
  readonly address: Hex
  readonly via?: Hex
}

/**
 * All that can get a signature, beside a transfer of nothing from a wallet to itself. Addresses in any case of letters.
 *
 * An address that is a token takes approvals alone, whatever else it is: another call of it may give the token away.
 *
 * What swaps are for stays open: within their shapes and the ceilings, whoever asks for signatures chooses amount, bound,
 * deadline and pool, and the gas that is paid. A swap without a bound can be sandwiched, but what it buys is the wallet's.
 */
export interface AllowList {
  /** The swaps of the venues: contract, function, who receives, which tokens. */
  readonly swaps: readonly CallShape[]
  /** ERC-20s that may be traded and approved. */
  readonly tokens: readonly Hex[]
  readonly spenders: readonly AllowedSpender[]
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
