import type { BaseUnits } from './amount.ts'
import type { Failure } from './errors.ts'
import type { LegOrder, LegPolicy, LegPurpose, Phase } from './leg.ts'
import type { Quote, Side } from './swap.ts'
import type { Token } from './token.ts'

/**
 * What it means for a trade that a leg of it fails.
 *
 * - `bestEffort`: what is filled is filled.
 * - `reallocate`: what failed is split again over the venues left, within the slippage allowed from the first quotes.
 * - `minimumFill`: the same, until that part of the order is filled; less than it is a failure, and nothing is begun where less is
 *   possible.
 * - `unwind`: all or nothing: what was bought is sold back.
 */
export type FillPolicy =
  | { readonly kind: 'bestEffort' | 'reallocate' | 'unwind' }
  /** `bps`: the part of the order in hundredths of a percent. */
  | { readonly kind: 'minimumFill'; readonly bps: number }

/** An order that passed every check, with all that its trade needs to run under any later configuration. */
export interface AcceptedOrder {
  /** Two orders with the same one are the same order. */
  readonly fingerprint: string
  readonly tradeId: string
  readonly pair: string
  readonly side: Side
  /** Base units of the base token. */
  readonly amount: BaseUnits
  readonly tokenIn: Token
  readonly tokenOut: Token
  readonly venues: readonly string[]
  /** The caller's own prices: expected output (selling) or input (buying) of each venue for the whole amount. */
  readonly quotes: Readonly<Record<string, Quote>> | null
  readonly slippageBps: number
  readonly policy: LegPolicy
  readonly fillPolicy: FillPolicy
  /** How often what failed may be split again. */
  readonly reallocationsMax: number
  readonly acceptedAtMs: number
}

/** What a trade keeps of each leg's order; the leg itself has the rest. */
export interface PlannedLeg extends Pick<LegOrder, 'legId' | 'venue' | 'after'> {
  readonly kind: LegOrder['task']['kind']
  readonly purpose: LegPurpose
  /** How often the trade had been split before. */
  readonly round: number
}

/** An amount of the native coin in wei, and what it was worth in the units that quotes are in. */
export interface NativePrice {
  readonly wei: BaseUnits
  readonly amount: BaseUnits
}

/** What a trade knows beside its legs. Plain JSON. */
export interface TradeContext {
  readonly order: AcceptedOrder
  readonly plan: readonly PlannedLeg[]
  readonly unallocated: BaseUnits
  /** How often it was split again. */
  readonly round: number
  /** As it was at the first split; null where it was not known. */
  readonly nativePrice: NativePrice | null
  readonly phases: Readonly<Record<string, Phase>>
  readonly failure: Failure | null
  readonly cancelReason: Failure | null
  readonly endedAtMs: number | null
}
