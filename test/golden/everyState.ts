import { type AnyActorRef, createActor } from 'xstate'
import type { LegEvent } from '../../machines/legEvents.ts'
import { tradeMachine } from '../../machines/tradeMachine.ts'
import { machineVersion } from '../../machines/version.ts'
import type { Failure } from '../../src/domain/errors.ts'
import type { Json } from '../../src/domain/json.ts'
import type { LegOrder } from '../../src/domain/leg.ts'
import type { LiveRecord } from '../../src/runtime/records.ts'
import { acceptedOrder, approvalOrder, swapOrder } from '../support/orders.ts'

type Step = LegEvent extends infer Event ? (Event extends unknown ? Omit<Event, 'atMs'> : never) : never

const fees = { maxFeePerGas: '2000000000', maxPriorityFeePerGas: '1000000000' } as const
const call = {
  to: swapOrder.task.kind === 'swap' ? swapOrder.task.swap.wallet : '0x',
  data: '0x7ff36ab5',
  value: '1',
} as const
const retryable: Failure = { code: 'SLIPPAGE', message: 'The price moved.', retryable: true }
const final: Failure = { code: 'CANCELLED', message: 'The caller cancelled the trade.', retryable: false }
const block = { blockNumber: 7, blockHash: '0xb7', gasUsed: 90_000, effectiveGasPrice: '1000000000' } as const

const signed = (hash: `0x${string}`, purpose: 'call' | 'cancel' = 'call'): Step => ({
  type: 'leg.signed',
  attempt: { ...fees, purpose, nonce: 5, gasLimit: 150_000, hash, raw: '0x02f8' },
})
const priced: Step[] = [
  { type: 'leg.admitted' },
  { type: 'leg.priced', offer: { ...fees, call, gasLimit: 150_000, deadlineMs: 60_000 } },
]
const reserved: Step[] = [...priced, { type: 'leg.reserved', nonce: 5 }]
const broadcast: Step[] = [...reserved, signed('0xa1')]
const pending: Step[] = [...broadcast, { type: 'leg.sent', reply: 'taken' }]
const mined: Step[] = [
  ...pending,
  { type: 'leg.mined', mined: { ...block, hash: '0xa1', succeeded: true, fill: { amountIn: '1', amountOut: '2' } } },
]

/** How a leg comes into each of its states that can be stored. */
const ways: Record<string, readonly Step[]> = {
  'preparing.admitting': [],
  'preparing.quoting': [{ type: 'leg.admitted' }, { type: 'leg.unquoted' }],
  'preparing.pricing': [{ type: 'leg.admitted' }],
  'preparing.holding': [{ type: 'leg.admitted' }, { type: 'leg.dear' }],
  'preparing.reserving': priced,
  'preparing.signing': reserved,
  'preparing.releasing': [...reserved, { type: 'leg.cancel', failure: final }],
  'submitted.broadcasting': broadcast,
  'submitted.pending': pending,
  'submitted.bumping': [...pending, { type: 'leg.overdue' }],
  'submitted.cancelling': [...pending, { type: 'leg.cancel', failure: final }],
  confirming: mined,
  retrying: [{ type: 'leg.admitted' }, { type: 'leg.faulted', failure: retryable }],
  done: [...mined, { type: 'leg.confirmed' }],
  failed: [{ type: 'leg.admitted' }, { type: 'leg.faulted', failure: final }],
}

/** States of legs that can be stored, by the id of the leg that is in it. */
export const storedStates = ['preparing.queued', ...Object.keys(ways)]

/** A trade with one leg in each of these states, as it is stored. */
export function everyState(): LiveRecord {
  const plan: LegOrder[] = [
    { ...approvalOrder, legId: 'approval' },
    { ...swapOrder, legId: 'preparing.queued', after: 'approval' },
    ...Object.keys(ways).map((legId) => ({ ...swapOrder, legId })),
  ]
  const trade = createActor(tradeMachine, { input: acceptedOrder }).start()
  trade.send({ type: 'trade.allocated', plan, unallocated: '0', atMs: 1_000 })
  for (const [legId, steps] of Object.entries(ways)) {
    const leg = trade.getSnapshot().children[legId] as AnyActorRef
    for (const step of steps) leg.send({ ...step, atMs: 2_000 })
  }
  const snapshot = JSON.parse(JSON.stringify(trade.getPersistedSnapshot())) as Json
  return { schema: 1, machineVersion, snapshot, historyNext: 3 }
}
