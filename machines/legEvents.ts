import type { Failure } from '../src/domain/errors.ts'
import type { MinedAttempt, Offer, Phase } from '../src/domain/leg.ts'
import type { Quote } from '../src/domain/swap.ts'
import type { Attempt } from '../src/domain/transaction.ts'

/** What the runtime does for a leg while it is in a state. Its result comes back as an event. */
export type LegEffect =
  | 'admit'
  | 'quote'
  | 'price'
  | 'hold'
  | 'reserve'
  | 'sign'
  | 'release'
  | 'broadcast'
  | 'watch'
  | 'bump'
  | 'cancel'
  | 'confirm'
  | 'wait'

/** What can happen to a leg. `atMs` is when the runtime learnt of it. */
export type LegEvent = { readonly atMs: number } & (
  | { readonly type: 'leg.admitted' }
  | { readonly type: 'leg.quoted'; readonly quote: Quote }
  | { readonly type: 'leg.priced'; readonly offer: Offer }
  | { readonly type: 'leg.dear' }
  | { readonly type: 'leg.unquoted' }
  | { readonly type: 'leg.affordable' }
  | { readonly type: 'leg.expired'; readonly failure: Failure }
  | { readonly type: 'leg.unblocked' }
  | { readonly type: 'leg.blocked' }
  | { readonly type: 'leg.reserved'; readonly nonce: number }
  | { readonly type: 'leg.signed'; readonly attempt: Attempt }
  | { readonly type: 'leg.unchanged' }
  | { readonly type: 'leg.released' }
  | { readonly type: 'leg.holed' }
  /** `outbid`: the node wants more for it. */
  | { readonly type: 'leg.sent'; readonly reply: 'taken' | 'outbid' }
  | { readonly type: 'leg.refused'; readonly failure: Failure }
  /** `found`: an attempt of its own that it did not know. */
  | { readonly type: 'leg.mined'; readonly mined: MinedAttempt; readonly found?: Attempt }
  | { readonly type: 'leg.overdue' }
  | { readonly type: 'leg.displaced'; readonly failure: Failure }
  | { readonly type: 'leg.confirmed' }
  | { readonly type: 'leg.orphaned' }
  | { readonly type: 'leg.woken' }
  | { readonly type: 'leg.cancel'; readonly failure: Failure }
  | { readonly type: 'leg.faulted'; readonly failure: Failure }
)

/** What a leg tells its trade. */
export type LegNews = { readonly atMs: number; readonly legId: string } & (
  | { readonly type: 'leg.changed'; readonly phase: Phase }
  | { readonly type: 'leg.placed' }
)
