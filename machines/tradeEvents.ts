import type { BaseUnits } from '../src/domain/amount.ts'
import type { Failure } from '../src/domain/errors.ts'
import type { LegOrder } from '../src/domain/leg.ts'
import type { NativePrice } from '../src/domain/trade.ts'
import type { LegNews } from './legEvents.ts'

/** What the runtime does for a trade while it is in a state. */
export type TradeEffect = 'allocate' | 'reallocate' | 'unwind' | 'settle' | 'announce'

/** What can happen to a trade. */
export type TradeEvent =
  | LegNews
  | ({ readonly atMs: number } & (
      | {
          readonly type: 'trade.allocated'
          readonly plan: readonly LegOrder[]
          readonly unallocated: BaseUnits
          readonly nativePrice?: NativePrice | null
        }
      | { readonly type: 'trade.faulted'; readonly failure: Failure }
      // `failure`: why it is not what its fill policy asks for.
      | { readonly type: 'trade.settled'; readonly failure?: Failure | null }
      | { readonly type: 'trade.cancel'; readonly failure: Failure }
    ))
