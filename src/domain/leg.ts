import type { BaseUnits } from './amount.ts'
import type { Failure } from './errors.ts'
import type { Hex } from './hex.ts'
import type { Fill, Quote, Swap } from './swap.ts'
import type { Attempt, Call, Fees } from './transaction.ts'

/** The one vocabulary of trades and legs. */
export const phases = ['preparing', 'submitted', 'confirming', 'retrying', 'done', 'failed'] as const
export type Phase = (typeof phases)[number]

/** The limits that a leg keeps for its whole life, whatever the configuration says after a restart. */
export interface LegPolicy {
  /** Gas units, ceiling of one transaction. */
  readonly gasLimitMax: number
  /** Wei per gas unit, ceiling of every signed fee but a cancellation's. */
  readonly maxFeePerGas: BaseUnits
  /** Wei per gas unit, ceiling of a cancellation. */
  readonly maxCancelFeePerGas: BaseUnits
  /** New tries after the first. */
  readonly retriesMax: number
  readonly retryDelayMs: number
  /** Depth at which a receipt counts; its own block is 1. */
  readonly confirmations: number
  /** From signing to mined, then cancel; also the longest hold for a lower gas price. */
  readonly timeoutMs: number
  /** How long an attempt may stay pending before it is bumped or sent again. */
  readonly bumpIntervalMs: number
  /** How old a quote may be that something is built on. */
  readonly quoteAgeMaxMs?: number
  /** How much is approved: what is wanted without it. */
  readonly approvals?: 'exact' | 'unlimited'
}

/** What a leg is for. `limit` comes from the trade's first quote and never moves. */
export type LegTask = { readonly kind: 'swap'; readonly swap: Swap; readonly limit: BaseUnits } | ApprovalTask | GapTask

/** To let a spender take a token: in the token itself or, where there is a `via`, in that Permit2 contract. */
export interface ApprovalTask {
  readonly kind: 'approval'
  readonly wallet: Hex
  readonly token: Hex
  readonly spender: Hex
  readonly via?: Hex
  /** `needed` (without it): what all live legs want taken; `zero` comes first where a token asks for it. */
  readonly amount?: 'needed' | 'unlimited' | 'zero'
}

/** What a leg's swap does for its trade: fills it, or sells back what it bought. */
export type LegPurpose = 'fill' | 'unwind'

/**
 * To have a nonce used up that no leg owns: later ones wait for it. `attempts` were signed for it by whoever owned it before:
 * the cancellation outbids them, and any of them may still be what mines.
 */
export interface GapTask {
  readonly kind: 'gap'
  readonly wallet: Hex
  readonly nonce: number
  readonly attempts: readonly Attempt[]
}

/** A leg's part of the trade, fixed when the trade is split. */
export interface LegOrder {
  readonly tradeId: string
  /** Unique within the trade: see `legKeys.ts`. */
  readonly legId: string
  readonly venue: string
  /** The trade's pair; '' without it. */
  readonly pair?: string
  /** When its trade was accepted; 0 without it. */
  readonly acceptedAtMs?: number
  /**
   * What the trade's first quotes promised for as much, or asked for it, where this leg belongs to a later split: what it fills is
   * measured by that. Its own quote without it.
   */
  readonly promised?: BaseUnits
  /** `fill` without it. */
  readonly purpose?: LegPurpose
  readonly task: LegTask
  /** The split's own quote, and when it was read; null for an approval. */
  readonly quote: Quote | null
  readonly quotedAtMs: number
  /** The approval whose nonce must come before this leg's. */
  readonly after: string | null
  /** False where the caller brought its own price: the first try reads nothing from the chain before the wire. */
  readonly preflight: boolean
  /** Gas units that the whole trade's pre-flight found for it; undefined where there was none. */
  readonly gasExpected?: number
  readonly policy: LegPolicy
}

/** Everything about the transaction to be signed that does not depend on the nonce. */
export interface Offer extends Fees {
  readonly call: Call
  /** Gas units. */
  readonly gasLimit: number
  /** When to give up and cancel. On the chain's own clock the swap expires at the same time. */
  readonly deadlineMs: number
}

/** What a receipt said of one of the leg's attempts. */
export interface MinedAttempt {
  readonly hash: Hex
  readonly blockNumber: number
  readonly blockHash: Hex
  readonly succeeded: boolean
  readonly gasUsed: number
  /** Wei per gas unit. */
  readonly effectiveGasPrice: BaseUnits
  /** Only for a swap that succeeded. */
  readonly fill: Fill | null
}

/** What a leg knows. Plain JSON: it is saved as it is. */
export interface LegContext {
  readonly order: LegOrder
  readonly quote: Quote | null
  readonly quotedAtMs: number
  /** The approval before this leg has no nonce yet. */
  readonly blocked: boolean
  readonly retries: number
  readonly offer: Offer | null
  /** Gas units that an attempt ran out with; the next try offers more. */
  readonly gasLimitFloor: number
  /** Set from reservation until the nonce is finally consumed or returned. */
  readonly nonce: number | null
  /** All that was signed for this nonce, oldest first. */
  readonly attempts: readonly Attempt[]
  /** Why the leg is being cancelled; a retryable reason leads to a new try. */
  readonly cancelReason: Failure | null
  /** Until when a leg holds for a lower gas price. */
  readonly holdUntilMs: number | null
  /** When a pending attempt is looked at again. */
  readonly checkAtMs: number
  /** When a retrying leg goes on. */
  readonly wakeAtMs: number
  readonly mined: MinedAttempt | null
  /** Hash of the newest attempt that was ever signed, of whatever nonce. */
  readonly hash: Hex | null
  /** Over every attempt that mined, reverted ones and cancellations included. */
  readonly gasUsed: number
  readonly gasCostWei: BaseUnits
  readonly gasPriceWei: BaseUnits | null
  readonly fill: Fill | null
  readonly failure: Failure | null
  readonly startedAtMs: number
  readonly submittedAtMs: number | null
  readonly endedAtMs: number | null
}

/**
 * The wallet that pays for a leg's transactions.
 *
 * @example
 * walletOf(order) // '0xf39f…'
 */
export function walletOf(order: LegOrder): Hex {
  return order.task.kind === 'swap' ? order.task.swap.wallet : order.task.wallet
}
