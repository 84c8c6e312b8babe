import { describe, expect, test } from 'vitest'
import { type AnyActorRef, type AnyStateMachine, createActor } from 'xstate'
import { tradeMachine } from '../../machines/tradeMachine.ts'
import type { Failure } from '../../src/domain/errors.ts'
import type { LegContext, LegOrder, Phase } from '../../src/domain/leg.ts'
import { pathOf } from '../../src/runtime/runner.ts'
import { explore } from '../support/explore.ts'
import { acceptedOrder, approvalOrder, swapOrder } from '../support/orders.ts'

const why: Failure = { code: 'NO_LIQUIDITY', message: 'dry', retryable: false }
const atMs = 1_000
const secondSwap: LegOrder = { ...swapOrder, legId: 'uniswap-v3', venue: 'uniswap-v3' }

function startTrade(plan: readonly LegOrder[]) {
  const trade = createActor(tradeMachine, { input: acceptedOrder }).start()
  trade.send({ type: 'trade.allocated', plan, unallocated: '0', atMs })
  const legOf = (order: LegOrder) => trade.getSnapshot().children[order.legId] as AnyActorRef
  const place = () => pathOf(trade.getSnapshot().value)
  return { trade, legOf, place }
}

/** The answers that take a leg from its start to the wire. */
function toWire(leg: AnyActorRef, nonce: number): void {
  const fees = { maxFeePerGas: '1', maxPriorityFeePerGas: '1' } as const
  leg.send({ type: 'leg.admitted', atMs })
  leg.send({
    type: 'leg.priced',
    offer: { call: { to: '0x', data: '0x', value: '0' }, gasLimit: 100, deadlineMs: 9e9, ...fees },
    atMs,
  })
  leg.send({ type: 'leg.reserved', nonce, atMs })
  leg.send({
    type: 'leg.signed',
    attempt: { ...fees, purpose: 'call', nonce, gasLimit: 100, hash: `0x${nonce}`, raw: '0x' },
    atMs,
  })
  leg.send({ type: 'leg.sent', atMs })
}

function toEnd(leg: AnyActorRef, nonce: number, succeeded: boolean): void {
  const fill = succeeded ? ({ amountIn: '1', amountOut: '2' } as const) : null
  const block = { blockNumber: 1, blockHash: '0x01', gasUsed: 50, effectiveGasPrice: '1' } as const
  leg.send({ type: 'leg.mined', mined: { hash: `0x${nonce}`, succeeded, fill, ...block }, atMs })
  leg.send({ type: 'leg.confirmed', atMs })
}

describe('the trade machine', () => {
  test('reaches every one of its states and takes every one of its transitions', () => {
    const phases: Phase[] = ['preparing', 'submitted', 'confirming', 'retrying', 'done', 'failed']
    const plan = [approvalOrder, { ...swapOrder, after: approvalOrder.legId }, secondSwap]
    const events = [
      { type: 'trade.allocated', plan, unallocated: '0', atMs },
      { type: 'trade.allocated', plan: [], unallocated: '0', atMs },
      { type: 'trade.faulted', failure: why, atMs },
      { type: 'trade.settled', atMs },
      { type: 'trade.cancel', failure: why, atMs },
      { type: 'leg.placed', legId: approvalOrder.legId, atMs },
      ...plan.flatMap(({ legId }) => phases.map((phase) => ({ type: 'leg.changed', legId, phase, atMs }))),
    ]

    const { unreached, untaken } = explore(
      tradeMachine as AnyStateMachine,
      acceptedOrder,
      // Only legs that there are say anything.
      ({ value, context }) =>
        events.filter(({ type }) =>
          type === 'trade.allocated' || type === 'trade.faulted'
            ? pathOf(value) === 'preparing.allocating'
            : !type.startsWith('leg.') || context.plan.length > 0,
        ),
      ({ value, context }) => JSON.stringify([pathOf(value), context.phases, context.failure !== null]),
    )

    expect(unreached).toEqual([])
    expect(untaken).toEqual([])
  })

  test('has exactly the six top-level states of the design', () => {
    expect(Object.keys(tradeMachine.states)).toEqual([
      'preparing',
      'submitted',
      'confirming',
      'retrying',
      'done',
      'failed',
    ])
  })

  test('follows its legs from preparing over submitted and confirming to done', () => {
    const { trade, legOf, place } = startTrade([swapOrder, secondSwap])
    const seen = [place()]
    trade.subscribe(() => seen.push(place()))

    toWire(legOf(swapOrder), 1)
    toWire(legOf(secondSwap), 2)
    toEnd(legOf(swapOrder), 1, true)
    toEnd(legOf(secondSwap), 2, true)
    trade.send({ type: 'trade.settled', atMs })

    expect([...new Set(seen)]).toEqual([
      'preparing.starting',
      'submitted',
      'confirming.deepening',
      'confirming.settling',
      'done',
    ])
  })

  test('is done when one leg was filled and the other failed, and failed when none was', () => {
    const run = (succeeded: readonly boolean[]) => {
      const { trade, legOf, place } = startTrade([swapOrder, secondSwap])
      succeeded.forEach((success, index) => {
        const leg = legOf(index === 0 ? swapOrder : secondSwap)
        for (let round = 0; round < 2 && leg.getSnapshot().status === 'active'; round += 1) {
          if (leg.getSnapshot().value === 'retrying') {
            leg.send({ type: 'leg.woken', atMs })
            leg.send({ type: 'leg.admitted', atMs })
            leg.send({ type: 'leg.quoted', quote: { amount: '4500000000' }, atMs })
          }
          toWire(leg, index * 10 + round)
          toEnd(leg, index * 10 + round, success)
        }
      })
      trade.send({ type: 'trade.settled', atMs })
      return place()
    }

    expect(run([true, false])).toBe('done')
    expect(run([false, false])).toBe('failed')
  })

  test('lets a swap take its nonce only after its approval has one', () => {
    const swap = { ...swapOrder, after: approvalOrder.legId }
    const { legOf } = startTrade([approvalOrder, swap])

    toWire(legOf(swap), 2)
    const before = pathOf(legOf(swap).getSnapshot().value)
    toWire(legOf(approvalOrder), 1)

    expect(before).toBe('preparing.queued')
    expect(pathOf(legOf(swap).getSnapshot().value)).toBe('preparing.admitting')
  })

  test('ends a swap whose approval failed', () => {
    const swap = { ...swapOrder, after: approvalOrder.legId }
    const { trade, legOf } = startTrade([approvalOrder, swap])
    const [first, second] = [legOf(approvalOrder), legOf(swap)]

    first.send({ type: 'leg.faulted', failure: why, atMs })
    trade.send({ type: 'trade.settled', atMs })

    expect((second.getSnapshot().context as LegContext).failure?.code).toBe('APPROVAL_FAILED')
    expect(trade.getSnapshot().value).toBe('failed')
  })

  test('restores with every leg where it was, and goes on', () => {
    const { trade, legOf } = startTrade([swapOrder, secondSwap])
    toWire(legOf(swapOrder), 1)
    const stored = JSON.parse(JSON.stringify(trade.getPersistedSnapshot()))

    const again = createActor(tradeMachine, { snapshot: stored, input: acceptedOrder }).start()
    const leg = again.getSnapshot().children[swapOrder.legId] as AnyActorRef
    const resumedAt = pathOf(leg.getSnapshot().value)
    toEnd(leg, 1, true)

    expect(resumedAt).toBe('submitted.pending')
    expect(again.getSnapshot().context.phases).toEqual({ 'uniswap-v2': 'done', 'uniswap-v3': 'preparing' })
  })
})
