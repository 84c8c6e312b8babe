import { expect, test } from 'vitest'
import { startHeadFollower } from '../../src/chain/headFollower.ts'
import { openChain } from '../../src/runtime/openChain.ts'
import { realClock } from '../../src/runtime/realClock.ts'
import { useWorld } from '../support/anvil.ts'
import { eventually } from '../support/manager.ts'

const world = useWorld({ mining: 'manual' })

test('a real node’s heads are followed by its WebSocket long before the next poll', async () => {
  const { url, chainId } = world()
  const clock = realClock()
  const troubles: unknown[] = []
  const onTrouble = (error: unknown) => troubles.push(error)
  const wsUrls = [url.replace('http:', 'ws:')]
  const chain = await openChain({ chainId, rpcUrls: [url], wsUrls, requestTimeoutMs: 5_000 }, { clock, onTrouble })
  const follower = await startHeadFollower({ chain, clock, pollIntervalMs: 600_000, onTrouble })
  const before = follower.head().number

  await eventually(async () => {
    await world().mine()
    return follower.head().number > before
  }, 'a head by WebSocket')
  follower.stop()
  await chain.close()

  expect(troubles).toEqual([])
})
