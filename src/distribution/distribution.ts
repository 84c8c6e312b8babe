import type { BaseUnits } from '../domain/amount.ts'
import type { Hex } from '../domain/hex.ts'
import type { Json } from '../domain/json.ts'
import type { ConstantProduct, Quote, Side } from '../domain/swap.ts'
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
  /** Unix milliseconds: a rest is over or not, whatever the manager's own clock says. */
  readonly nowMs: number

  /**
   * What the venues are like and would give, all at one block and in one round trip.
   *
   * @param amounts - What is to be quoted where there is no closed form, ascending: parts of the order.
   */
  survey(amounts: readonly BaseUnits[]): Promise<Survey>

  /**
   * Quotes at the block of the last survey: for each venue what it would give for its amount. A string in place of a quote says
   * why there is none. One round trip.
   */
  quote(amounts: Readonly<Record<string, BaseUnits>>): Promise<Readonly<Record<string, Quote | string>>>
}

/** What venues are like at one block. A string in place of a venue says why it can take nothing. */
export interface Survey {
  /** Its number and hash. */
  readonly block: { readonly number: number; readonly hash: Hex }
  readonly venues: Readonly<Record<string, VenueSurvey | string>>
}

/** One venue at one block. */
export interface VenueSurvey {
  /** The most of the order that its limits leave for it, in the order's units. */
  readonly cap: BaseUnits
  /** Its pools by the names that other venues have for them: two venues on one pool are one. */
  readonly pools: readonly string[]
  /** The pool that a quote's route leads through. Without it, or where a quote has another route, it may be any of `pools`. */
  readonly routes?: Readonly<Record<string, string>>
  /** Its only pool, where it holds the product of its reserves constant, seen in the order's direction; else null. */
  readonly closedForm: ConstantProduct | null
  /** What it would give for each of the amounts, in their order; a string says why not. Empty where there is a closed form. */
  readonly quotes: readonly (Quote | string)[]
  /** The amounts that it was asked for, ascending, where its limits leave too little for those that were given. */
  readonly sizes?: readonly BaseUnits[]
  /** What the gas of a leg there costs at present, in the other units: of `tokenOut` when selling, of `tokenIn` when buying. */
  readonly legCost: BaseUnits
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
  /** Unix milliseconds. */
  readonly endedAtMs: number
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
