import type { BaseUnits } from '../domain/amount.ts'
import type { Hex } from '../domain/hex.ts'
import type { LegPurpose } from '../domain/leg.ts'
import type { Side, Swap } from '../domain/swap.ts'
import type { Token } from '../domain/token.ts'
import type { AcceptedOrder } from '../domain/trade.ts'

/** What is split at once: all of an order at first; later what failed of it, or what was bought and is sold back. */
export interface Portion {
  readonly order: AcceptedOrder
  readonly purpose: LegPurpose
  /** How often the trade was split before: its legs have names of their own. */
  readonly round: number
  readonly side: Side
  /** Base units of `tokenIn` when selling, of `tokenOut` when buying. */
  readonly amount: BaseUnits
  readonly tokenIn: Token
  readonly tokenOut: Token
  readonly venues: readonly string[]
  /** What venues have of the order already, in the same units. */
  readonly taken: Readonly<Record<string, BaseUnits>>
  /** The most that venues may get, where a split has shown that limits leave no more; in the same units. */
  readonly caps: Readonly<Record<string, BaseUnits>>
  /** What all of it must come to: the least output when selling, the most input when buying. Null: its own first quotes decide. */
  readonly bound: BaseUnits | null
  /** What the first quotes promised for it, or asked for it; null: its own are the first. */
  readonly promised: BaseUnits | null
  /** The one wallet that pays; null for any. */
  readonly wallet: Hex | null
}

/** All of an order, to be split for the first time. */
export function wholeOf(order: AcceptedOrder): Portion {
  const { side, amount, tokenIn, tokenOut, venues } = order
  const first = { purpose: 'fill', round: 0, taken: {}, caps: {}, bound: null, promised: null, wallet: null } as const
  return { order, side, amount, tokenIn, tokenOut, venues, ...first }
}

/** The swap of one of its legs. */
export function swapOf({ tokenIn, tokenOut, side }: Portion, wallet: Hex, amount: BaseUnits): Swap {
  return { wallet, tokenIn, tokenOut, side, amount }
}
