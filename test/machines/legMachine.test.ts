import { describe, expect, test } from 'vitest'
import { type AnyMachineSnapshot, type AnyStateMachine, createActor } from 'xstate'
import type { LegEvent } from '../../machines/legEvents.ts'
import { legMachine } from '../../machines/legMachine.ts'
import type { Failure } from '../../src/domain/errors.ts'
import type { LegContext, LegOrder, MinedAttempt, Offer } from '../../src/domain/leg.ts'
import type { Attempt } from '../../src/domain/transaction.ts'
import { pathOf } from '../../src/runtime/runner.ts'
import { explore } from '../support/explore.ts'
import { approvalOrder, gapOrder, swapOrder } from '../support/orders.ts'

const again: Failure = { code: 'SLIPPAGE', message: 'again', retryable: true }
const never: Failure = { code: 'WOULD_REVERT', message: 'never', retryable: false }
const deadlineMs = 1_000_000
const soon = 1_000
const late = deadlineMs + 1

/** What the runtime could answer in this state: every event of the effect it has running, and every event from outside. */
function eventsIn(snapshot: AnyMachineSnapshot): LegEvent[] {
  const context = snapshot.context as LegContext
  const events = [soon, late].flatMap((atMs) => possible(context, atMs, pathOf(snapshot.value)))
  return events.filter(({ type }) => answers[pathOf(snapshot.value)]?.includes(type) || outside.includes(type))
}

const outside = ['leg.cancel', 'leg.blocked', 'leg.unblocked']
const answers: Record<string, readonly string[]> = {
  'preparing.admitting': ['leg.admitted', 'leg.faulted'],
  'preparing.quoting': ['leg.quoted', 'leg.faulted'],
  'preparing.pricing': ['leg.priced', 'leg.dear', 'leg.unquoted', 'leg.faulted'],
  'preparing.holding': ['leg.affordable', 'leg.expired', 'leg.faulted'],
  'preparing.reserving': ['leg.reserved', 'leg.faulted'],
  'preparing.signing': ['leg.signed', 'leg.faulted'],
  'preparing.releasing': ['leg.released', 'leg.holed', 'leg.faulted'],
  'submitted.broadcasting': ['leg.sent', 'leg.refused', 'leg.faulted'],
  'submitted.pending': ['leg.mined', 'leg.overdue', 'leg.displaced', 'leg.faulted'],
  'submitted.bumping': ['leg.signed', 'leg.unchanged', 'leg.faulted'],
  'submitted.cancelling': ['leg.signed', 'leg.unchanged', 'leg.faulted'],
  confirming: ['leg.confirmed', 'leg.orphaned'],
  retrying: ['leg.woken'],
}

const fees = { maxFeePerGas: '1', maxPriorityFeePerGas: '1' } as const

function offerOf(): Offer {
  return { call: { to: '0x', data: '0x', value: '0' }, gasLimit: 100, deadlineMs, ...fees }
}

function attemptOf(purpose: Attempt['purpose'], index: number, nonce = 7): Attempt {
  return { ...fees, purpose, nonce, gasLimit: 100, hash: `0x${purpose}${index}` as `0x${string}`, raw: '0x' }
}

function possible(context: LegContext, atMs: number, path: string): LegEvent[] {
  const offer = offerOf()
  const purpose = path === 'submitted.cancelling' ? 'cancel' : (context.attempts.at(-1)?.purpose ?? 'call')
  const attempt = attemptOf(purpose, context.attempts.length, context.nonce ?? -1)
  return [
    { type: 'leg.admitted', atMs },
    { type: 'leg.quoted', quote: { amount: '4500000000' }, atMs },
    { type: 'leg.quoted', quote: { amount: '1' }, atMs },
    { type: 'leg.priced', offer, atMs },
    { type: 'leg.dear', atMs },
    { type: 'leg.unquoted', atMs },
    { type: 'leg.affordable', atMs },
    { type: 'leg.expired', failure: never, atMs },
    { type: 'leg.reserved', nonce: 7, atMs },
    { type: 'leg.signed', attempt, atMs },
    { type: 'leg.unchanged', atMs },
    { type: 'leg.released', atMs },
    { type: 'leg.holed', atMs },
    ...(['taken', 'outbid'] as const).map((reply): LegEvent => ({ type: 'leg.sent', reply, atMs })),
    { type: 'leg.refused', failure: never, atMs },
    ...context.attempts.flatMap(({ hash }) =>
      [true, false].map((succeeded): LegEvent => ({ type: 'leg.mined', mined: minedOf(hash, succeeded), atMs })),
    ),
    { type: 'leg.overdue', atMs },
    { type: 'leg.displaced', failure: again, atMs },
    { type: 'leg.confirmed', atMs },
    { type: 'leg.orphaned', atMs },
    { type: 'leg.woken', atMs },
    { type: 'leg.blocked', atMs },
    { type: 'leg.unblocked', atMs },
    { type: 'leg.cancel', failure: never, atMs },
    { type: 'leg.faulted', failure: again, atMs },
    { type: 'leg.faulted', failure: never, atMs },
  ]
}

function minedOf(hash: `0x${string}`, succeeded: boolean): MinedAttempt {
  const fill = succeeded ? ({ amountIn: '1', amountOut: '2' } as const) : null
  return { hash, blockNumber: 1, blockHash: '0x01', succeeded, gasUsed: 50, effectiveGasPrice: '1', fill }
}

/** What decides where a leg can go. Three attempts of a nonce are as good as thirty. */
function keyOf(snapshot: AnyMachineSnapshot): string {
  const { blocked, retries, nonce, attempts, cancelReason, mined, quote, offer } = snapshot.context as LegContext
  const purposes = attempts.slice(0, 3).map(({ purpose }) => purpose)
  const minedPurpose = attempts.find(({ hash }) => hash === mined?.hash)?.purpose
  return JSON.stringify([
    pathOf(snapshot.value),
    blocked,
    retries,
    nonce,
    purposes,
    cancelReason?.retryable,
    [minedPurpose, mined?.succeeded],
    quote === null,
    offer === null,
  ])
}

function walk(order: LegOrder) {
  return explore(legMachine as AnyStateMachine, { order, atMs: 0 }, eventsIn, keyOf)
}

const swap = walk({ ...swapOrder, after: approvalOrder.legId })
const lone = walk(swapOrder)
const approval = walk(approvalOrder)
const gap = walk(gapOrder)
const steps = [...swap.steps, ...lone.steps, ...approval.steps, ...gap.steps]
const contextOf = (snapshot: AnyMachineSnapshot) => snapshot.context as LegContext

describe('the leg machine', () => {
  test('reaches every one of its states and takes every one of its transitions', () => {
    const everywhere = (list: (one: typeof swap) => readonly string[]) =>
      list(swap).filter((name) => list(lone).includes(name) && list(approval).includes(name))

    expect(everywhere(({ unreached }) => unreached)).toEqual([])
    expect(everywhere(({ untaken }) => untaken)).toEqual([])
  })

  test('has exactly the six top-level states of the design', () => {
    expect(Object.keys(legMachine.states)).toEqual([
      'preparing',
      'submitted',
      'confirming',
      'retrying',
      'done',
      'failed',
    ])
  })

  test('takes a nonce only when it has none', () => {
    const reserved = steps.filter(
      ({ event, before }) => event.type === 'leg.reserved' && pathOf(before.value) === 'preparing.reserving',
    )

    expect(reserved.length).toBeGreaterThan(0)
    for (const { before } of reserved) expect(contextOf(before)).toMatchObject({ nonce: null, attempts: [] })
  })

  test('lets a nonce go only when it is consumed at depth, given back unused, or taken by a stranger', () => {
    const dropped = steps.filter(
      ({ before, after }) => contextOf(before).nonce !== null && contextOf(after).nonce === null,
    )
    const reasons = new Set(dropped.map(({ event }) => event.type))

    expect(reasons).toEqual(new Set(['leg.confirmed', 'leg.released', 'leg.displaced']))
  })

  test('never gives a nonce back once a transaction was signed for it', () => {
    const released = steps.filter(({ before }) => pathOf(before.value) === 'preparing.releasing')

    expect(released.length).toBeGreaterThan(0)
    for (const { before } of released) expect(contextOf(before).attempts).toEqual([])
  })

  test('never forgets a transaction while its nonce is open', () => {
    for (const { before, after } of steps) {
      const nonce = contextOf(after).nonce
      if (nonce === null || nonce !== contextOf(before).nonce) continue
      expect(contextOf(after).attempts.length).toBeGreaterThanOrEqual(contextOf(before).attempts.length)
    }
  })

  test('closes a gap by nothing but cancellations of its one nonce, whatever of it is mined', () => {
    const { steps, states } = gap
    const signed = steps.filter(({ event, after }) => event.type === 'leg.signed' && pathOf(after.value) !== 'failed')

    expect([...states].filter((state) => /^leg\.(preparing|retrying)/.test(state))).toEqual([])
    expect(signed.length).toBeGreaterThan(0)
    for (const { after } of steps) expect([7, null]).toContain(contextOf(after).nonce)
    for (const { after, event, before } of steps) {
      if (event.type === 'leg.confirmed' && before.value === 'confirming') expect(after.value).toBe('done')
    }
  })

  test('takes for its own what it signed and does not remember, and reports its fill', () => {
    const actor = createActor(legMachine, { input: { order: swapOrder, atMs: 0 } }).start()
    const [first] = actor.getSnapshot().context.attempts
    const found = { ...attemptOf('call', 0), hash: '0xf0' } as const
    const play: LegEvent[] = [
      { type: 'leg.admitted', atMs: 1 },
      { type: 'leg.priced', offer: { ...offerOf(), deadlineMs }, atMs: 1 },
      { type: 'leg.reserved', nonce: 7, atMs: 1 },
      { type: 'leg.signed', attempt: attemptOf('call', 1), atMs: 1 },
      { type: 'leg.sent', reply: 'taken', atMs: 1 },
      { type: 'leg.mined', mined: minedOf('0xf0', true), found, atMs: 2 },
      { type: 'leg.confirmed', atMs: 3 },
    ]

    for (const event of play) actor.send(event)

    expect(first).toBeUndefined()
    expect(actor.getSnapshot()).toMatchObject({ value: 'done', context: { hash: '0xf0', fill: { amountOut: '2' } } })
  })

  test('looks again soon after a node wanted more', () => {
    const looks = (['taken', 'outbid'] as const).map((reply) => {
      const actor = createActor(legMachine, { input: { order: gapOrder, atMs: 0 } }).start()
      actor.send({ type: 'leg.signed', attempt: attemptOf('cancel', 0), atMs: 1_000 })
      actor.send({ type: 'leg.sent', reply, atMs: 1_000 })
      return actor.getSnapshot().context.checkAtMs
    })

    expect(looks).toEqual([16_000, 4_750])
  })

  test('is done only when its own call succeeded, at depth', () => {
    const legs = [...swap.steps, ...lone.steps, ...approval.steps]
    const ends = legs.filter(({ before, after }) => after.value === 'done' && before.value !== 'done')

    expect(ends.length).toBeGreaterThan(0)
    for (const { before, event } of ends) {
      const { mined, attempts } = contextOf(before)
      expect(event.type).toBe('leg.confirmed')
      expect(attempts.find(({ hash }) => hash === mined?.hash)).toMatchObject({ purpose: 'call' })
      expect(mined?.succeeded).toBe(true)
    }
  })

  test('starts no new try once it was told to stop', () => {
    const retried = steps.filter(({ before, after }) => after.value === 'retrying' && before.value !== 'retrying')

    expect(retried.length).toBeGreaterThan(0)
    for (const { before } of retried) expect(contextOf(before).cancelReason?.retryable ?? true).toBe(true)
  })

  test('counts the gas of every attempt that is final', () => {
    const final = steps.filter(({ event, before }) => event.type === 'leg.confirmed' && before.value === 'confirming')

    for (const { before, after } of final) expect(contextOf(after).gasUsed).toBe(contextOf(before).gasUsed + 50)
  })

  test('ends with a failure that says why, or with none', () => {
    for (const { after } of steps) {
      if (after.value === 'failed') expect(contextOf(after).failure?.code).toBeTypeOf('string')
      if (after.value === 'done') expect(contextOf(after).failure).toBeNull()
    }
  })

  test('gives back a nonce that it was given while it was being cancelled', () => {
    const told = steps.filter(
      ({ before, event }) =>
        pathOf(before.value) === 'preparing.reserving' &&
        event.type === 'leg.reserved' &&
        contextOf(before).cancelReason !== null,
    )

    expect(told.length).toBeGreaterThan(0)
    for (const { after } of told) expect(pathOf(after.value)).toBe('preparing.releasing')
  })

  test('keeps only plain JSON', () => {
    for (const { after } of steps) expect(JSON.parse(JSON.stringify(after.context))).toEqual(after.context)
  })

  test('never re-enters the state that it is in, since the runner knows a new effect by a new state', () => {
    for (const { before, after, event } of steps) {
      if (pathOf(before.value) !== pathOf(after.value)) continue
      const definitions = legMachine.getTransitionData(before as never, event as never)
      for (const { target } of definitions) expect(target ?? []).toEqual([])
    }
  })
})
