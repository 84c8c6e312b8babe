import { describe, expect, test } from 'vitest'
import { startHeadFollower } from '../../src/chain/headFollower.ts'
import type { Receipt } from '../../src/domain/transaction.ts'
import { type FakeChain, fakeChain } from '../support/fakeChain.ts'
import { fakeClock, settle } from '../support/fakeClock.ts'

async function follow(chain: FakeChain = fakeChain()) {
  const clock = fakeClock()
  const troubles: unknown[] = []
  const follower = await startHeadFollower({
    chain,
    clock,
    pollIntervalMs: 100,
    onTrouble: (error) => troubles.push(error),
  })
  const poll = () => clock.advance(100)
  return { chain, follower, troubles, poll }
}

/** What a watcher of these hashes is told. */
function watcher() {
  const mined: Receipt[] = []
  const outcomes: string[] = []
  return {
    mined,
    outcomes,
    onMined: (receipt: Receipt) => mined.push(receipt),
    onDeep: (outcome: string) => outcomes.push(outcome),
  }
}

describe('the head follower', () => {
  test('tells of a receipt once, whichever of the hashes it is for', async () => {
    const { chain, follower, poll } = await follow()
    const { mined, onMined } = watcher()
    follower.expect('leg', ['0xaa', '0xab'])
    follower.whenMined(['0xaa', '0xab'], onMined)

    chain.mine('0xab')
    await poll()
    chain.mine()
    await poll()

    expect(mined).toMatchObject([{ hash: '0xab', blockNumber: 1 }])
  })

  test('knows a receipt whose block came between the expecting and the watching', async () => {
    const { chain, follower, poll } = await follow()
    const { mined, onMined } = watcher()
    follower.expect('leg', ['0xaa'])
    chain.mine('0xaa')
    await poll()

    follower.whenMined(['0xaa'], onMined)

    expect(mined).toHaveLength(1)
  })

  test('misses no block where several came between two polls', async () => {
    const { chain, follower, poll } = await follow()
    const { mined, onMined } = watcher()
    follower.expect('leg', ['0xaa'])
    follower.whenMined(['0xaa'], onMined)

    chain.mine()
    chain.mine('0xaa')
    for (let block = 0; block < 20; block += 1) chain.mine()
    await poll()

    expect(mined).toMatchObject([{ blockNumber: 2 }])
    expect(follower.head().number).toBe(22)
  })

  test('counts a receipt’s own block as the first confirmation', async () => {
    const { chain, follower, poll } = await follow()
    const { mined, outcomes, onMined, onDeep } = watcher()
    follower.expect('leg', ['0xaa'])
    follower.whenMined(['0xaa'], (receipt) => {
      onMined(receipt)
      follower.whenDeep(receipt, 3, onDeep)
    })

    chain.mine('0xaa')
    await poll()
    chain.mine()
    await poll()
    const early = [...outcomes]
    chain.mine()
    await poll()

    expect(mined).toHaveLength(1)
    expect(early).toEqual([])
    expect(outcomes).toEqual(['deep'])
  })

  test('takes a receipt back when a reorg drops its block, and finds it again in another', async () => {
    const { chain, follower, poll } = await follow()
    const first = watcher()
    const second = watcher()
    follower.expect('leg', ['0xaa'])
    chain.mine()
    chain.mine('0xaa')
    await poll()
    follower.whenMined(['0xaa'], (receipt) => follower.whenDeep(receipt, 5, first.onDeep))

    chain.drop(2)
    chain.mine()
    chain.mine()
    chain.mine()
    await poll()
    follower.whenMined(['0xaa'], second.onMined)
    const between = second.mined.length
    chain.mine('0xaa')
    await poll()

    expect(first.outcomes).toEqual(['orphaned'])
    expect(between).toBe(0)
    expect(second.mined).toMatchObject([{ blockNumber: 4 }])
  })

  test('notices a reorg that mines the same transaction in another block at the same height', async () => {
    const { chain, follower, poll } = await follow()
    const { outcomes, onDeep } = watcher()
    follower.expect('leg', ['0xaa'])
    chain.mine('0xaa')
    await poll()
    follower.whenMined(['0xaa'], (receipt) => follower.whenDeep(receipt, 3, onDeep))

    chain.drop(1)
    chain.mine('0xaa')
    chain.mine()
    chain.mine()
    await poll()

    expect(outcomes).toEqual(['orphaned'])
  })

  test('is not taken back by an endpoint that lags', async () => {
    const { chain, follower, poll } = await follow()
    chain.mine()
    chain.mine()
    await poll()

    chain.drop(1)
    await poll()

    expect(follower.head().number).toBe(2)
  })

  test('is not taken back below its start by an endpoint that lags', async () => {
    const chain = fakeChain()
    chain.mine()
    chain.mine()
    const { follower, poll } = await follow(chain)

    chain.drop(1)
    await poll()

    expect(follower.head().number).toBe(2)
  })

  test('waits for receipts that a node has not made yet, rather than passing their block', async () => {
    const { chain, follower, troubles, poll } = await follow()
    const { mined, onMined } = watcher()
    follower.expect('leg', ['0xaa'])
    follower.whenMined(['0xaa'], onMined)
    chain.hasReceipts = false
    chain.mine('0xaa')
    await poll()
    const early = mined.length
    chain.hasReceipts = true

    await poll()

    expect(early).toBe(0)
    expect(troubles.length).toBeGreaterThan(0)
    expect(mined).toHaveLength(1)
  })

  test('goes on after the endpoint was down', async () => {
    const { chain, follower, troubles, poll } = await follow()
    chain.isDown = true
    chain.mine()
    await poll()
    chain.isDown = false

    await poll()

    expect(troubles).toHaveLength(1)
    expect(follower.head().number).toBe(1)
  })

  test('finds by its hash what was mined before it was expected', async () => {
    const chain = fakeChain()
    chain.mine('0xaa')
    chain.mine()
    const { follower } = await follow(chain)
    const { mined, outcomes, onMined, onDeep } = watcher()
    follower.expect('leg', ['0xaa'])
    follower.whenMined(['0xaa'], (receipt) => {
      onMined(receipt)
      follower.whenDeep(receipt, 2, onDeep)
    })

    await follower.lookUp(['0xaa'])
    await new Promise((resolve) => setImmediate(resolve))

    expect(mined).toHaveLength(1)
    expect(outcomes).toEqual(['deep'])
  })

  test('does not give a receipt again whose block was dropped below the oldest that it followed', async () => {
    const chain = fakeChain()
    chain.mine('0xaa')
    chain.mine()
    chain.mine()
    const { follower, poll } = await follow(chain)
    const first = watcher()
    const second = watcher()
    follower.expect('leg', ['0xaa'])
    await follower.lookUp(['0xaa'])
    follower.whenMined(['0xaa'], (receipt) => follower.whenDeep(receipt, 9, first.onDeep))

    chain.drop(3)
    chain.mine()
    chain.mine('0xaa')
    for (let block = 0; block < 3; block += 1) chain.mine()
    await poll()
    // Asked once more: the first answer may come from an endpoint that lags.
    chain.mine()
    await poll()
    follower.whenMined(['0xaa'], second.onMined)
    chain.mine()
    await poll()

    expect(first.outcomes).toEqual(['orphaned'])
    expect(second.mined).toMatchObject([{ blockNumber: 2 }])
  })

  test('does not take a block for orphaned because of one answer from an endpoint that lags behind a reorg', async () => {
    const chain = fakeChain()
    chain.mine('0xaa')
    chain.mine()
    chain.mine()
    const { follower, poll } = await follow(chain)
    const { onDeep, outcomes } = watcher()
    follower.expect('leg', ['0xaa'])
    await follower.lookUp(['0xaa'])
    const right = chain.block
    chain.block = async (at) => {
      const block = await right(at)
      return typeof at === 'number' && block !== null ? { ...block, hash: '0xdead' } : block
    }
    follower.whenMined(['0xaa'], (receipt) => follower.whenDeep(receipt, 5, onDeep))
    await new Promise((resolve) => setImmediate(resolve))
    chain.block = right

    for (let block = 0; block < 3; block += 1) {
      chain.mine()
      await poll()
    }

    expect(outcomes).toEqual(['deep'])
  })

  test('keeps following where only the fee history fails', async () => {
    const { chain, follower, troubles, poll } = await follow()
    chain.medianTip = () => Promise.reject(new Error('no fee history'))
    chain.mine()

    await poll()

    expect(follower.head().number).toBe(1)
    expect(troubles).toHaveLength(1)
  })

  test('starts over after more blocks than it keeps, and still finds what it expects', async () => {
    const { chain, follower, poll } = await follow()
    const { mined, onMined } = watcher()
    chain.mine()
    await poll()
    follower.expect('leg', ['0xaa'])
    follower.whenMined(['0xaa'], onMined)

    chain.mine('0xaa')
    for (let block = 0; block < 400; block += 1) chain.mine()
    await poll()

    expect(mined).toHaveLength(1)
    expect(follower.head().number).toBe(402)
  })

  test('looks at once when it is told of a new head, and one look at a time', async () => {
    const chain = fakeChain()
    const told = new Set<() => void>()
    const tell = () => {
      for (const callback of told) callback()
    }
    Object.assign(chain, {
      onNewHead: (callback: () => void) => {
        told.add(callback)
        return () => told.delete(callback)
      },
    })
    const { follower, poll } = await follow(chain)
    chain.calls.clear()

    chain.mine()
    tell()
    tell()
    tell()
    await settle()
    const heads = [follower.head().number]
    const looks = chain.calls.get('block')
    chain.mine()
    await poll()
    heads.push(follower.head().number)
    follower.stop()

    expect(heads).toEqual([1, 2])
    // One for the first, and one for all that came while it went on.
    expect(looks).toBe(2)
    expect(told.size).toBe(0)
  })

  test('costs the same calls a block for one leg as for a thousand', async () => {
    const costOf = async (legs: number): Promise<number> => {
      const { chain, follower, poll } = await follow()
      const hashes = Array.from({ length: legs }, (_, leg) => `0x${leg.toString(16)}` as const)
      for (const hash of hashes) {
        follower.expect(hash, [hash])
        follower.whenMined([hash], () => {})
      }
      chain.calls.clear()
      chain.mine(...hashes)
      await poll()
      return [...chain.calls.values()].reduce((all, count) => all + count, 0)
    }

    expect(await costOf(1_000)).toBe(await costOf(1))
    expect(await costOf(1)).toBe(3)
  })

  test('says nothing of what fails once it was stopped: its endpoints may be closed by then', async () => {
    const { chain, follower, troubles, poll } = await follow()
    let refuse = (_: Error): void => {}
    chain.medianTip = () => new Promise((_, reject) => (refuse = reject))
    chain.mine()
    await poll()

    follower.stop()
    refuse(new Error('closed'))
    await settle()

    expect(troubles).toEqual([])
  })
})
