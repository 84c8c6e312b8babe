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

function legOf(event: LaneEvent): string {
  return 'leg' in event ? event.leg : ''
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
      event.type === 'lane.synced' ? { next: Math.max(context.next ?? 0, event.next) } : {},
    ),
    noteFailure: assign(({ event }) => (event.type === 'lane.faulted' ? { failure: event.failure } : {})),
    queue: assign(({ context, event }) =>
      event.type === 'lane.wanted' ? { waiting: [...context.waiting, event.leg] } : {},
    ),
    forget: assign(({ context, event }) =>
      event.type === 'lane.unwanted' ? { waiting: context.waiting.filter((leg) => leg !== event.leg) } : {},
    ),
    takePlace: assign(({ context }) => ({ inFlight: context.inFlight + 1 })),
    freePlace: assign(({ context }) => ({ inFlight: context.inFlight - 1 })),
    admit: emit(({ event }) => ({ type: 'admitted', leg: legOf(event) }) as const),
    admitNext: emit(({ context }) => ({ type: 'admitted', leg: context.waiting[0] ?? '' }) as const),
    dequeue: assign(({ context }) => ({ waiting: context.waiting.slice(1) })),
    // Those who came before the chain had answered.
    admitFirst: enqueueActions(({ context, enqueue }) => {
      const places = Math.max(0, context.inFlightMax - context.inFlight)
      const first = context.waiting.slice(0, places)
      enqueue.assign({ waiting: context.waiting.slice(places), inFlight: context.inFlight + first.length })
      for (const leg of first) enqueue.emit({ type: 'admitted', leg })
    }),
    giveNonce: emit(
      ({ context, event }) => ({ type: 'reserved', leg: legOf(event), nonce: context.next ?? -1 }) as const,
    ),
    countUp: assign(({ context }) => ({ next: (context.next ?? 0) + 1 })),
    countDown: assign(({ context }) => ({ next: (context.next ?? 0) - 1 })),
    accept: emit(({ event }) => ({ type: 'returned', leg: legOf(event), accepted: true }) as const),
    refuse: emit(({ event }) => ({ type: 'returned', leg: legOf(event), accepted: false }) as const),
  },
  guards: {
    hasPlace: ({ context }) => context.inFlight < context.inFlightMax,
    isAnyoneWaiting: ({ context }) => context.waiting.length > 0 && context.inFlight <= context.inFlightMax,
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
    'lane.freed': { actions: 'freePlace' },
    'lane.return': { actions: 'refuse' },
  },
  states: {
    syncing: {
      description: 'Compares the store with the chain before any nonce is given out.',
      meta: { effect: 'sync' },
      on: {
        'lane.synced': { target: 'open', actions: ['noteNext', 'admitFirst'] },
        'lane.faulted': { target: 'failed', actions: 'noteFailure' },
      },
    },
    open: {
      description: 'Gives out nonces, one after the other, while there is room.',
      on: {
        // A foreign transaction took a nonce: the chain is ahead.
        'lane.synced': { actions: 'noteNext' },
        'lane.wanted': [{ guard: 'hasPlace', actions: ['takePlace', 'admit'] }, { actions: 'queue' }],
        // The place goes to whoever waits longest.
        'lane.freed': [{ guard: 'isAnyoneWaiting', actions: ['admitNext', 'dequeue'] }, { actions: 'freePlace' }],
        'lane.reserve': { actions: ['giveNonce', 'countUp'] },
        'lane.return': [{ guard: 'isNewest', actions: ['countDown', 'accept'] }, { actions: 'refuse' }],
      },
    },
    failed: { description: 'The chain could not be asked: no nonce is given out.', type: 'final' },
  },
})
