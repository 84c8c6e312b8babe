import { Wallet } from 'ethers'
import type { World } from '../../scripts/world/world.ts'
import type { Hex } from '../../src/domain/hex.ts'
import { isCancellation } from '../support/oracle.ts'
import type { Scenario } from './play.ts'

const sale = { tradeId: 'sale', pair: 'ETH/USDC', amount: '10' }

/** The plain case: three legs on one wallet. */
export const nativeSale: Scenario = { name: 'a sale of the native coin over three venues', orders: [sale] }

/** Its swaps queue behind their approvals. */
export const tokenSale: Scenario = {
  name: 'a sale of a token that needs approvals',
  orders: [{ tradeId: 'tokens', pair: 'USDC/ETH', amount: '30000' }],
}

/** Only one transaction may be on its way: the other legs wait to be admitted. */
export const narrowLane: Scenario = {
  name: 'a sale through a lane with one place',
  config: { inFlightPerWallet: 1 },
  orders: [sale],
}

/** Whatever is in the first block reverts there, and is tried again. */
export const expiredSale: Scenario = {
  name: 'a sale whose first transactions expire',
  // Longer than a commit that nobody waits for: that it is retrying comes to the disk.
  config: { timeout: 60, retryDelay: 0.3 },
  orders: [sale],
  async stage({ world }) {
    let isFirst = true
    return {
      async beforeBlock() {
        if (!isFirst) return
        isFirst = false
        await world.rpc('evm_setNextBlockTimestamp', [(await timestampS(world)) + 3_600])
      },
    }
  },
}

/** The base fee is above the ceiling until somebody has been seen to hold, or was killed. */
export const dearSale: Scenario = {
  name: 'a sale while gas is too dear',
  orders: [sale],
  async stage({ world }) {
    await setBaseFee(world, 200n)
    let isDear = true
    return {
      onLine(line) {
        const isHolding = line.type === 'step' && line.to === 'preparing.holding'
        if (!isDear || !(isHolding || line.type === 'killed')) return
        isDear = false
        void setBaseFee(world, 1n)
      },
    }
  },
}

/** No block comes until the price of some transaction was raised. */
export const stuckSale: Scenario = {
  name: 'a sale that is stuck until its fee is raised',
  config: { bumpInterval: 0.2 },
  orders: [sale],
  async stage({ miner }) {
    miner.isPaused = true
    const newest = new Map<number, string>()
    return {
      onSent({ nonce, hash }) {
        if ((newest.get(nonce) ?? hash) !== hash) miner.isPaused = false
        newest.set(nonce, hash)
      },
    }
  },
}

/** No block comes until some transaction is being cancelled. */
export const lateSale: Scenario = {
  name: 'a sale that is not mined in time',
  config: { timeout: 0.5, bumpInterval: 0.2, retryAttempts: 1 },
  orders: [sale],
  async stage({ miner }) {
    miner.isPaused = true
    return {
      onSent(sent) {
        if (isCancellation(sent)) miner.isPaused = false
      },
    }
  },
}

/** Cancelled by its caller between the nonce and the signature: nonces go back, or are filled. */
export const cancelledSale: Scenario = {
  name: 'a sale that is cancelled while it is being signed',
  orders: [sale],
  cancelOnSign: true,
}

/** Another program takes the first nonce in the instant before the node gets ours. */
export const displacedSale: Scenario = {
  name: 'a sale whose nonce is taken by another program',
  config: { bumpInterval: 0.2 },
  orders: [sale],
  async stage({ world, trader }) {
    // The node keeps the states of so few blocks that those from before the last snapshot may be gone: who used a nonce is
    // looked for in the last 120.
    await world.mine(125)
    await setBaseFee(world, 1n)
    const foreign: { hash: Hex; nonce: number; from: Hex }[] = []
    async function takeNonce(): Promise<void> {
      const nonce = Number(await world.rpc('eth_getTransactionCount', [trader.address, 'latest']))
      const fees = { gasLimit: 21_000, maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 10n ** 9n }
      const call = { type: 2, chainId: world.chainId, to: trader.address, nonce }
      const raw = await new Wallet(trader.privateKey).signTransaction({ ...call, ...fees })
      const hash = (await world.rpc('eth_sendRawTransaction', [raw])) as Hex
      foreign.push({ hash, nonce, from: trader.address })
      await world.mine()
    }
    let taken: Promise<void> | undefined
    return {
      foreign,
      treat({ method }) {
        if (method !== 'eth_sendRawTransaction') return undefined
        taken ??= takeNonce()
        return { hold: taken }
      },
    }
  },
}

/** The process dies after the node has taken its transactions and before it hears of it. */
export const unheardSale: Scenario = {
  name: 'a sale whose sender dies before it hears the reply',
  orders: [sale],
  async stage() {
    let killChild = (): void => {}
    let isHeard = false
    return {
      onLine(line, kill) {
        if (line.type === 'loaded') killChild = kill
      },
      treat: ({ method }) => (method === 'eth_sendRawTransaction' && !isHeard ? { delay: never } : undefined),
      onReply() {
        if (!isHeard) killChild()
        isHeard = true
      },
    }
  },
}

/** The node takes the transactions, and its reply is lost. */
export const brokenSale: Scenario = {
  name: 'a sale whose first reply is lost',
  config: { bumpInterval: 0.2 },
  orders: [sale],
  async stage({ miner }) {
    // So that the same bytes are sent once more before they are mined.
    miner.isPaused = true
    let replies = 0
    return {
      treat({ method }) {
        if (method !== 'eth_sendRawTransaction') return undefined
        replies += 1
        return { drop: replies <= 3 }
      },
      onReply() {
        if (replies > 3) miner.isPaused = false
      },
    }
  },
}

const never = new Promise<never>(() => {})

/** In gwei per gas unit, for one empty block from now. */
async function setBaseFee(world: World, gwei: bigint): Promise<void> {
  await world.rpc('anvil_setNextBlockBaseFeePerGas', [`0x${(gwei * 10n ** 9n).toString(16)}`])
  await world.mine()
}

async function timestampS({ rpc }: World): Promise<number> {
  const { timestamp } = (await rpc('eth_getBlockByNumber', ['latest', false])) as { timestamp: string }
  return Number(timestamp)
}
