import type { Failure } from '../src/domain/errors.ts'

/** What the runtime does for an endpoint while it is in a state. Its result comes back as an event. */
export type EndpointEffect = 'probe' | 'wait'

/** What can happen to an endpoint. `atMs` is when the runtime learnt of it. */
export type EndpointEvent = { readonly atMs: number } & (
  | { readonly type: 'endpoint.answered' }
  | { readonly type: 'endpoint.failed'; readonly failure: Failure }
  /** It asks for a pause, until then; null where it does not say. */
  | { readonly type: 'endpoint.limited'; readonly untilMs: number | null; readonly failure: Failure }
  | { readonly type: 'endpoint.lagged' }
  | { readonly type: 'endpoint.caughtUp' }
  | { readonly type: 'endpoint.waited' }
  /** It serves our chain; `isBehind`: its head is not where the others' are. */
  | { readonly type: 'endpoint.probed'; readonly isBehind: boolean }
  | { readonly type: 'endpoint.misplaced'; readonly failure: Failure }
)
