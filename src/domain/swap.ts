import type { BaseUnits } from './amount.ts'
import type { Hex } from './hex.ts'
import type { Token } from './token.ts'

/** `sell`: give exactly the amount. `buy`: receive exactly the amount. */
export type Side = 'sell' | 'buy'

/** What one leg asks of one venue. */
export interface Swap {
  readonly wallet: Hex
  readonly tokenIn: Token
  readonly tokenOut: Token
  readonly side: Side
  /** Base units of `tokenIn` when selling, of `tokenOut` when buying. Exact. */
  readonly amount: BaseUnits
}

/** What a venue would give for a swap's amount, at the block that was asked. */
export interface Quote {
  /** Base units: the output when selling, the input when buying. */
  readonly amount: BaseUnits
  /** How the venue would get there, in its own words (a fee tier); handed back to it with the order. */
  readonly route?: string
}

/** What a leg really paid and received, from its receipt's logs; gas is not in it. Base units. */
export interface Fill {
  readonly amountIn: BaseUnits
  readonly amountOut: BaseUnits
}

/** Reserves of a pool that holds their product constant, seen in a swap's direction. */
export interface ConstantProduct {
  /** Base units of the token that goes in, and of the one that comes out. */
  readonly reserveIn: BaseUnits
  readonly reserveOut: BaseUnits
  /** Parts of the input that the pool keeps, in millionths: 3000 is 0.3 %. */
  readonly feePpm: number
}
