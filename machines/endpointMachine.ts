import { assign, setup } from 'xstate'
import { backoffMs } from '../src/domain/backoff.ts'
import type { Failure } from '../src/domain/errors.ts'
import type { EndpointEffect, EndpointEvent } from './endpointEvents.ts'

export interface EndpointContext {
  /** Without what may be secret in it. Spreads the waits of several endpoints. */
  readonly name: string
  /** Requests that failed since the last that did not. */
  readonly failures: number
  /** How often it went down in one stretch of trouble: each wait is twice the last. */
  readonly attempt: number
  /** When it last came up; null before the first time. */
  readonly upAtMs: number | null
  /** It is left alone until then. */
  readonly wakeAtMs: number
  readonly failure: Failure | null
}

/** Failures in a row after which an endpoint is given up on for a while. */
const failuresMax = 3
const waitMs = 500
/** With doubling, the longest wait is 16 seconds, and a quarter. */
const attemptMax = 5
/** No endpoint is left alone for longer, whatever it asks for. */
const pauseMaxMs = 300_000
/** After so long without going down the next trouble is a new one. */
const calmMs = 60_000

type Going = Partial<EndpointContext>

function nextAttempt({ attempt, upAtMs }: EndpointContext, atMs: number): number {
  const isNew = upAtMs !== null && atMs - upAtMs > calmMs
  return isNew ? 0 : Math.min(attempt + 1, attemptMax)
}

function backOff(context: EndpointContext, event: EndpointEvent): Going {
  const attempt = nextAttempt(context, event.atMs)
  const ownMs = event.atMs + backoffMs({ baseMs: waitMs, attempt, seed: context.name })
  const askedMs = event.type === 'endpoint.limited' ? (event.untilMs ?? ownMs) : ownMs
  // A pause that is over at once would only make the next one longer.
  return { attempt, wakeAtMs: Math.min(Math.max(askedMs, event.atMs + waitMs), event.atMs + pauseMaxMs) }
}

/** The health of one endpoint: a circuit breaker. Only its first success after trouble is told to it, not every one. */
export const endpointMachine = setup({
  types: {
    input: {} as { name: string },
    context: {} as EndpointContext,
    events: {} as EndpointEvent,
    meta: {} as { effect: EndpointEffect },
  },
  actions: {
    countFailure: assign(({ context, event }) => ({
      failures: context.failures + 1,
      failure: 'failure' in event ? event.failure : context.failure,
    })),
    noteFailure: assign(({ event }) => ('failure' in event ? { failure: event.failure } : {})),
    forgetFailures: assign({ failures: 0, failure: null }),
    backOff: assign(({ context, event }) => backOff(context, event)),
    comeUp: assign(({ event }) => ({ upAtMs: event.atMs, failures: 0, failure: null })),
  },
  guards: {
    isLastStraw: ({ context }) => context.failures + 1 >= failuresMax,
    isBehind: ({ event }) => event.type === 'endpoint.probed' && event.isBehind,
  },
}).createMachine({
  id: 'endpoint',
  description: 'The health of one endpoint.',
  context: ({ input }) => ({ ...input, failures: 0, attempt: -1, upAtMs: null, wakeAtMs: 0, failure: null }),
  initial: 'probing',
  states: {
    probing: {
      description: 'Is asked for its chain and its newest block, and for nothing else.',
      meta: { effect: 'probe' },
      on: {
        'endpoint.probed': [
          { guard: 'isBehind', target: 'lagging', actions: 'comeUp' },
          { target: 'healthy', actions: 'comeUp' },
        ],
        'endpoint.failed': { target: 'down', actions: ['noteFailure', 'backOff'] },
        'endpoint.limited': { target: 'down', actions: ['noteFailure', 'backOff'] },
        'endpoint.misplaced': { target: 'misplaced', actions: 'noteFailure' },
      },
    },
    healthy: {
      description: 'Answers, and is asked first.',
      on: {
        'endpoint.failed': { target: 'suspect', actions: 'countFailure' },
        'endpoint.limited': { target: 'down', actions: ['noteFailure', 'backOff'] },
        'endpoint.lagged': 'lagging',
      },
    },
    suspect: {
      description: 'Failed just now: is asked where no healthy one answers.',
      on: {
        'endpoint.answered': { target: 'healthy', actions: 'forgetFailures' },
        'endpoint.failed': [
          { guard: 'isLastStraw', target: 'down', actions: ['countFailure', 'backOff'] },
          { actions: 'countFailure' },
        ],
        'endpoint.limited': { target: 'down', actions: ['noteFailure', 'backOff'] },
        'endpoint.lagged': 'lagging',
      },
    },
    lagging: {
      description: 'Its head is not where the others’ are: answers no reads until it has caught up.',
      on: {
        'endpoint.caughtUp': { target: 'healthy', actions: 'forgetFailures' },
        'endpoint.answered': { actions: 'forgetFailures' },
        'endpoint.failed': [
          { guard: 'isLastStraw', target: 'down', actions: ['countFailure', 'backOff'] },
          { actions: 'countFailure' },
        ],
        'endpoint.limited': { target: 'down', actions: ['noteFailure', 'backOff'] },
      },
    },
    down: {
      description: 'Does not answer, or asked for a pause: is left alone until an absolute time.',
      meta: { effect: 'wait' },
      on: {
        'endpoint.waited': 'probing',
        // Transactions go to it all the same: one that it takes tells that it is back.
        'endpoint.answered': 'probing',
      },
    },
    misplaced: { description: 'Serves another chain: is never asked again, and gets no transaction.', type: 'final' },
  },
})
