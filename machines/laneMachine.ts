import { assign, emit, enqueueActions, setup } from 'xstate'
import type { Failure } from '../src/domain/errors.ts'

/** What the runtime does for a lane while it is in a state. */
export type LaneEffect = 'sync'

/** What can happen to a lane. A leg is named by the key that the runtime gives it. */
export type LaneEvent =
  | { readonly type: 'lane.synced'; readonly next: number }
  | { readonly type: 'lane.faulted'; readonly failure: Failure }
  | { readonly type: 'lane.wanted'; readonly leg: string }
  | { readonly type: 'lane.unwanted'; readonly leg: string }
  | { readonly type: 'lane.reserve'; readonly leg: string }
  | { readonly type: 'lane.return'; readonly leg: string; readonly nonce: number }
  | { readonly type: 'lane.freed' }

/** What a lane answers. */
export type LaneReply =
  | { readonly type: 'admitted'; readonly leg: string }
  | { readonly type: 'reserved'; readonly leg: string; readonly nonce: number }
  | { readonly type: 'returned'; readonly leg: string; readonly accepted: boolean }

export interface LaneContext {
  /** The nonce that is given out next; null until the chain has been asked. */
  readonly next: number | null
  /** Legs between admission and the end of their nonce. */
  readonly inFlight: number
  readonly inFlightMax: number
  /** Legs to be admitted, first come first served. */
  readonly waiting: readonly string[]
  readonly failure: Failure | null
}

/** The nonces of one wallet on one chain: the only giver of nonces, and the bound on what is in flight. */
export const laneMachine = setup({
  types: {
    input: {} as { inFlight: number; inFlightMax: number },
    context: {} as LaneContext,
    events: {} as LaneEvent,
    emitted: {} as LaneReply,
    meta: {} as { effect: LaneEffect },
  },
  actions: {
    noteNext: assign(({ context, event }) =>
      event.type === 'lane.synced' ? { next: Math.max(context.next ?? 0, event.next) } : context,
    ),
    noteFailure: assign(({ event }) => (event.type === 'lane.faulted' ? { failure: event.failure } : {})),
    queue: assign(({ context, event }) =>
      event.type === 'lane.wanted' ? { waiting: [...context.waiting, event.leg] } : context,
    ),
    forget: assign(({ context, event }) =>
      event.type === 'lane.unwanted' ? { waiting: context.waiting.filter((leg) => leg !== event.leg) } : context,
    ),
    free: assign(({ context }) => ({ inFlight: context.inFlight - 1 })),
    admitWaiting: enqueueActions(({ context, enqueue }) => {
      const places = Math.max(0, context.inFlightMax - context.inFlight)
      const admitted = context.waiting.slice(0, places)
      if (admitted.length === 0) return
      enqueue.assign({ waiting: context.waiting.slice(places), inFlight: context.inFlight + admitted.length })
      for (const leg of admitted) enqueue.emit({ type: 'admitted', leg })
    }),
    giveNonce: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'lane.reserve' || context.next === null) return
      enqueue.emit({ type: 'reserved', leg: event.leg, nonce: context.next })
      enqueue.assign({ next: context.next + 1 })
    }),
    takeBack: assign(({ context }) => ({ next: context.next === null ? null : context.next - 1 })),
    accept: emit(({ event }) => ({ type: 'returned', leg: 'leg' in event ? event.leg : '', accepted: true }) as const),
    refuse: emit(({ event }) => ({ type: 'returned', leg: 'leg' in event ? event.leg : '', accepted: false }) as const),
  },
  guards: {
    // Only the newest nonce can go back: below it, somebody else's transaction would wait for ever.
    isNewest: ({ context, event }) => event.type === 'lane.return' && event.nonce + 1 === context.next,
  },
}).createMachine({
  id: 'lane',
  description: 'The nonces of one wallet on one chain.',
  context: ({ input }) => ({ next: null, waiting: [], failure: null, ...input }),
  initial: 'syncing',
  on: {
    'lane.wanted': { actions: 'queue' },
    'lane.unwanted': { actions: 'forget' },
    'lane.freed': { actions: 'free' },
    'lane.return': { actions: 'refuse' },
  },
  states: {
    syncing: {
      description: 'Compares the store with the chain before any nonce is given out.',
      meta: { effect: 'sync' },
      on: {
        'lane.synced': { target: 'open', actions: ['noteNext', 'admitWaiting'] },
        'lane.faulted': { target: 'failed', actions: 'noteFailure' },
      },
    },
    open: {
      description: 'Gives out nonces, one after the other, while there is room.',
      on: {
        // A foreign transaction took a nonce: the chain is ahead.
        'lane.synced': { actions: 'noteNext' },
        'lane.wanted': { actions: ['queue', 'admitWaiting'] },
        'lane.freed': { actions: ['free', 'admitWaiting'] },
        'lane.reserve': { actions: 'giveNonce' },
        'lane.return': [{ guard: 'isNewest', actions: ['takeBack', 'accept'] }, { actions: 'refuse' }],
      },
    },
    failed: { description: 'The chain could not be asked: no nonce is given out.', type: 'final' },
  },
})
