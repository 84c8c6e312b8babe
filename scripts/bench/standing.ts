import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type LegworkOptions, openManager, orderOf, withDataDir } from './legworkTrader.ts'
import { monotonicMs, type Stub } from './stub.ts'

/** What legs cost that only stand there: sent, and not mined. */
export interface Standing {
  readonly legs: number
  /** Of the V8 heap, after collecting garbage. */
  readonly bytesPerLeg: number
  /** From the call of `ExecutionManager.open` to its end, with all legs live in the store. */
  readonly resumeMs: number
  /** Calls of all kinds that a new block costs while they stand, but for the looks at the head that find none. */
  readonly callsPerBlock: number
}

const patienceMs = 60_000

/** A garbage collection on demand, without a flag on the command line. */
function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

const collect = collector()

/**
 * Sends `legs` to a node that mines nothing, weighs them, closes and opens again.
 *
 * @throws Error where they are not all sent within a minute, or where resuming sends any other transaction.
 */
export async function measureStanding(
  options: Omit<LegworkOptions, 'dataDir'>,
  stub: Stub,
  legs: number,
): Promise<Standing> {
  // What an earlier run left pending is mined first: its nonces are wanted again.
  await stub.configure({ blockTimeMs: 10, roundTripMs: 1 })
  await sleep(200)
  await stub.configure({ blockTimeMs: null, roundTripMs: 1 })
  return await withDataDir(async (dataDir) => {
    const manager = await openManager({ ...options, dataDir })
    const emptyBytes = await heapBytes()
    const { transactions: sentBefore } = await stub.counts()
    for (let leg = 1; leg <= legs; leg += 1) manager.submitTrade(orderOf(`standing-${legs}-${leg}`))
    await untilSent(stub, sentBefore + legs)
    const bytesPerLeg = ((await heapBytes()) - emptyBytes) / legs
    const callsPerBlock = await watchBlocks(stub)
    await manager.close()

    const startedAtMs = monotonicMs()
    const resumed = await openManager({ ...options, dataDir })
    const resumeMs = monotonicMs() - startedAtMs
    const active = resumed.getActiveExecutions().size
    await resumed.close()
    const { transactions } = await stub.counts()
    if (active !== legs || transactions !== sentBefore + legs) {
      throw new Error(`Of ${legs} legs ${active} were resumed, with ${transactions - sentBefore} transactions.`)
    }
    return { legs, bytesPerLeg, resumeMs, callsPerBlock }
  })
}

const watchedBlocks = 20
const blockTimeMs = 100

/** Lets some empty blocks pass. Looks that find no new head are the pace of polling, whatever stands there. */
async function watchBlocks(stub: Stub): Promise<number> {
  const callsBeside = async (): Promise<number> => {
    const { eth_getBlockByNumber: _looks, ...others } = (await stub.counts()).calls
    return Object.values(others).reduce((sum, count) => sum + count, 0)
  }
  await stub.configure({ blockTimeMs, roundTripMs: 1, isEmpty: true })
  const before = await callsBeside()
  await sleep(watchedBlocks * blockTimeMs)
  await stub.configure({ blockTimeMs: null, roundTripMs: 1 })
  await sleep(blockTimeMs)
  const after = await callsBeside()
  // And the look that found it.
  return (after - before) / watchedBlocks + 1
}

async function heapBytes(): Promise<number> {
  // What ends only now, such as replies on their way, is not part of a leg that stands.
  await sleep(500)
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

async function untilSent(stub: Stub, transactions: number): Promise<void> {
  const untilMs = monotonicMs() + patienceMs
  while ((await stub.counts()).transactions < transactions) {
    if (monotonicMs() > untilMs) throw new Error('The legs were not all sent within a minute.')
    await sleep(50)
  }
}
