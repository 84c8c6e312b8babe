import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AnyStateMachine, createActor } from 'xstate'
import { type LaneReply, laneMachine } from '../../machines/laneMachine.ts'
import { explore } from '../support/explore.ts'

const failure = { code: 'ENDPOINT', message: 'down', retryable: true }

function openLane(inFlightMax: number, next = 0) {
  const lane = createActor(laneMachine, { input: { inFlight: 0, inFlightMax } }).start()
  const replies: LaneReply[] = []
  for (const type of ['admitted', 'reserved', 'returned'] as const) lane.on(type, (reply) => replies.push(reply))
  lane.send({ type: 'lane.synced', next })
  return { lane, replies }
}

describe('the lane machine', () => {
  test('reaches every one of its states and takes every one of its transitions', () => {
    const events = [
      { type: 'lane.synced', next: 3 },
      { type: 'lane.faulted', failure },
      { type: 'lane.wanted', leg: 'a' },
      { type: 'lane.unwanted', leg: 'a' },
      { type: 'lane.reserve', leg: 'a' },
      { type: 'lane.return', leg: 'a', nonce: 3 },
      { type: 'lane.return', leg: 'a', nonce: 1 },
      { type: 'lane.freed' },
    ]

    const { unreached, untaken } = explore(
      laneMachine as AnyStateMachine,
      { inFlight: 1, inFlightMax: 2 },
      () => events,
      ({ value, context: { next, inFlight, waiting } }) =>
        JSON.stringify([value, Math.min(next ?? -1, 5), Math.max(-1, Math.min(inFlight, 3)), waiting.length > 0]),
    )

    expect(unreached).toEqual([])
    expect(untaken).toEqual([])
  })

  test('gives no nonce before the chain was asked', () => {
    const lane = createActor(laneMachine, { input: { inFlight: 0, inFlightMax: 1 } }).start()
    const replies: LaneReply[] = []
    lane.on('reserved', (reply) => replies.push(reply))

    lane.send({ type: 'lane.reserve', leg: 'a' })

    expect(replies).toEqual([])
  })

  test('admits no more legs than it may have in flight, first come first served', () => {
    const { lane, replies } = openLane(2)

    for (const leg of ['a', 'b', 'c', 'd']) lane.send({ type: 'lane.wanted', leg })
    lane.send({ type: 'lane.freed' })

    expect(replies.flatMap((reply) => (reply.type === 'admitted' ? [reply.leg] : []))).toEqual(['a', 'b', 'c'])
  })

  test('takes back only the newest nonce', () => {
    const { lane, replies } = openLane(5, 7)
    lane.send({ type: 'lane.reserve', leg: 'a' })
    lane.send({ type: 'lane.reserve', leg: 'b' })

    lane.send({ type: 'lane.return', leg: 'a', nonce: 7 })
    lane.send({ type: 'lane.return', leg: 'b', nonce: 8 })
    lane.send({ type: 'lane.return', leg: 'a', nonce: 7 })
    lane.send({ type: 'lane.reserve', leg: 'c' })

    expect(replies.flatMap((reply) => (reply.type === 'returned' ? [reply.accepted] : []))).toEqual([false, true, true])
    expect(replies.at(-1)).toEqual({ type: 'reserved', leg: 'c', nonce: 7 })
  })

  test('never gives a nonce twice, nor leaves one out, whatever is asked of it', () => {
    const request = fc.oneof(
      fc.constant('reserve' as const),
      fc.constant('return' as const),
      fc.constant('wanted' as const),
      fc.constant('freed' as const),
    )
    fc.assert(
      fc.property(fc.array(request, { maxLength: 60 }), fc.nat(20), (requests, next) => {
        const { lane, replies } = openLane(4, next)
        const out: number[] = []
        requests.forEach((type, index) => {
          const newest = out.at(-1)
          if (type === 'return' && newest !== undefined) lane.send({ type: 'lane.return', leg: 'x', nonce: newest })
          if (type === 'reserve') lane.send({ type: 'lane.reserve', leg: `${index}` })
          if (type === 'wanted') lane.send({ type: 'lane.wanted', leg: `${index}` })
          if (type === 'freed' && lane.getSnapshot().context.inFlight > 0) lane.send({ type: 'lane.freed' })
          const reply = replies.pop()
          if (reply?.type === 'reserved') out.push(reply.nonce)
          if (reply?.type === 'returned' && reply.accepted) out.pop()
        })
        expect(out).toEqual(out.map((_, index) => next + index))
      }),
    )
  })
})
