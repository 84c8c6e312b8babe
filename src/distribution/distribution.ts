import type { BaseUnits } from '../domain/amount.ts'
import type { Hex } from '../domain/hex.ts'
import type { Json } from '../domain/json.ts'
import type { Quote, Side } from '../domain/swap.ts'
import type { Token } from '../domain/token.ts'

/** What is to be split. Amounts are base units of `tokenIn` when selling, of `tokenOut` when buying. */
export interface AllocationRequest {
  readonly tradeId: string
  readonly pair: string
  readonly side: Side
  readonly amount: BaseUnits
  readonly tokenIn: Token
  readonly tokenOut: Token
  readonly venues: readonly string[]

  /**
   * Quotes of every venue for each of `amounts`, all read in one round trip: `quotes[venue][i]` belongs to `amounts[i]`.
   * A string in place of a quote says why the venue has none.
   */
  quote(amounts: readonly BaseUnits[]): Promise<Record<string, readonly (Quote | string)[]>>
}

/** How an order is split: one leg a venue at most. The legs and the unallocated rest add up to the order. */
export interface Allocation {
  readonly legs: readonly { readonly venue: string; readonly amount: BaseUnits; readonly quote: Quote }[]
  readonly unallocated: BaseUnits
}

/** What a trade came to, for whoever learns from it. Plain data; delivered at least once, with the same trade id. */
export interface TradeResult {
  readonly tradeId: string
  readonly pair: string
  readonly side: Side
  readonly legs: readonly {
    readonly legId: string
    readonly venue: string
    readonly status: 'done' | 'failed'
    readonly amount: BaseUnits
    readonly quoted: BaseUnits
    readonly filledIn: BaseUnits
    readonly filledOut: BaseUnits
    readonly hash: Hex | null
    readonly retries: number
    readonly gasUsed: number
    readonly gasCostWei: BaseUnits
    readonly failureCode?: string
    readonly elapsedMs: number
  }[]
}

/** Decides how an order is split over venues, and learns from each result. */
export interface Distribution {
  /** @throws NoLiquidityError where no venue can take any of it. */
  allocate(request: AllocationRequest): Promise<Allocation>
  record(result: TradeResult): void
  /** What it wants kept in the effective configuration. */
  describe?(): Json
}
