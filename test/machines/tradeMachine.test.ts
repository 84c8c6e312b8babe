import { describe, expect, test } from 'vitest'
import { type AnyActorRef, type AnyStateMachine, createActor } from 'xstate'
import { tradeMachine } from '../../machines/tradeMachine.ts'
import type { Failure } from '../../src/domain/errors.ts'
import type { LegContext, LegOrder, Phase } from '../../src/domain/leg.ts'
import type { FillPolicy, TradeContext } from '../../src/domain/trade.ts'
import { pathOf } from '../../src/runtime/runner.ts'
import { explore } from '../support/explore.ts'
import { acceptedOrder, approvalOrder, swapOrder } from '../support/orders.ts'

const why: Failure = { code: 'NO_LIQUIDITY', message: 'dry', retryable: false }
const atMs = 1_000
const secondSwap: LegOrder = { ...swapOrder, legId: 'uniswap-v3', venue: 'uniswap-v3' }

function startTrade(plan: readonly LegOrder[], fillPolicy: FillPolicy = { kind: 'bestEffort' }) {
  const trade = createActor(tradeMachine, { input: { ...acceptedOrder, fillPolicy } }).start()
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

function isOfTwoSwaps(event: { readonly type: string; readonly plan?: readonly LegOrder[]; readonly phase?: Phase }) {
  if (event.plan !== undefined) return event.plan.length === 0
  return event.phase === undefined || event.phase === 'done' || event.phase === 'failed'
}

/** A first split has the first legs, the second one others, and a third none; nothing is what any of them may come to. */
function isOfRound(event: object, round: number): boolean {
  const plan = 'plan' in event ? (event.plan as LegOrder[]) : []
  return plan.every(({ legId }) => (legId.includes('#') ? round === 1 : round === 0))
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

    const again: LegOrder = { ...secondSwap, legId: 'uniswap-v3#1' }
    const back: LegOrder = { ...secondSwap, legId: 'uniswap-v3#1', purpose: 'unwind' }
    const splits = ['preparing.allocating', 'retrying.reallocating', 'retrying.unwinding']
    const policies: FillPolicy['kind'][] = ['bestEffort', 'reallocate', 'unwind']
    const runs = policies.map((kind) => {
      const later = kind === 'unwind' ? back : again
      const more = [
        { type: 'trade.allocated', plan: [swapOrder, secondSwap], unallocated: '0', atMs },
        { type: 'trade.allocated', plan: [later], unallocated: '0', atMs },
        { type: 'trade.settled', failure: why, atMs },
        ...(['done', 'failed'] as const).map((phase) => ({ type: 'leg.changed', legId: later.legId, phase, atMs })),
      ]
      // Every way of three legs is walked once: the other policies differ only in what follows the end of all legs.
      const first = kind === 'bestEffort' ? events : events.filter((event) => isOfTwoSwaps(event))
      return explore(
        tradeMachine as AnyStateMachine,
        { ...acceptedOrder, fillPolicy: { kind }, reallocationsMax: 1 },
        ({ value, context }) =>
          [...first, ...more].filter((event) => {
            const isSplit = event.type === 'trade.allocated' || event.type === 'trade.faulted'
            if (isSplit) return splits.includes(pathOf(value)) && isOfRound(event, context.round)
            // Only legs that there are say anything, until they have ended.
            if (!('legId' in event)) return true
            const phase = (context as TradeContext).phases[event.legId]
            return phase !== undefined && phase !== 'done' && phase !== 'failed'
          }),
        ({ value, context }) =>
          JSON.stringify([pathOf(value), context.phases, context.failure !== null, context.round]),
      )
    })
    const inAll = (of: (run: (typeof runs)[number]) => readonly string[]): readonly string[] => {
      const [first = [], ...others] = runs.map(of)
      return first.filter((name) => others.every((other) => other.includes(name)))
    }
    const [unreached, untaken] = [inAll((run) => run.unreached), inAll((run) => run.untaken)]

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

  describe('where a leg fails', () => {
    const again: LegOrder = { ...secondSwap, legId: 'uniswap-v3#1' }
    const fails = (leg: AnyActorRef) => leg.send({ type: 'leg.faulted', failure: why, atMs })

    test('splits it again only once all legs have ended, and as often as the order says', () => {
      const { trade, legOf, place } = startTrade([swapOrder, secondSwap], { kind: 'reallocate' })
      fails(legOf(swapOrder))
      const whileOneRuns = place()
      fails(legOf(secondSwap))
      const whenAllEnded = place()

      trade.send({ type: 'trade.allocated', plan: [again], unallocated: '0', atMs })
      const begun = place()
      fails(legOf(again))
      const afterOne = place()
      trade.send({ type: 'trade.allocated', plan: [{ ...again, legId: 'uniswap-v3#2' }], unallocated: '0', atMs })
      fails(legOf({ ...again, legId: 'uniswap-v3#2' }))

      expect(whileOneRuns).not.toMatch(/realloc/)
      expect(whenAllEnded).toBe('retrying.reallocating')
      expect(begun).toBe('retrying.waiting')
      expect(afterOne).toBe('retrying.reallocating')
      expect(place()).toBe('confirming.settling')
    })

    test('does not split again what was cancelled', () => {
      const { trade, place } = startTrade([swapOrder], { kind: 'reallocate' })

      trade.send({ type: 'trade.cancel', failure: why, atMs })

      expect(place()).toBe('confirming.settling')
    })

    test('ends with what it has where nothing takes the rest', () => {
      const { trade, legOf, place } = startTrade([swapOrder], { kind: 'reallocate' })
      fails(legOf(swapOrder))

      trade.send({ type: 'trade.faulted', failure: why, atMs })

      expect(place()).toBe('confirming.settling')
      expect(trade.getSnapshot().context.failure).toEqual(why)
    })

    test('sells back what the others bought where it is to be all or nothing, until nothing is left', () => {
      const { trade, legOf, place } = startTrade([swapOrder, secondSwap], { kind: 'unwind' })
      toWire(legOf(swapOrder), 1)
      toEnd(legOf(swapOrder), 1, true)
      fails(legOf(secondSwap))
      const whenAllEnded = place()
      const back: LegOrder = { ...again, purpose: 'unwind' }
      trade.send({ type: 'trade.allocated', plan: [back], unallocated: '0', atMs })

      fails(legOf(back))
      const whenBack = place()
      trade.send({ type: 'trade.allocated', plan: [], unallocated: '0', atMs })

      expect([whenAllEnded, whenBack]).toEqual(['retrying.unwinding', 'retrying.unwinding'])
      expect(place()).toBe('confirming.settling')
    })

    test('fails where less is filled than its policy asks for, though something is', () => {
      const { trade, legOf, place } = startTrade([swapOrder], { kind: 'minimumFill', bps: 9_000 })
      toWire(legOf(swapOrder), 1)
      toEnd(legOf(swapOrder), 1, true)

      trade.send({ type: 'trade.settled', failure: why, atMs })

      expect(place()).toBe('failed')
      expect(trade.getSnapshot().context.failure).toEqual(why)
    })
  })
})
