import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { toFailure } from '../../src/domain/errors.ts'
import type { TradeOrder } from '../../src/runtime/accept.ts'
import { ExecutionManager } from '../../src/runtime/executionManager.ts'
import { type Openers, realOpeners } from '../../src/runtime/openExecution.ts'
import { plantFault } from '../crash/faults.ts'
import { ShuffledDistribution, shuffledStore } from '../crash/shuffle.ts'
import { randomNumbers } from '../support/random.ts'
import type { ChildLine, ChildPlan } from './lines.ts'

// A process of its own that trades what it is told to, until its standard input ends or it is killed.

const { options, seed, fault } = JSON.parse(process.argv[2] ?? '') as ChildPlan
const random = randomNumbers(seed)
const openers: Openers = {
  ...realOpeners,
  openStore: async (dataDir) => shuffledStore(plantFault(await realOpeners.openStore(dataDir), fault).store, random),
}

/** At once: whoever is killed in the next instant has said it. A pipe takes so much at a time. */
function say(line: ChildLine): void {
  let rest = Buffer.from(`${JSON.stringify(line)}\n`)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
}

function openManager(): Promise<ExecutionManager> {
  const distributionManager = new ShuffledDistribution(random)
  return ExecutionManager.openWith({ ...options, distributionManager }, openers)
}

const running = new Set<string>()

async function trade(manager: ExecutionManager, order: TradeOrder): Promise<void> {
  const { tradeId } = order
  try {
    const handle = manager.submitTrade(order)
    running.add(tradeId)
    const status = await handle.result()
    running.delete(tradeId)
    say({ type: 'ended', status, history: manager.getHistory(tradeId) })
  } catch (error) {
    if (!running.has(tradeId)) say({ type: 'refused', tradeId, failure: toFailure(error) })
  }
}

const manager = await openManager().catch((error: unknown) => {
  say({ type: 'unopened', failure: toFailure(error) })
  return null
})
if (manager !== null) {
  manager.on('trouble', (trouble) => say({ type: 'trouble', ...trouble }))
  say({ type: 'open' })
  for await (const line of createInterface({ input: process.stdin })) {
    void trade(manager, JSON.parse(line) as TradeOrder)
  }
  for (const tradeId of running) {
    say({ type: 'unended', status: manager.getExecutionStatus(tradeId), history: manager.getHistory(tradeId) })
  }
  await manager.close()
}
process.exit(0)
