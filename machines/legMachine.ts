import { assign, sendTo, setup } from 'xstate'
import type { LegContext, LegOrder, Phase } from '../src/domain/leg.ts'
import type { LegEffect, LegEvent } from './legEvents.ts'
import * as facts from './legFacts.ts'

/** One swap, or the approval before it, from order to confirmations. It decides; the runtime acts. */
export const legMachine = setup({
  types: {
    input: {} as { order: LegOrder; atMs: number },
    context: {} as LegContext,
    events: {} as LegEvent,
    meta: {} as { effect: LegEffect; durable?: true },
  },
  actions: {
    noteQuote: assign(({ event }) => facts.quoted(event)),
    noteOffer: assign(({ event }) => facts.priced(event)),
    noteHold: assign(({ context, event }) => facts.held(context, event)),
    noteNonce: assign(({ event }) => facts.reserved(event)),
    noteAttempt: assign(({ context, event }) => facts.signed(context, event)),
    noteSent: assign(({ context, event }) => facts.sent(context, event)),
    noteMined: assign(({ context, event }) => facts.mined(context, event)),
    noteOrphan: assign({ mined: null }),
    noteFill: assign(({ context, event }) => facts.filled(context, event)),
    noteRetry: assign(({ context, event }) => facts.retried(context, event)),
    noteFailure: assign(({ context, event }) => facts.failed(context, event)),
    noteCancel: assign(({ context, event }) => facts.cancelled(context, event)),
    noteTimeout: assign(({ context }) => facts.timedOut(context)),
    block: assign({ blocked: true }),
    unblock: assign({ blocked: false }),
    // A leg may also run alone, in the editor or in a test: then it tells itself, and does not listen.
    tellPhase: sendTo(
      ({ self }) => self._parent ?? self,
      ({ context, event }, { phase }: { phase: Phase }) => facts.news(context, event, phase),
    ),
    tellPlaced: sendTo(
      ({ self }) => self._parent ?? self,
      ({ context, event }) => facts.placed(context, event),
    ),
  },
  guards: {
    isWithinLimit: ({ context, event }) => facts.isWithinLimit(context, event),
    isApproval: ({ context }) => context.order.task.kind === 'approval',
    isGap: ({ context }) => context.order.task.kind === 'gap',
    isFree: ({ context }) => !context.blocked,
    isRetryable: ({ context, event }) => facts.isRetryable(context, event),
    mustCancel: ({ context, event }) => facts.mustCancel(context, event),
    isCancelling: ({ context }) => context.cancelReason !== null,
    isSwapDone: ({ context }) => facts.isSuccess(context),
  },
}).createMachine({
  id: 'leg',
  description: 'One transaction on one venue, from its order to a receipt at depth.',
  context: ({ input }) => facts.newLeg(input),
  initial: 'preparing',
  on: {
    'leg.blocked': { actions: 'block' },
    'leg.unblocked': { actions: 'unblock' },
    'leg.cancel': { actions: 'noteCancel' },
  },
  states: {
    preparing: {
      description: 'Nothing has been sent for the current nonce, or there is none yet.',
      initial: 'queued',
      states: {
        // Before it has a place in flight, so that an approval which must try again can have that place.
        queued: {
          description: 'Waits for the approval before it to have its nonce; without one it goes on at once.',
          always: [
            { guard: 'isGap', target: '#leg.submitted.cancelling' },
            { guard: 'isFree', target: 'admitting' },
          ],
          on: { 'leg.unblocked': { target: 'admitting', actions: 'unblock' } },
        },
        admitting: {
          description: 'Waits for a place among the transactions in flight of its wallet.',
          meta: { effect: 'admit' },
          on: {
            'leg.admitted': { target: 'pricing' },
            'leg.blocked': { target: 'queued', actions: 'block' },
          },
        },
        quoting: {
          description: 'Asks its venue what the amount would give now.',
          meta: { effect: 'quote' },
          on: {
            'leg.quoted': [
              { guard: 'isWithinLimit', target: 'pricing', actions: 'noteQuote' },
              { guard: 'isRetryable', target: '#leg.retrying', actions: 'noteRetry' },
              { target: '#leg.failed', actions: 'noteFailure' },
            ],
            'leg.blocked': { target: 'queued', actions: 'block' },
          },
        },
        pricing: {
          description: 'Builds the call and decides its fees, gas limit and deadline, where its quote is fresh enough.',
          meta: { effect: 'price' },
          on: {
            'leg.priced': { target: 'reserving', actions: 'noteOffer' },
            'leg.unquoted': { target: 'quoting' },
            'leg.dear': { target: 'holding', actions: 'noteHold' },
            'leg.blocked': { target: 'queued', actions: 'block' },
          },
        },
        holding: {
          description: 'The gas price is above the ceiling: waits for it to fall, up to the timeout.',
          meta: { effect: 'hold' },
          on: {
            'leg.affordable': { target: 'pricing' },
            'leg.blocked': { target: 'queued', actions: 'block' },
            'leg.expired': { target: '#leg.failed', actions: 'noteFailure' },
          },
        },
        reserving: {
          description: 'Takes the next nonce of its wallet.',
          meta: { effect: 'reserve' },
          on: {
            'leg.reserved': [
              { guard: 'isCancelling', target: 'releasing', actions: 'noteNonce' },
              { guard: 'isApproval', target: 'signing', actions: ['noteNonce', 'tellPlaced'] },
              { target: 'signing', actions: 'noteNonce' },
            ],
            // The lane may have given the nonce already: it is given back, not forgotten.
            'leg.cancel': { actions: 'noteCancel' },
          },
        },
        signing: {
          description: 'Has the transaction signed. Nobody has seen it yet.',
          meta: { effect: 'sign' },
          on: {
            'leg.signed': { target: '#leg.submitted', actions: 'noteAttempt' },
            'leg.faulted': { target: 'releasing', actions: 'noteCancel' },
            'leg.cancel': { target: 'releasing', actions: 'noteCancel' },
          },
        },
        releasing: {
          description: 'Gives an unused nonce back, or fills it where later ones are already out.',
          meta: { effect: 'release' },
          on: {
            'leg.released': [
              { guard: 'isRetryable', target: '#leg.retrying', actions: 'noteRetry' },
              { target: '#leg.failed', actions: 'noteFailure' },
            ],
            'leg.holed': { target: '#leg.submitted.cancelling' },
            'leg.faulted': { target: '#leg.submitted.cancelling' },
            'leg.cancel': { actions: 'noteCancel' },
          },
        },
      },
      on: {
        'leg.faulted': [
          { guard: 'isRetryable', target: 'retrying', actions: 'noteRetry' },
          { target: 'failed', actions: 'noteFailure' },
        ],
        'leg.cancel': { target: 'failed', actions: ['noteCancel', 'noteFailure'] },
      },
    },
    submitted: {
      description: 'A node may have the transaction: from here only the chain decides.',
      initial: 'broadcasting',
      entry: { type: 'tellPhase', params: { phase: 'submitted' } },
      states: {
        // Durable: the attempt is on disk before any node sees it. A restart sends these bytes again and signs no others.
        broadcasting: {
          description: 'Hands the newest attempt to every endpoint, once it is on disk.',
          meta: { effect: 'broadcast', durable: true },
          on: {
            'leg.sent': { target: 'pending', actions: 'noteSent' },
            'leg.faulted': { target: 'pending', actions: 'noteSent' },
            'leg.refused': [
              { guard: 'isCancelling', target: 'pending', actions: 'noteSent' },
              { target: 'cancelling', actions: ['noteSent', 'noteCancel'] },
            ],
          },
        },
        pending: {
          description: 'Watches every hash of this nonce until one of them is in a block.',
          meta: { effect: 'watch' },
          on: {
            'leg.overdue': [
              { guard: 'mustCancel', target: 'cancelling', actions: 'noteTimeout' },
              { target: 'bumping' },
            ],
            'leg.displaced': [
              { guard: 'isRetryable', target: '#leg.retrying', actions: 'noteRetry' },
              { target: '#leg.failed', actions: 'noteFailure' },
            ],
          },
        },
        bumping: {
          description: 'Signs the same call again on the same nonce for higher fees, as far as the ceiling allows.',
          meta: { effect: 'bump' },
          on: {
            'leg.signed': { target: 'broadcasting', actions: 'noteAttempt' },
            'leg.unchanged': { target: 'broadcasting' },
            'leg.faulted': { target: 'pending', actions: 'noteSent' },
          },
        },
        cancelling: {
          description: 'Signs a zero-value transfer to itself on the same nonce.',
          meta: { effect: 'cancel' },
          on: {
            'leg.signed': { target: 'broadcasting', actions: 'noteAttempt' },
            'leg.unchanged': { target: 'broadcasting' },
            'leg.faulted': { target: 'pending', actions: 'noteSent' },
            'leg.cancel': { actions: 'noteCancel' },
          },
        },
      },
      on: {
        'leg.mined': { target: 'confirming', actions: 'noteMined' },
        'leg.cancel': [
          { guard: 'isCancelling', actions: 'noteCancel' },
          { target: '.cancelling', actions: 'noteCancel' },
        ],
      },
    },
    confirming: {
      description: 'An attempt is in a block that is not yet deep enough.',
      meta: { effect: 'confirm' },
      entry: { type: 'tellPhase', params: { phase: 'confirming' } },
      on: {
        'leg.confirmed': [
          { guard: 'isSwapDone', target: 'done', actions: 'noteFill' },
          { guard: 'isRetryable', target: 'retrying', actions: 'noteRetry' },
          { target: 'failed', actions: 'noteFailure' },
        ],
        'leg.orphaned': { target: 'submitted', actions: 'noteOrphan' },
      },
    },
    retrying: {
      description: 'Waits until an absolute time, then prepares again with a fresh quote and a new nonce.',
      meta: { effect: 'wait' },
      entry: { type: 'tellPhase', params: { phase: 'retrying' } },
      on: {
        'leg.woken': { target: 'preparing', actions: { type: 'tellPhase', params: { phase: 'preparing' } } },
        'leg.cancel': { target: 'failed', actions: ['noteCancel', 'noteFailure'] },
      },
    },
    done: {
      description: 'Its transaction succeeded, at depth.',
      type: 'final',
      entry: { type: 'tellPhase', params: { phase: 'done' } },
    },
    failed: {
      description: 'It ended without a fill; its failure says why, and what was spent is counted.',
      type: 'final',
      entry: { type: 'tellPhase', params: { phase: 'failed' } },
    },
  },
})
