import type { Failure } from '../src/domain/errors.ts'
import type { Phase } from '../src/domain/leg.ts'
import type { AcceptedOrder, PlannedLeg, TradeContext } from '../src/domain/trade.ts'
import type { TradeEvent } from './tradeEvents.ts'

type Facts = Partial<TradeContext>

/** A trade that has just been accepted. */
export function newTrade(order: AcceptedOrder): TradeContext {
  return {
    order,
    plan: [],
    unallocated: '0',
    round: 0,
    nativePrice: null,
    phases: {},
    failure: null,
    cancelReason: null,
    endedAtMs: null,
  }
}

/** The legs of a split, behind those of the splits before it. */
export function planned(context: TradeContext, event: TradeEvent): Facts {
  if (event.type !== 'trade.allocated') return {}
  const { plan, phases, round, nativePrice } = context
  const legs = event.plan.map(({ legId, venue, after, task, purpose = 'fill' }) => {
    return { legId, venue, after, kind: task.kind, purpose, round }
  })
  const preparing = Object.fromEntries(legs.map(({ legId }) => [legId, 'preparing' as const]))
  // What is sold back is no part of the order, and its quotes are in other units.
  const isBack = legs.some(({ purpose }) => purpose === 'unwind')
  return {
    plan: [...plan, ...legs],
    unallocated: isBack ? context.unallocated : event.unallocated,
    nativePrice: nativePrice ?? (isBack ? null : (event.nativePrice ?? null)),
    phases: { ...phases, ...preparing },
  }
}

/** It is split once more. */
export function splitAgain({ round }: TradeContext): Facts {
  return { round: round + 1 }
}

export function legChanged(context: TradeContext, event: TradeEvent): Facts {
  if (event.type !== 'leg.changed') return {}
  return { phases: { ...context.phases, [event.legId]: event.phase } }
}

export function failed({ failure }: TradeContext, event: TradeEvent): Facts {
  return { failure: 'failure' in event ? (event.failure ?? failure) : failure }
}

/** What forbids a trade to trade any further is not taken away by a later reason. */
export function cancelled(context: TradeContext, event: TradeEvent): Facts {
  return event.type === 'trade.cancel' && !isBarred(context) ? { cancelReason: event.failure } : {}
}

/** True where nothing more may be traded for it, not even to sell back what it bought. */
function isBarred({ cancelReason }: TradeContext): boolean {
  return cancelReason?.code === 'HALTED' || cancelReason?.code === 'STORE_OUTDATED'
}

export function ended({ failure, plan }: TradeContext, event: TradeEvent): Facts {
  const short = event.type === 'trade.settled' ? (event.failure ?? null) : null
  return { endedAtMs: event.atMs, failure: because(short, failure) ?? (plan.length === 0 ? nothingToDo : null) }
}

/** What a trade fell short of, with what stood in the way. */
function because(short: Failure | null, cause: Failure | null): Failure | null {
  if (short === null || cause === null) return short ?? cause
  return { ...short, message: `${short.message}\n  because: ${cause.code}: ${cause.message}` }
}

/** The phases of all legs as they are once `event` has been noted. */
export function after(context: TradeContext, event: TradeEvent): Phase[] {
  return Object.values(phasesAfter(context, event))
}

function phasesAfter({ phases }: TradeContext, event: TradeEvent): TradeContext['phases'] {
  return event.type === 'leg.changed' ? { ...phases, [event.legId]: event.phase } : phases
}

export function isEnded(phase: Phase): boolean {
  return phase === 'done' || phase === 'failed'
}

export function isMined(phase: Phase): boolean {
  return phase === 'confirming' || isEnded(phase)
}

/** True where something of it is filled, as far as its fill policy asks. */
export function isFulfilled({ plan, phases }: TradeContext, event: TradeEvent): boolean {
  const isShort = event.type === 'trade.settled' && (event.failure ?? null) !== null
  return !isShort && plan.some((leg) => isFilling(leg) && phases[leg.legId] === 'done')
}

/** True where all legs have ended and what failed of them is to be split over the venues left. */
export function mustReallocate(context: TradeContext, event: TradeEvent): boolean {
  const { order, plan, round, cancelReason } = context
  const { kind } = order.fillPolicy
  if ((kind !== 'reallocate' && kind !== 'minimumFill') || cancelReason !== null) return false
  if (round >= order.reallocationsMax || !after(context, event).every(isEnded)) return false
  const phases = phasesAfter(context, event)
  return plan.some((leg) => isFilling(leg) && leg.round === round && phases[leg.legId] === 'failed')
}

/**
 * True where all legs have ended, only a part of the order is filled, and it was to be all or nothing: again after each wallet's part
 * of it, until there is nothing left to be sold back. A trade that may trade no
 * further keeps what it has.
 */
export function mustUnwind(context: TradeContext, event: TradeEvent): boolean {
  const { order, plan, unallocated } = context
  if (order.fillPolicy.kind !== 'unwind' || isBarred(context) || !after(context, event).every(isEnded)) return false
  const phases = phasesAfter(context, event)
  const fills = plan.filter(isFilling).map(({ legId }) => phases[legId])
  return fills.includes('done') && (fills.includes('failed') || unallocated !== '0')
}

function isFilling({ kind, purpose }: PlannedLeg): boolean {
  return kind === 'swap' && purpose === 'fill'
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
