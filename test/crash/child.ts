import { writeSync } from 'node:fs'
import { ExecutionManager } from '../../src/runtime/executionManager.ts'
import { type Openers, realOpeners } from '../../src/runtime/openExecution.ts'
import type { Signer } from '../../src/signer/signer.ts'
import { randomNumbers } from '../support/random.ts'
import { plantFault } from './faults.ts'
import { type KillPoints, killableChain, killableSigner, killableStore, killPoints, nothing } from './killPoints.ts'
import type { ChildLine, ChildPlan } from './plan.ts'
import { ShuffledDistribution, shuffled, shuffledStore } from './shuffle.ts'

// A process of its own that trades until all of its trades have ended, or until it is killed. Run again with the same data
// directory it submits the same orders again. Says what happens in lines of JSON.

const { options, orders, seed, kill, cancelOnSign, cancelIn, fault } = JSON.parse(process.argv[2] ?? '') as ChildPlan
const random = randomNumbers(seed)
let lastWish = (): Promise<void> => nothing
const points = killPoints({ kill, say, lastWish: () => lastWish() })

/** At once: whoever is killed in the next instant has said it. */
function say(line: ChildLine): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}

function openersWith(killable: KillPoints): Openers {
  return {
    ...realOpeners,
    async openStore(dataDir) {
      const faulty = plantFault(await realOpeners.openStore(dataDir), fault)
      lastWish = faulty.lastWish
      return shuffledStore(killableStore(faulty.store, killable), random)
    },
    openChain: async (...args) => killableChain(await realOpeners.openChain(...args), killable),
    openSigner: async (...args) => cancelling(killableSigner(await realOpeners.openSigner(...args), killable)),
  }
}

function cancelling(signer: Signer): Signer {
  if (!cancelOnSign) return signer
  return {
    ...signer,
    sign(wallet, transaction) {
      if (transaction.data !== '0x') {
        queueMicrotask(() => {
          for (const { tradeId } of orders) manager.cancelTrade(tradeId)
        })
      }
      return signer.sign(wallet, transaction)
    },
  }
}

say({ type: 'loaded' })
const distributionManager = new ShuffledDistribution(random)
const manager = await ExecutionManager.openWith({ ...options, distributionManager }, openersWith(points))
say({ type: 'open', counts: points.counts })
manager.on('step', ({ tradeId, legId, to }) => {
  say({ type: 'step', tradeId, legId: legId ?? null, to })
  if (legId === undefined) points.pass(`trade ${to}`)
  else points.enter(to)
  if (legId !== undefined && to === cancelIn) manager.cancelTrade(tradeId)
})
manager.on('trouble', (trouble) => say({ type: 'trouble', ...trouble }))
const handles = shuffled(orders, random).map((order) => manager.submitTrade(order))
for (const handle of handles) {
  const status = await handle.result()
  say({ type: 'ended', status, history: manager.getHistory(handle.tradeId) })
}
await manager.close()
say({ type: 'points', counts: points.counts })
