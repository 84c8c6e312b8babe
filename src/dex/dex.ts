import type { BaseUnits } from '../domain/amount.ts'
import type { Hex } from '../domain/hex.ts'
import type { Read, ReadReply } from '../domain/read.ts'
import type { Fill, Quote, Swap } from '../domain/swap.ts'
import type { Call, Receipt } from '../domain/transaction.ts'

/** The reads that price one swap, and how their replies become a quote. Lets many venues share one round trip. */
export interface QuoteRequest {
  readonly reads: readonly Read[]
  /** @throws NoLiquidityError where the venue has no pool or not enough in it. */
  quote(replies: readonly ReadReply[]): Quote
}

/** What a signed swap must hold to. */
export interface SwapTerms {
  /** The quote whose route is taken. */
  readonly quote: Quote
  /** Base units: the least to receive when selling, the most to pay when buying. */
  readonly limit: BaseUnits
  /** Unix seconds after which the chain itself refuses the swap. */
  readonly deadlineS: number
}

/** What the runtime asks of one venue. It builds and reads bytes; it never talks to the chain by itself. */
export interface Dex {
  readonly venue: string
  /** Contract that needs an allowance over an ERC-20 that is sold. */
  readonly spender: Hex

  /** What to read to price the swap. */
  quoteRequest(swap: Swap): QuoteRequest

  /** The transaction that does the swap. Native ETH goes in as `value` and comes out unwrapped. */
  swapCall(swap: Swap, terms: SwapTerms): Call

  /**
   * What the wallet paid and received, in base units, from the logs of a receipt that succeeded. Equals its balance
   * change, gas apart.
   */
  fill(swap: Swap, receipt: Receipt): Fill
}
