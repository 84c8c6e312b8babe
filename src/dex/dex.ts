import type { BaseUnits } from '../domain/amount.ts'
import type { CallShape } from '../domain/callShape.ts'
import type { Hex } from '../domain/hex.ts'
import type { Request } from '../domain/read.ts'
import type { ConstantProduct, Fill, Quote, Swap } from '../domain/swap.ts'
import type { Call, Receipt } from '../domain/transaction.ts'

/** Two tokens, in the direction in which they are swapped. */
export type Pair = Pick<Swap, 'tokenIn' | 'tokenOut'>

/** One pool of a pair. It stays where it is, so it is asked for once and kept. Plain data. */
export interface Pool {
  /** The same for every venue that trades in it: factory and pair, or whatever names it on this chain. */
  readonly id: string
  /** The quote's route that leads through it; null where the venue has only this one for the pair. */
  readonly route: string | null
  /** The contract, or whatever its venue finds it by: 0x and 20 or 32 bytes. */
  readonly address: Hex
}

/** What a venue says of its pools for a pair. */
export interface PoolListing {
  readonly pools: readonly Pool[]
  /** False where some answer named neither a pool nor that there is none: there may be more than these. */
  readonly isSure: boolean
}

/** What a venue's pools for a pair are like at one block. */
export interface Market {
  /** What each pool holds of the token that goes in, in base units, by its route ('' for null). */
  readonly depths: Readonly<Record<string, BaseUnits>>
  /** The one pool of a venue that is `isConstantProduct`; null for others, and where it could not be read. */
  readonly closedForm: ConstantProduct | null
}

/** Who takes a token that is sold: `address`, allowed in the token itself or, where there is a `via`, in that Permit2 contract. */
export interface Spender {
  readonly address: Hex
  readonly via?: Hex
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
  /** The contracts that its swaps call: a signature for the venue goes nowhere else. Lower case. */
  readonly contracts: readonly Hex[]
  /** Who needs allowances over an ERC-20 that is sold, in the order in which they have to be given. */
  readonly spenders: readonly Spender[]
  /** True where a swap's result follows from the reserves of the pair's one pool, so that nothing else need be quoted. */
  readonly isConstantProduct: boolean
  /** What the native coin is wrapped into there, lower case: it is worth as much. */
  readonly wrappedNative?: Hex
  /** The route by which a token is sold that takes a fee for its own transfer; undefined where the venue has no such. */
  readonly feeOnTransferRoute?: string

  /** Asks which pools the venue has for a pair: none is an answer. Worth asking once, where the answer is sure. */
  poolRequest(pair: Pair): Request<PoolListing>

  /** Asks what these pools are like now. */
  marketRequest(pair: Pair, pools: readonly Pool[]): Request<Market>

  /**
   * Asks for a price of the swap. Only `pools` are looked at where they are given.
   *
   * Its `answer` throws NoLiquidityError where the venue has no pool or not enough in it.
   */
  quoteRequest(swap: Swap, pools?: readonly Pool[]): Request<Quote>

  /** The transaction that does the swap. Native ETH goes in as `value` and comes out unwrapped. */
  swapCall(swap: Swap, terms: SwapTerms): Call

  /** Every form that a `swapCall` can have: no other call gets a signature for the venue. Worth asking once. */
  swapShapes(): readonly CallShape[]

  /**
   * What the wallet paid and received, in base units, from the logs of a receipt that succeeded. Equals its balance
   * change, gas apart. Only native coin that strangers had left in the router may come on top of it: routers hand over all
   * that they hold where they refund or sweep, and no log says how much that was.
   */
  fill(swap: Swap, receipt: Pick<Receipt, 'logs'>): Fill
}
