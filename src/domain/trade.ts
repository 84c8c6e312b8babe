import type { BaseUnits } from './amount.ts'
import type { Failure } from './errors.ts'
import type { LegOrder, LegPolicy, Phase } from './leg.ts'
import type { Quote, Side } from './swap.ts'
import type { Token } from './token.ts'

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
  readonly acceptedAtMs: number
}

/** What a trade keeps of each leg's order; the leg itself has the rest. */
export interface PlannedLeg extends Pick<LegOrder, 'legId' | 'venue' | 'after'> {
  readonly kind: LegOrder['task']['kind']
}

/** What a trade knows beside its legs. Plain JSON. */
export interface TradeContext {
  readonly order: AcceptedOrder
  readonly plan: readonly PlannedLeg[]
  readonly unallocated: BaseUnits
  readonly phases: Readonly<Record<string, Phase>>
  readonly failure: Failure | null
  readonly cancelReason: Failure | null
  readonly endedAtMs: number | null
}
