import { assign, enqueueActions, setup } from 'xstate'
import type { AcceptedOrder, TradeContext } from '../src/domain/trade.ts'
import { legMachine } from './legMachine.ts'
import type { TradeEffect, TradeEvent } from './tradeEvents.ts'
import * as facts from './tradeFacts.ts'

/** What becomes of a trade that is split once more: where nothing can be done, what it has so far is its end. */
const splitAgain = {
  'trade.allocated': [
    { guard: 'isEmpty', target: '#trade.confirming.settling' },
    { target: 'waiting', actions: ['notePlan', 'startLegs'] },
  ],
  'trade.faulted': { target: '#trade.confirming.settling', actions: 'noteFailure' },
  'trade.cancel': { target: '#trade.confirming.settling', actions: ['noteCancel', 'noteFailure'] },
} as const

/** One order over its legs. Its fill policy says what a leg's failure means for it. */
export const tradeMachine = setup({
  types: {
    input: {} as AcceptedOrder,
    context: {} as TradeContext,
    events: {} as TradeEvent,
    meta: {} as { effect: TradeEffect; durable?: true },
    children: {} as Record<string, 'leg'>,
  },
  actors: { leg: legMachine },
  actions: {
    notePlan: assign(({ context, event }) => facts.planned(context, event)),
    noteRound: assign(({ context }) => facts.splitAgain(context)),
    startLegs: enqueueActions(({ event, enqueue }) => {
      if (event.type !== 'trade.allocated') return
      for (const order of event.plan) {
        enqueue.spawnChild('leg', { id: order.legId, input: { order, atMs: event.atMs } })
      }
    }),
    notePhase: assign(({ context, event }) => facts.legChanged(context, event)),
    noteFailure: assign(({ context, event }) => facts.failed(context, event)),
    noteEnd: assign(({ context, event }) => facts.ended(context, event)),
    noteCancel: assign(({ context, event }) => facts.cancelled(context, event)),
    cancelLegs: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'trade.cancel') return
      for (const legId of facts.liveLegs(context)) {
        enqueue.sendTo(legId, { type: 'leg.cancel', failure: event.failure, atMs: event.atMs })
      }
    }),
    // The approval's nonce is taken: the swap behind it may take the next one.
    releaseDependants: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'leg.placed') return
      for (const legId of facts.dependants(context, event.legId)) {
        enqueue.sendTo(legId, { type: 'leg.unblocked', atMs: event.atMs })
      }
    }),
    holdDependants: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'leg.changed') return
      for (const legId of facts.dependants(context, event.legId)) {
        enqueue.sendTo(legId, { type: 'leg.blocked', atMs: event.atMs })
      }
    }),
    endDependants: enqueueActions(({ context, event, enqueue, self }) => {
      if (event.type !== 'leg.changed') return
      for (const legId of facts.dependants(context, event.legId)) {
        // One that was cancelled along with its approval has ended, though its word of it is still to come.
        if (self.getSnapshot().children[legId]?.getSnapshot().status !== 'active') continue
        enqueue.sendTo(legId, { type: 'leg.cancel', failure: facts.approvalFailed, atMs: event.atMs })
      }
    }),
  },
  guards: {
    isApprovalRetrying: ({ context, event }) => facts.isAwaited(context, event, 'retrying'),
    isApprovalFailed: ({ context, event }) => facts.isAwaited(context, event, 'failed'),
    allEnded: ({ context, event }) => facts.after(context, event).every(facts.isEnded),
    anyRetrying: ({ context, event }) => facts.after(context, event).includes('retrying'),
    allMined: ({ context, event }) => facts.after(context, event).every((phase) => facts.isMined(phase)),
    anySubmitted: ({ context, event }) => facts.after(context, event).includes('submitted'),
    isEmpty: ({ event }) => event.type === 'trade.allocated' && event.plan.length === 0,
    isFulfilled: ({ context, event }) => facts.isFulfilled(context, event),
    mustReallocate: ({ context, event }) => facts.mustReallocate(context, event),
    mustUnwind: ({ context, event }) => facts.mustUnwind(context, event),
  },
}).createMachine({
  id: 'trade',
  description: 'One order, split into legs that run side by side.',
  context: ({ input }) => facts.newTrade(input),
  initial: 'preparing',
  on: {
    'trade.cancel': { actions: ['noteCancel', 'cancelLegs'] },
    'leg.placed': { actions: 'releaseDependants' },
    'leg.changed': [
      { guard: 'isApprovalRetrying', target: '.retrying', actions: ['notePhase', 'holdDependants'] },
      { guard: 'isApprovalFailed', actions: ['notePhase', 'endDependants'] },
      { guard: 'mustReallocate', target: '.retrying.reallocating', actions: ['notePhase', 'noteRound'] },
      { guard: 'mustUnwind', target: '.retrying.unwinding', actions: ['notePhase', 'noteRound'] },
      { guard: 'allEnded', target: '.confirming.settling', actions: 'notePhase' },
      { guard: 'anyRetrying', target: '.retrying', actions: 'notePhase' },
      { guard: 'allMined', target: '.confirming', actions: 'notePhase' },
      { guard: 'anySubmitted', target: '.submitted', actions: 'notePhase' },
      { actions: 'notePhase' },
    ],
  },
  states: {
    preparing: {
      description: 'Nothing of it has been sent.',
      initial: 'allocating',
      states: {
        allocating: {
          description: 'Asks the distribution manager how to split the order.',
          meta: { effect: 'allocate' },
          on: {
            'trade.allocated': [
              { guard: 'isEmpty', target: '#trade.confirming.settling', actions: 'notePlan' },
              { target: 'starting', actions: ['notePlan', 'startLegs'] },
            ],
            'trade.faulted': { target: '#trade.confirming.settling', actions: 'noteFailure' },
            'trade.cancel': { target: '#trade.confirming.settling', actions: 'noteFailure' },
          },
        },
        starting: { description: 'Its legs are preparing; none is on the wire yet.' },
      },
    },
    submitted: { description: 'At least one leg is on the wire and not all are mined.' },
    confirming: {
      description: 'Every leg that has not ended is in a block.',
      initial: 'deepening',
      states: {
        deepening: { description: 'Waits for the legs to be deep enough.' },
        settling: {
          description: 'Every leg has ended: the distribution manager and the metrics learn from it.',
          meta: { effect: 'settle' },
          on: {
            'trade.settled': [
              { guard: 'isFulfilled', target: '#trade.done', actions: 'noteEnd' },
              { target: '#trade.failed', actions: 'noteEnd' },
            ],
          },
        },
      },
    },
    retrying: {
      description: 'At least one leg waits for its next try, or the trade is split once more.',
      initial: 'waiting',
      states: {
        waiting: { description: 'Legs wait for their next try, or have just begun.' },
        reallocating: {
          description: 'What failed is split again over the venues left.',
          meta: { effect: 'reallocate' },
          on: splitAgain,
        },
        unwinding: {
          description: 'What was bought is to be sold back: only a part of the order could be filled.',
          meta: { effect: 'unwind' },
          on: splitAgain,
        },
      },
    },
    // Durable: the caller hears of the end only once it is on disk.
    done: {
      description: 'At least one swap was filled, and what the fill policy asks for.',
      type: 'final',
      meta: { effect: 'announce', durable: true },
    },
    failed: {
      description: 'No swap was filled, or less than the fill policy asks for.',
      type: 'final',
      meta: { effect: 'announce', durable: true },
    },
  },
})
