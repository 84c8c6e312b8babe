import { setTimeout as sleep } from 'node:timers/promises'
import { Transaction } from 'ethers'
import { lowerHex } from '../../src/domain/hex.ts'
import { openLmdbStore } from '../../src/store/lmdbStore.ts'
import type { Sent } from '../support/gate.ts'
import type { Rules } from '../support/gateRules.ts'
import { isCancellation } from '../support/oracle.ts'
import type { Reactions, Scenario } from './play.ts'

// Scenarios in which a nonce has several transactions, or a block is not the last word.

const sale = { tradeId: 'sale', pair: 'ETH/USDC', amount: '10' }
const tokens = { tradeId: 'tokens', pair: 'USDC/ETH', amount: '30000' }
const legs = 3

/** No block comes until the node has taken a dearer transaction for each nonce, by the rules of that client. */
export function outbidSale(rules: Rules): Scenario {
  return {
    name: `a sale whose fees are raised by the rules of ${rules}`,
    config: { bumpInterval: 0.2 },
    orders: [sale],
    async stage({ miner }) {
      miner.isPaused = true
      const taken = takenHashes()
      return {
        rules,
        onReply(sent) {
          const nonces = taken.note(sent)
          if (nonces.length === legs && nonces.every((hashes) => hashes.size > 1)) miner.isPaused = false
        },
      }
    },
  }
}

/** No block comes until the node has taken a dearer approval; swaps wait on the nonces above it. */
export const outbidApproval: Scenario = {
  name: 'a sale of a token whose approval is raised',
  config: { bumpInterval: 0.2 },
  orders: [tokens],
  async stage({ miner }) {
    miner.isPaused = true
    const taken = takenHashes()
    return {
      rules: 'geth',
      onReply(sent) {
        const isApproval = sent.data.startsWith('0x095ea7b3')
        if (isApproval && taken.note(sent).some((hashes) => hashes.size > 1)) miner.isPaused = false
      },
    }
  },
}

/** Every cancellation is lost on its way, and what it was to replace is mined. */
export const lostRace: Scenario = {
  name: 'a sale whose cancellations lose to their originals',
  config: { bumpInterval: 0.2 },
  orders: [sale],
  cancelIn: 'submitted.pending',
  async stage({ miner }) {
    miner.isPaused = true
    const cancelled = new Set<number>()
    return {
      treat: ({ method, params }) => ({
        lose: method === 'eth_sendRawTransaction' && isSelfTransfer(String(params[0])),
      }),
      onSent(sent) {
        if (isCancellation(sent)) cancelled.add(sent.nonce)
        if (cancelled.size === legs) miner.isPaused = false
      },
    }
  },
}

/** The blocks with its transactions are taken back while it waits for them to be deep, and nobody puts them into the pool again. */
export function reorgedSale(depth: number): Scenario {
  return {
    name: `a sale that a reorg of depth ${depth} takes back`,
    // Whoever did not see the block that was taken back sends the same bytes again after this time.
    config: { confirmationBlocks: 5, bumpInterval: 0.5 },
    orders: [sale],
    async stage({ world }): Promise<Reactions> {
      // The node may not have the states from before a snapshot any more, and a reorg begins with the state of its first parent.
      await world.mine(depth)
      let blocks = 0
      let isConfirming = (): void => {}
      const confirming = new Promise<void>((resolve) => {
        isConfirming = resolve
      })
      return {
        onLine(line) {
          if (line.type === 'killed' || (line.type === 'step' && line.to === 'confirming')) isConfirming()
        },
        async afterBlock(taken) {
          if (blocks > 0 || taken > 0) blocks += 1
          if (blocks !== depth) return
          // Whoever is dead sees it later.
          await Promise.race([confirming, sleep(confirmingMaxMs)])
          await world.rpc('anvil_reorg', [depth, []])
        },
      }
    },
  }
}

const confirmingMaxMs = 1_000

/** The node takes all, and forgets them before they are mined. */
export const vanishedSale: Scenario = {
  name: 'a sale whose transactions vanish from the pool',
  config: { bumpInterval: 0.2 },
  orders: [sale],
  async stage({ world, miner }) {
    miner.isPaused = true
    const taken = takenHashes()
    let hasVanished = false
    return {
      rules: 'geth',
      onReply(sent) {
        const [first, ...later] = taken.note(sent)
        if (hasVanished || later.length + 1 < legs) return
        hasVanished = true
        // With it go those on the nonces above it.
        void world.rpc('anvil_dropTransaction', [[...(first ?? [])][0]]).then(() => {
          miner.isPaused = false
        })
      },
    }
  },
}

/** The store remembers two nonces as given out that no leg has: what was to go out on them is gone. */
export const gapSale: Scenario = {
  name: 'a sale above nonces that no leg owns',
  orders: [sale],
  async stage({ dataDir, trader }) {
    const store = await openLmdbStore(dataDir)
    await store.commit([{ space: 'lane', key: trader.address, value: 1 }])
    await store.close()
    return {}
  },
}

/** The distinct transactions of each nonce that the node has taken, lowest nonce first. */
function takenHashes(): { note(sent: Sent): ReadonlySet<string>[] } {
  const byNonce = new Map<number, Set<string>>()
  return {
    note({ nonce, hash, reply }) {
      const isTaken = reply?.error === undefined || reply.error.message === 'already known'
      if (isTaken) byNonce.set(nonce, (byNonce.get(nonce) ?? new Set()).add(hash))
      return [...byNonce].sort(([a], [b]) => a - b).map(([, hashes]) => hashes)
    },
  }
}

function isSelfTransfer(raw: string): boolean {
  const { from, to, data } = Transaction.from(raw)
  return isCancellation({ from: lowerHex(from ?? ''), to: lowerHex(to ?? ''), data: lowerHex(data) })
}
