import type { AnyActorRef } from 'xstate'
import type { TradeEffect, TradeEvent } from '../../machines/tradeEvents.ts'
import type { TradeResult } from '../distribution/distribution.ts'
import type { LegContext } from '../domain/leg.ts'
import type { TradeContext } from '../domain/trade.ts'
import type { Metrics } from './metrics.ts'
import { planByDistribution, planByQuotes } from './planning.ts'
import type { Ports } from './ports.ts'
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
  return {
    allocate: ({ order }, signal) => {
      if (order.quotes === null)
        return planByDistribution(ports, order, signal).then((plan) => ({ type: 'trade.allocated', ...plan }))
      const plan = planByQuotes(ports, order, order.quotes, signal)
      if (!(plan instanceof Promise)) return { type: 'trade.allocated', ...plan }
      return plan.then((late) => ({ type: 'trade.allocated', ...late }))
    },

    // In one turn with the event that ends the trade, so that both are in the same commit and nothing counts twice; but after
    // the last leg has told everybody of its end.
    settle: async () => {
      await Promise.resolve()
      const result = resultOf(actor())
      metrics.note(result)
      try {
        ports.distribution.record(result)
      } catch (error) {
        ports.onTrouble(error, 'the distribution manager’s record()')
      }
      return { type: 'trade.settled' }
    },

    announce: () => {
      onEnded()
      return null
    },
  }
}

/** What a trade came to, swaps only. */
function resultOf(trade: AnyActorRef): TradeResult {
  const snapshot = trade.getSnapshot()
  const { order, plan } = snapshot.context as TradeContext
  const legs = plan.flatMap(({ legId }) => {
    const leg = snapshot.children[legId]?.getSnapshot().context as LegContext | undefined
    return leg === undefined ? [] : [legResult(leg)]
  })
  return { tradeId: order.tradeId, pair: order.pair, side: order.side, legs: legs.flat() }
}

function legResult(leg: LegContext): TradeResult['legs'][number][] {
  const { order, fill, failure, gasUsed, gasCostWei, startedAtMs, endedAtMs, retries } = leg
  if (order.task.kind !== 'swap') return []
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
