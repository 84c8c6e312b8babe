import { describe, expect, test } from 'vitest'
import { openLane } from '../../src/runtime/lanes.ts'
import { fakeChain } from '../support/fakeChain.ts'
import { fakeClock } from '../support/fakeClock.ts'
import { wallet } from '../support/orders.ts'

interface Stand {
  readonly mined: number
  readonly recorded: number | null
  readonly owned?: ReadonlyMap<number, string>
  readonly unsigned?: ReadonlySet<number>
  readonly holders?: readonly string[]
}

async function laneAt({ mined, recorded, owned = new Map(), unsigned = new Set(), holders = [] }: Stand) {
  const troubles: unknown[] = []
  const lane = await openLane({
    wallet,
    chain: { ...fakeChain(), minedNonce: () => Promise.resolve(mined) },
    clock: fakeClock(),
    inFlightMax: 4,
    recorded,
    holders,
    owned,
    unsigned,
    onTrouble: (error) => troubles.push(error),
  })
  return { lane, troubles }
}

const signal = new AbortController().signal

describe('a lane', () => {
  test('finds the nonces below its next that nobody owns and that the chain waits for', async () => {
    const { lane } = await laneAt({ mined: 5, recorded: 9, owned: new Map([[7, 't/a']]) })

    expect(lane.gaps(5, 100)).toEqual([5, 6, 8, 9])
    expect(lane.gaps(9, 100)).toEqual([9])
    expect(lane.gaps(10, 100)).toEqual([])
  })

  test('has no gap where each nonce has an owner, and one again once that leaves without using it up', async () => {
    const { lane } = await laneAt({ mined: 0, recorded: null })
    lane.admit('t/a', signal)
    lane.admit('t/b', signal)
    const nonces = [lane.reserve('t/a'), lane.reserve('t/b')]
    const before = lane.gaps(0, 100)
    lane.own('gap', 2)

    expect(nonces).toEqual([0, 1])
    expect(before).toEqual([])
    expect(lane.giveBack('t/b', 1)).toBe(true)
    expect(lane.gaps(0, 100)).toEqual([])
  })

  test('does not take a nonce for open that a leg has seen used up, whatever an endpoint that lags may say', async () => {
    const { lane } = await laneAt({ mined: 0, recorded: null })
    for (const key of ['t/a', 't/b', 't/c']) {
      lane.admit(key, signal)
      lane.reserve(key)
    }
    lane.leave('t/a', 100)
    lane.leave('t/b', 100)

    expect(lane.gaps(0, 100)).toEqual([])
    expect(lane.gaps(1, 100)).toEqual([])
    // What is many blocks back and still not counted was orphaned after all.
    expect(lane.gaps(0, 200)).toEqual([0, 1])
  })

  test('takes nothing back from a leg whose nonce is somebody else’s by now', async () => {
    const { lane } = await laneAt({ mined: 0, recorded: null })
    lane.admit('t/a', signal)
    lane.reserve('t/a')
    lane.giveBack('t/a', 0)
    lane.admit('t/b', signal)
    lane.reserve('t/b')

    lane.giveBack('t/a', 0)
    lane.leave('t/a', 100)

    expect(lane.owns('t/b', 0)).toBe(true)
    lane.admit('t/c', signal)
    expect(lane.reserve('t/c')).toBe(1)
  })

  test('does not take one endpoint’s word for a count far above what is known', async () => {
    const counts = [1_007, 7, 1_007]
    const clock = fakeClock()
    const opening = openLane({
      wallet,
      chain: { ...fakeChain(), minedNonce: () => Promise.resolve(counts.shift() ?? 7) },
      clock,
      inFlightMax: 4,
      recorded: 6,
      holders: [],
      owned: new Map(),
      onTrouble: () => {},
    })
    for (let second = 0; second < 10; second += 1) await clock.advance(1_000)
    const lane = await opening

    lane.admit('t/a', signal)
    expect(lane.reserve('t/a')).toBe(7)
  })

  test('names the nonces that the chain has used up and the store does not know, and says so', async () => {
    const { lane, troubles } = await laneAt({ mined: 8, recorded: 5 })

    expect(lane.strangers).toEqual([6, 7])
    expect(troubles).toEqual([expect.objectContaining({ code: 'NONCE_DRIFT' })])
    lane.admit('t/a', signal)
    expect(lane.reserve('t/a')).toBe(8)
  })

  test('names a nonce that a leg has, and that was used up before the leg signed anything for it', async () => {
    const owned = new Map([
      [4, 't/a'],
      [5, 't/b'],
    ])

    const { lane } = await laneAt({ mined: 5, recorded: 5, owned, unsigned: new Set([4, 5]) })

    expect(lane.strangers).toEqual([4])
  })

  test('takes back what a leg took since it was on disk, if it is the newest nonce', async () => {
    const { lane } = await laneAt({ mined: 0, recorded: null })
    lane.admit('t/a', signal)
    lane.reserve('t/a')

    const gap = lane.putBack('t/a', { nonce: null, holdsPlace: false })

    expect(gap).toBeNull()
    expect(lane.inFlight).toBe(0)
    lane.admit('t/b', signal)
    expect(lane.reserve('t/b')).toBe(0)
  })

  test('has a nonce used up that a leg took since it was on disk, if later ones are out', async () => {
    const { lane } = await laneAt({ mined: 0, recorded: null })
    for (const key of ['t/a', 't/b']) {
      lane.admit(key, signal)
      lane.reserve(key)
    }

    expect(lane.putBack('t/a', { nonce: null, holdsPlace: true })).toBe(0)
    expect(lane.gaps(0, 100)).toEqual([0])
  })

  test('leaves a leg what it has on disk', async () => {
    const { lane } = await laneAt({ mined: 3, recorded: 3, owned: new Map([[3, 't/a']]), holders: ['t/a'] })

    expect(lane.putBack('t/a', { nonce: 3, holdsPlace: true })).toBeNull()
    expect(lane.gaps(3, 100)).toEqual([])
    expect(lane.inFlight).toBe(1)
  })
})
