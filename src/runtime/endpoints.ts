import { createActor } from 'xstate'
import type { EndpointEffect, EndpointEvent } from '../../machines/endpointEvents.ts'
import { type EndpointContext, endpointMachine } from '../../machines/endpointMachine.ts'
import { isBehind } from '../chain/agreement.ts'
import type { RpcEndpoint } from '../chain/rpcEndpoint.ts'
import { LimitedError, RpcError } from '../chain/rpcFaults.ts'
import { count } from '../chain/rpcValues.ts'
import type { Outcome, Source, Standing } from '../chain/sources.ts'
import type { Clock } from '../domain/clock.ts'
import { EndpointError, toFailure, WrongChainError } from '../domain/errors.ts'
import { type Effects, type Running, runActor } from './runner.ts'
import type { OnTrouble } from './trouble.ts'

/** One endpoint whose health is kept. */
export interface WatchedEndpoint extends Source {
  /** What was wrong with it last; an empty text where nothing was. */
  reason(): string
  /** It serves another chain: which one. Null where it does not, as far as one knows. */
  misplaced(): WrongChainError | null
  stop(): void
}

export interface EndpointOptions {
  readonly endpoint: RpcEndpoint
  /** Where it was configured. */
  readonly field: string
  readonly chainId: number
  /** A relay only takes transactions: it has no head, and perhaps no chain id, to be asked for. */
  readonly isRelay: boolean
  readonly clock: Clock
  /** The newest head that the endpoints agree on; 0 where there is none to compare with. */
  readonly bestHead: () => number
  /** Told of each new standing. */
  readonly onChange: () => void
  /** Told when it goes down, and with null when it is back. */
  readonly onTrouble: OnTrouble
}

type Result = Awaited<ReturnType<Effects<EndpointContext, EndpointEffect, EndpointEvent>['probe']>>

/**
 * Starts to keep an endpoint's health.
 *
 * @returns The endpoint when it has been probed for the first time, whatever came of it.
 *
 * @example
 * const { health } = await watchEndpoint({ endpoint, field: 'chain.rpcUrls[0]', chainId: 1, isRelay: false, … })
 * health.standing // 'healthy'
 */
export async function watchEndpoint(options: EndpointOptions): Promise<WatchedEndpoint> {
  const { endpoint, clock, onTrouble } = options
  const what = `the endpoint ${endpoint.name}`
  const actor = createActor(endpointMachine, { input: { name: endpoint.name } })
  const state = endpointState(options, () => actor.getSnapshot().context)
  let running: Running | undefined
  let isStopped = false
  let lastError: EndpointError | undefined

  /** The hot path ends at its first line. */
  function note(outcome: Outcome): void {
    const { standing } = state
    if (outcome.kind === 'answered' && standing === 'healthy') return
    if (isStopped || actor.getSnapshot().status !== 'active') return
    if (outcome.kind === 'failed') {
      // One reply that went wrong may have been for hundreds of requests.
      if (outcome.error === lastError) return
      lastError = outcome.error
    }
    actor.send({ ...eventOf(outcome), atMs: clock.now() })
  }

  actor.start()
  await new Promise<void>((resolve) => {
    running = runActor(
      actor,
      endpointMachine,
      endpointEffects(options),
      (failure) => ({ type: 'endpoint.failed', failure }),
      {
        clock,
        durable: () => Promise.resolve(),
        onStuck: (failure) => onTrouble(new EndpointError(failure.message), what),
        onStep: ({ to }) => {
          state.take(to)
          if (to !== 'probing') resolve()
        },
      },
    )
  })
  return {
    endpoint,
    health: {
      get standing() {
        return state.standing
      },
      note,
    },
    reason: () => reasonOf(actor.getSnapshot().context),
    misplaced: () => state.misplaced,
    stop() {
      isStopped = true
      running?.stop()
      actor.stop()
    },
  }
}

const standings: Readonly<Record<string, Standing>> = { healthy: 'healthy', suspect: 'suspect', lagging: 'lagging' }

/** What the states of one endpoint mean to the chain, and who is told of them. */
function endpointState(
  { endpoint, field, isRelay, onChange, onTrouble }: EndpointOptions,
  context: () => EndpointContext,
): { standing: Standing; misplaced: WrongChainError | null; take: (state: string) => void } {
  const { name } = endpoint
  const what = `the endpoint ${name}`
  // A relay need not say which chain it serves: what it is sent is signed for one alone.
  let isChecked = isRelay
  // Null before it is known.
  let wasUp: boolean | null = null

  const state = {
    standing: (isRelay ? 'down' : 'barred') as Standing,
    misplaced: null as WrongChainError | null,
    take(to: string) {
      const isUp = to in standings
      isChecked ||= isUp
      state.standing = standings[to] ?? (isChecked && to !== 'misplaced' ? 'down' : 'barred')
      if (to === 'misplaced') {
        state.misplaced = new WrongChainError(context().failure?.message ?? '')
        onTrouble(state.misplaced, what)
      } else if (to === 'down' && wasUp !== false) {
        onTrouble(
          new EndpointError('An endpoint is down.', { field, endpoint: name, reason: reasonOf(context()) }),
          what,
        )
      } else if (isUp && wasUp === false) onTrouble(null, what)
      // A probe says nothing before its end.
      if (to !== 'probing') wasUp = isUp
      onChange()
    },
  }
  return state
}

function reasonOf({ failure }: EndpointContext): string {
  const [summary = '', ...facts] = failure?.message.split(/\n\s*/) ?? []
  return facts.length === 0 ? summary : `${summary} (${facts.join(', ')})`
}

type Told = {
  [Type in EndpointEvent['type']]: Omit<Extract<EndpointEvent, { type: Type }>, 'atMs'>
}[EndpointEvent['type']]

function eventOf(outcome: Outcome): Told {
  switch (outcome.kind) {
    case 'answered':
      return { type: 'endpoint.answered' }
    case 'lags':
      return { type: 'endpoint.lagged' }
    case 'caughtUp':
      return { type: 'endpoint.caughtUp' }
    case 'failed':
      return faultEvent(outcome.error)
  }
}

function faultEvent(error: unknown): Told {
  const failure = toFailure(error)
  if (error instanceof LimitedError) return { type: 'endpoint.limited', untilMs: error.untilMs, failure }
  return { type: 'endpoint.failed', failure }
}

/** What the runner does for an endpoint, by the effect that its state names. */
function endpointEffects(options: EndpointOptions): Effects<EndpointContext, EndpointEffect, EndpointEvent> {
  const { clock } = options
  return {
    probe: async () => probe(options),
    wait: ({ wakeAtMs }, signal) =>
      new Promise((resolve) => {
        signal.addEventListener(
          'abort',
          clock.at(wakeAtMs, () => resolve({ type: 'endpoint.waited' })),
        )
      }),
  }
}

async function probe({ endpoint, field, chainId, isRelay, bestHead }: EndpointOptions): Promise<Result> {
  try {
    const [served, head] = await Promise.all([
      endpoint.request('eth_chainId', []),
      isRelay ? null : endpoint.request('eth_blockNumber', []),
    ])
    if (count(served) === chainId)
      return { type: 'endpoint.probed', isBehind: head !== null && isBehind(count(head), bestHead()) }
    const facts = { field, served: count(served), 'chain.chainId': chainId }
    const error = new WrongChainError('An endpoint serves another chain than chain.chainId.', facts)
    return { type: 'endpoint.misplaced', failure: toFailure(error) }
  } catch (error) {
    // It answers; what it is sent is signed for one chain alone.
    if (isRelay && error instanceof RpcError) return { type: 'endpoint.probed', isBehind: false }
    return faultEvent(error)
  }
}
