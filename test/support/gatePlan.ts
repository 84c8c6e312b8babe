import type { View } from './gateView.ts'
import { drawn, randomNumbers } from './random.ts'

/**
 * What may happen to one HTTP request. Whether the node gets it:
 *
 * - never: `lostRequest` (the connection breaks), `busy` (429), `unavailable` (503), `hanging` (no answer at all)
 * - it does: `lostReply` (the connection breaks), `badGateway` (502), `hangingReply` (no answer at all), `lateReply`, `shuffled`
 *   (the replies of a batch in another order), `truncated` (half of the JSON), `garbled` (no JSON), `faulty` (an internal
 *   error in place of each result)
 * - later: `lateRequest`, perhaps after the client gave up; twice: `repeated`
 */
export const faultKinds = [
  'lostRequest',
  'busy',
  'unavailable',
  'hanging',
  'lostReply',
  'badGateway',
  'hangingReply',
  'lateReply',
  'shuffled',
  'truncated',
  'garbled',
  'faulty',
  'lateRequest',
  'repeated',
] as const
export type FaultKind = (typeof faultKinds)[number]

/** What is decided for one HTTP request. `share` is from 0 up to 1: how late, how much, in which order. */
export interface Fate {
  readonly kind: FaultKind | 'none'
  readonly share: number
  /** The same object for as long as the view lasts; null where the node shows all. */
  readonly view: View | null
}

/** Decides for one request after the other. */
export interface FaultPlan {
  next(): Fate
  /** How often each kind was decided, views among them; a view counts once, however long it lasts. */
  readonly counts: Readonly<Record<string, number>>
  /** From now on nothing happens any more. */
  stop(): void
}

export interface FaultPlanOptions {
  readonly seed: number
  /** How likely each kind is, beside `none`: of a hundred in all, say. A view's weight is that of its beginning. */
  readonly weights: Readonly<Partial<Record<FaultKind | View['kind'] | 'none', number>>>
  /** A view lasts for so many requests at most. */
  readonly viewRequestsMax?: number
  /** A stale head is so many blocks behind at most. */
  readonly lagMax?: number
}

/**
 * A plan of faults: the same seed and weights decide the same for the same number of requests.
 *
 * @example
 * const plan = faultPlan({ seed: 7, weights: { none: 90, lostReply: 10 } })
 * plan.next() // { kind: 'none', share: 0.62…, view: null }
 */
export function faultPlan({ seed, weights, viewRequestsMax = 40, lagMax = 3 }: FaultPlanOptions): FaultPlan {
  const random = randomNumbers(seed)
  const counts: Record<string, number> = {}
  let isStopped = false
  let view: View | null = null
  let viewRequests = 0

  function startView(kind: View['kind'], share: number): void {
    viewRequests = 1 + Math.floor(share * viewRequestsMax)
    view = kind === 'nullReceipts' ? { kind } : { kind, lag: 1 + (Math.floor(share * 997) % lagMax) }
  }

  return {
    counts,
    next() {
      if (isStopped) return { kind: 'none', share: 0, view: null }
      // Always as many numbers: what is decided does not change what is decided next.
      const [choice, share] = [random(), random()]
      viewRequests -= 1
      if (viewRequests <= 0) view = null
      const kind = drawn(weights, choice) ?? 'none'
      if (kind !== 'none') counts[kind] = (counts[kind] ?? 0) + 1
      if (kind === 'nullReceipts' || kind === 'staleHead') {
        startView(kind, share)
        return { kind: 'none', share, view }
      }
      return { kind, share, view }
    },
    stop() {
      isStopped = true
    },
  }
}
