import type { AnyActorRef } from 'xstate'
import { legMachine } from '../../machines/legMachine.ts'
import { tradeMachine } from '../../machines/tradeMachine.ts'
import { startInspector } from '../monitor/inspector.ts'
import type { TradeStep } from './liveTrade.ts'

/** Shows trades and legs to the Stately inspector, step by step. */
export interface Inspection {
  readonly url: string
  note(step: TradeStep, actor: AnyActorRef): void
  close(): Promise<void>
}

/** Opens the relay on loopback. Fed from the runner's own steps: xstate's `inspect` makes a leg nearly four times dearer. */
export async function startInspection(settings: { readonly port: number }): Promise<Inspection> {
  const inspector = await startInspector(settings)
  const definitions = { leg: JSON.stringify(legMachine.config), trade: JSON.stringify(tradeMachine.config) }
  const shown = new Set<string>()

  return {
    url: inspector.url,
    note({ tradeId, legId, to, event }, actor) {
      const sessionId = legId === undefined ? tradeId : `${tradeId}/${legId}`
      const snapshot: unknown = actor.getSnapshot()
      if (!shown.has(sessionId)) {
        shown.add(sessionId)
        const parent = legId === undefined ? {} : { parentSessionId: tradeId }
        const definition = legId === undefined ? definitions.trade : definitions.leg
        inspector.actorStarted({ sessionId, ...parent, rootSessionId: tradeId, name: sessionId, definition, snapshot })
      } else {
        inspector.transitioned({ sessionId, rootSessionId: tradeId, event: { type: event ?? 'restored' }, snapshot })
      }
      if (to !== 'done' && to !== 'failed') return
      shown.delete(sessionId)
      inspector.actorStopped({ sessionId })
    },
    close: () => inspector.close(),
  }
}
