import type { AnyActorRef } from 'xstate'
import type { TradeEffect, TradeEvent } from '../../machines/tradeEvents.ts'
import type { TradeResult } from '../distribution/distribution.ts'
import type { LegContext } from '../domain/leg.ts'
import type { TradeContext } from '../domain/trade.ts'
import type { Metrics } from './metrics.ts'
import { type Plan, planByDistribution, planByQuotes } from './planning.ts'
import { type Portion, wholeOf } from './portion.ts'
import type { Ports } from './ports.ts'
import { boughtOf, restOf, shortfallOf } from './rounds.ts'
import type { Effects } from './runner.ts'

export interface TradeEffectDeps {
  readonly ports: Ports
  readonly metrics: Metrics
  readonly actor: () => AnyActorRef
  /** The end is on disk: whoever waits for it may hear of it. */
  readonly onEnded: () => void
}

/** What the runner does for a trade, by the effect that its state names. */
export function tradeEffects(deps: TradeEffectDeps): Effects<TradeContext, TradeEffect, TradeEvent> {
  const { ports, metrics, actor, onEnded } = deps

  async function splitAgain(portion: Portion | null, signal: AbortSignal): Promise<Allocated> {
    ports.halting.check()
    if (portion === null) return { type: 'trade.allocated', plan: [], unallocated: '0' }
    return allocated(await planByDistribution(ports, portion, signal))
  }

  return {
    allocate: ({ order }, signal) => {
      ports.halting.check()
      const whole = wholeOf(order)
      if (order.quotes === null) return planByDistribution(ports, whole, signal).then(allocated)
      const plan = planByQuotes(ports, whole, order.quotes, signal)
      return plan instanceof Promise ? plan.then(allocated) : allocated(plan)
    },

    reallocate: ({ order, round }, signal) => splitAgain(restOf(order, legsOf(actor()), round), signal),

    unwind: ({ order, round }, signal) => splitAgain(boughtOf(order, legsOf(actor()), round), signal),

    // In one turn with the event that ends the trade, so that both are in the same commit and nothing counts twice; but after
    // the last leg has told everybody of its end.
    settle: async () => {
      await Promise.resolve()
      const result = resultOf(actor(), ports.clock.now())
      metrics.note(result)
      try {
        ports.distribution.record(result)
      } catch (error) {
        ports.onTrouble(error, 'the distribution manager’s record()')
      }
      const { order } = actor().getSnapshot().context as TradeContext
      return { type: 'trade.settled', failure: shortfallOf(order, legsOf(actor())) }
    },

    announce: () => {
      onEnded()
      return null
    },
  }
}

type Allocated = Omit<Extract<TradeEvent, { type: 'trade.allocated' }>, 'atMs'>

function allocated(plan: Plan): Allocated {
  return { type: 'trade.allocated', ...plan }
}

/** The legs of a trade as they are now. */
function legsOf(trade: AnyActorRef): LegContext[] {
  const { context, children } = trade.getSnapshot()
  return (context as TradeContext).plan.flatMap(({ legId }) => children[legId]?.getSnapshot().context ?? [])
}

/** What a trade came to, swaps that fill it only. */
function resultOf(trade: AnyActorRef, endedAtMs: number): TradeResult {
  const { order } = trade.getSnapshot().context as TradeContext
  const { tradeId, pair, side } = order
  return { tradeId, pair, side, endedAtMs, legs: legsOf(trade).flatMap(legResult) }
}

function legResult(leg: LegContext): TradeResult['legs'][number][] {
  const { order, fill, failure, gasUsed, gasCostWei, startedAtMs, endedAtMs, retries } = leg
  if (order.task.kind !== 'swap' || order.purpose === 'unwind') return []
  const result = {
    legId: order.legId,
    venue: order.venue,
    status: fill === null ? ('failed' as const) : ('done' as const),
    amount: order.task.swap.amount,
    quoted: order.quote?.amount ?? '0',
    filledIn: fill?.amountIn ?? '0',
    filledOut: fill?.amountOut ?? '0',
    hash: leg.hash,
    retries,
    gasUsed,
    gasCostWei,
    elapsedMs: (endedAtMs ?? startedAtMs) - startedAtMs,
  }
  return [failure === null || fill !== null ? result : { ...result, failureCode: failure.code }]
}
