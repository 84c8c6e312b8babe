import { createActor, type Snapshot } from 'xstate'
import { tradeMachine } from '../../machines/tradeMachine.ts'
import { StoreError } from '../domain/errors.ts'
import type { AcceptedOrder, TradeContext } from '../domain/trade.ts'
import type { LiveRecord, StoredTrade } from './records.ts'

/**
 * A stored trade's actor, in its state and not started.
 *
 * XState drops what it cannot restore without a word, or marks it as an error. Either may leave a nonce open, so what came
 * back is compared with what was saved.
 *
 * @throws StoreError where it does not restore as it was saved. Nothing was changed.
 */
export function restoreTrade({ tradeId, record }: StoredTrade) {
  const actor = actorOf(record, (cause) => refusal(tradeId, 'the snapshot does not fit the machine', cause))
  const { status, children, context } = actor.getSnapshot()
  const { plan, phases } = context as TradeContext
  if (status !== 'active') throw refusal(tradeId, `its status is ${status}`)
  for (const { legId } of plan) {
    const leg = children[legId]?.getSnapshot()
    const isEnded = phases[legId] === 'done' || phases[legId] === 'failed'
    if (leg === undefined) throw refusal(tradeId, `leg ${legId} is missing`)
    if (leg.status !== (isEnded ? 'done' : 'active')) throw refusal(tradeId, `leg ${legId} is ${leg.status}`)
  }
  return actor
}

function actorOf({ snapshot }: LiveRecord, refuse: (cause: unknown) => StoreError) {
  try {
    return createActor(tradeMachine, {
      snapshot: snapshot as unknown as Snapshot<unknown>,
      // Not used where there is a snapshot.
      input: undefined as unknown as AcceptedOrder,
    })
  } catch (error) {
    throw refuse(error)
  }
}

function refusal(tradeId: string, reason: string, cause?: unknown): StoreError {
  return new StoreError('A stored trade does not restore as it was saved.', { tradeId, reason }, cause)
}
