import type { Failure } from '../src/domain/errors.ts'
import type { Phase } from '../src/domain/leg.ts'
import type { AcceptedOrder, TradeContext } from '../src/domain/trade.ts'
import type { TradeEvent } from './tradeEvents.ts'

type Facts = Partial<TradeContext>

/** A trade that has just been accepted. */
export function newTrade(order: AcceptedOrder): TradeContext {
  return { order, plan: [], unallocated: '0', phases: {}, failure: null, cancelReason: null, endedAtMs: null }
}

export function planned(event: TradeEvent): Facts {
  if (event.type !== 'trade.allocated') return {}
  const { unallocated } = event
  const plan = event.plan.map(({ legId, venue, after, task }) => ({ legId, venue, after, kind: task.kind }))
  return { plan, unallocated, phases: Object.fromEntries(plan.map(({ legId }) => [legId, 'preparing' as const])) }
}

export function legChanged(context: TradeContext, event: TradeEvent): Facts {
  if (event.type !== 'leg.changed') return {}
  return { phases: { ...context.phases, [event.legId]: event.phase } }
}

export function failed({ failure }: TradeContext, event: TradeEvent): Facts {
  return { failure: 'failure' in event ? event.failure : failure }
}

export function cancelled(event: TradeEvent): Facts {
  return event.type === 'trade.cancel' ? { cancelReason: event.failure } : {}
}

export function ended({ failure, plan }: TradeContext, { atMs }: TradeEvent): Facts {
  return { endedAtMs: atMs, failure: failure ?? (plan.length === 0 ? nothingToDo : null) }
}

/** The phases of all legs as they are once `event` has been noted. */
export function after({ phases }: TradeContext, event: TradeEvent): Phase[] {
  if (event.type !== 'leg.changed') return Object.values(phases)
  return Object.entries(phases).map(([legId, phase]) => (legId === event.legId ? event.phase : phase))
}

export function isEnded(phase: Phase): boolean {
  return phase === 'done' || phase === 'failed'
}

export function isMined(phase: Phase): boolean {
  return phase === 'confirming' || isEnded(phase)
}

export function isAnyFilled({ plan, phases }: TradeContext): boolean {
  return plan.some(({ legId, kind }) => kind === 'swap' && phases[legId] === 'done')
}

export function liveLegs({ phases }: TradeContext): string[] {
  return Object.entries(phases).flatMap(([legId, phase]) => (isEnded(phase) ? [] : [legId]))
}

/** Live legs that go out after `legId`. */
export function dependants({ plan, phases }: TradeContext, legId: string): string[] {
  return plan.flatMap((leg) => (leg.after === legId && !isEnded(phases[leg.legId] ?? 'done') ? [leg.legId] : []))
}

/** True where a leg that others go out after has come to this phase. */
export function isAwaited(context: TradeContext, event: TradeEvent, phase: Phase): boolean {
  return event.type === 'leg.changed' && event.phase === phase && dependants(context, event.legId).length > 0
}

export const approvalFailed: Failure = {
  code: 'APPROVAL_FAILED',
  message: 'The approval that this swap needs failed.',
  retryable: false,
}
const nothingToDo: Failure = { code: 'NO_LIQUIDITY', message: 'No venue takes any of the order.', retryable: false }
