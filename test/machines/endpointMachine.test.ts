import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AnyMachineSnapshot, type AnyStateMachine, createActor } from 'xstate'
import type { EndpointEvent } from '../../machines/endpointEvents.ts'
import { type EndpointContext, endpointMachine } from '../../machines/endpointMachine.ts'
import { explore } from '../support/explore.ts'

const failure = { code: 'ENDPOINT', message: 'down', retryable: true }
const name = 'https://one.example'

const events: readonly EndpointEvent[] = [
  { type: 'endpoint.answered', atMs: 1_000 },
  { type: 'endpoint.failed', failure, atMs: 1_000 },
  { type: 'endpoint.failed', failure, atMs: 200_000 },
  { type: 'endpoint.limited', untilMs: null, failure, atMs: 1_000 },
  { type: 'endpoint.limited', untilMs: 9_000, failure, atMs: 1_000 },
  { type: 'endpoint.lagged', atMs: 1_000 },
  { type: 'endpoint.caughtUp', atMs: 1_000 },
  { type: 'endpoint.waited', atMs: 1_000 },
  { type: 'endpoint.probed', isBehind: false, atMs: 1_000 },
  { type: 'endpoint.probed', isBehind: true, atMs: 1_000 },
  { type: 'endpoint.misplaced', failure, atMs: 1_000 },
]

const exploration = explore(
  endpointMachine as AnyStateMachine,
  { name },
  () => events,
  ({ value, context }: AnyMachineSnapshot) => {
    const { failures, attempt, upAtMs } = context as EndpointContext
    return JSON.stringify([value, Math.min(failures, 5), attempt, upAtMs])
  },
)

function start() {
  const actor = createActor(endpointMachine, { input: { name } }).start()
  let nowMs = 10_000
  return {
    /** Sends the events, each a millisecond after the last. */
    tell(...types: Told[]) {
      for (const one of types) {
        nowMs += 1
        actor.send({ ...(typeof one === 'string' ? eventOf(one) : one), atMs: nowMs } as EndpointEvent)
      }
      return actor.getSnapshot().value
    },
    pass(ms: number) {
      nowMs += ms
    },
    now: () => nowMs,
    context: () => actor.getSnapshot().context,
    value: () => actor.getSnapshot().value,
    /** How long it is left alone. */
    waitMs: () => actor.getSnapshot().context.wakeAtMs - nowMs,
  }
}

type Name = 'answered' | 'failed' | 'lagged' | 'caughtUp' | 'waited' | 'probed'
type Told =
  | Name
  | { readonly type: 'endpoint.limited'; readonly untilMs: number | null; readonly failure: typeof failure }

function eventOf(event: Name) {
  return { type: `endpoint.${event}`, failure, isBehind: false }
}

const limited = (untilMs: number | null): Told => ({ type: 'endpoint.limited', untilMs, failure })

describe('the endpoint machine', () => {
  test('reaches every one of its states and takes every one of its transitions', () => {
    expect(exploration.unreached).toEqual([])
    expect(exploration.untaken).toEqual([])
  })

  test('comes up only by a probe', () => {
    const up = ['healthy', 'suspect', 'lagging']
    const risen = exploration.steps.filter(
      ({ before, after }) => !up.includes(before.value as string) && up.includes(after.value as string),
    )

    expect(new Set(risen.map(({ event }) => event.type))).toEqual(new Set(['endpoint.probed']))
  })

  test('never comes back from another chain', () => {
    expect(exploration.steps.some(({ before }) => before.value === 'misplaced')).toBe(false)
  })

  test('is left alone for a while whenever it is down, and not for ever', () => {
    for (const { before, event, after } of exploration.steps) {
      if (after.value !== 'down' || before.value === 'down') continue
      const waitMs = (after.context as EndpointContext).wakeAtMs - (event as EndpointEvent).atMs

      expect(waitMs).toBeGreaterThan(300)
      expect(waitMs).toBeLessThanOrEqual(300_000)
    }
  })

  test('keeps what it knows as plain JSON', () => {
    for (const { after } of exploration.steps) expect(JSON.parse(JSON.stringify(after.context))).toEqual(after.context)
  })

  test('goes down at the third failure in a row', () => {
    const { tell } = start()
    tell('probed')

    expect([tell('failed'), tell('failed'), tell('failed')]).toEqual(['suspect', 'suspect', 'down'])
  })

  test('forgets its failures at the first success', () => {
    const { tell } = start()
    tell('probed', 'failed', 'failed', 'answered', 'failed', 'failed')

    expect(tell('answered')).toBe('healthy')
  })

  test('waits twice as long each time, up to a limit, and is probed in between', () => {
    const { tell, waitMs, value } = start()
    const waits: number[] = []
    for (let turn = 0; turn < 10; turn += 1) {
      tell('failed')
      waits.push(waitMs())
      tell('waited')
    }

    expect(value()).toBe('probing')
    const spread = waits.map((ms, turn) => ms / (500 * 2 ** Math.min(turn, 5)))
    for (const part of spread) expect(part).toBeGreaterThanOrEqual(0.75)
    for (const part of spread) expect(part).toBeLessThanOrEqual(1.25)
  })

  test('waits longer where it fails again soon after it came up, and shortly where it was well for long', () => {
    const { tell, waitMs, pass } = start()
    const fall = () => {
      tell('failed', 'failed', 'failed')
      return waitMs()
    }
    tell('probed')
    pass(100_000)
    const first = fall()
    tell('waited', 'probed')
    const again = fall()
    tell('waited', 'probed')
    pass(100_000)

    expect(again).toBeGreaterThan(first)
    expect(fall()).toBe(first)
  })

  test('takes the pause that it is asked for, within limits', () => {
    const waitAfter = (untilMs: (now: number) => number | null) => {
      const { tell, now, waitMs } = start()
      tell('probed', limited(untilMs(now())))
      return waitMs()
    }

    expect(Math.abs(waitAfter((now) => now + 7_000) - 7_000)).toBeLessThan(5)
    expect(waitAfter((now) => now + 86_400_000)).toBe(300_000)
    expect(waitAfter((now) => now - 5_000)).toBe(500)
    expect(waitAfter(() => null)).toBeGreaterThan(300)
  })

  test('answers no reads while it lags, however well it answers', () => {
    const { tell } = start()
    tell('probed', 'lagged', 'answered')

    expect(tell('answered')).toBe('lagging')
    expect(tell('caughtUp')).toBe('healthy')
  })

  test('goes down where it fails while it lags', () => {
    const { tell } = start()

    expect(tell('probed', 'lagged', 'failed', 'failed', 'failed')).toBe('down')
  })

  test('is probed at once where it takes a transaction while it is down', () => {
    const { tell } = start()
    tell('failed')

    expect(tell('answered')).toBe('probing')
  })

  test('always gets back up once it answers again', () => {
    const happening = fc.constantFrom<Name>('answered', 'failed', 'lagged', 'caughtUp', 'waited', 'probed')
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
        const { tell } = start()
        tell(...happenings)

        expect(tell('answered', 'waited', 'probed', 'caughtUp')).toBe('healthy')
      }),
    )
  })
})
