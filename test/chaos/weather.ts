import { setTimeout as sleep } from 'node:timers/promises'
import { Wallet } from 'ethers'
import type { Account } from '../../scripts/world/accounts.ts'
import type { World } from '../../scripts/world/world.ts'
import type { Hex } from '../../src/domain/hex.ts'
import { quantity } from '../support/gateRpc.ts'
import type { Evidence } from '../support/oracleLedger.ts'
import { drawn, randomNumbers } from '../support/random.ts'

/**
 * What happens to the chain itself. `pause`: no block for a while. `reorg`: the last 1 to 6 blocks are others; what was in
 * them may come back to the pool. `vanish`: a transaction leaves the pool, and the sender's later ones with it. `foreign`:
 * another program takes the next nonce of a wallet. `spike`: the base fee is above every ceiling, and falls by an eighth a block.
 */
const worldFaults = ['pause', 'reorg', 'vanish', 'foreign', 'spike'] as const
export type WorldFault = (typeof worldFaults)[number]

/** Mines, and lets things happen between the blocks. */
export interface Weather {
  readonly counts: Readonly<Record<string, number>>
  readonly foreign: Evidence['foreign']
  /** From now on it only mines. */
  calm(): void
  stop(): Promise<void>
}

export interface WeatherOptions {
  readonly world: World
  readonly seed: number
  readonly wallets: readonly Account[]
  /** From one block to the next, more or less. */
  readonly blockMs: number
  readonly weights: Readonly<Partial<Record<WorldFault | 'none', number>>>
  /** The bytes of a transaction that was handed over, for it to come back to the pool. */
  readonly rawOf: (hash: string) => Hex | undefined
}

/** The deepest reorg: a depth of confirmation must be above it. */
export const reorgMax = 6

const gwei = 10n ** 9n
const spikeWei = 40n * gwei
/** Empty blocks would bring the base fee down to nothing. */
const baseFeeMinWei = gwei / 2n

/** Starts the weather. What comes after what depends on the seed alone; what it hits depends on the instant. */
export function startWeather({ world, seed, wallets, blockMs, weights, rawOf }: WeatherOptions): Weather {
  const { rpc } = world
  const random = randomNumbers(seed)
  const counts: Record<string, number> = {}
  const foreign: { hash: Hex; nonce: number; from: Hex; raw: Hex }[] = []
  let isCalm = false
  let isStopped = false
  let failure: unknown

  const events: Readonly<Record<WorldFault, (share: number) => Promise<boolean>>> = {
    async pause(share) {
      await sleep(share * 10 * blockMs)
      return true
    },
    reorg: async (share) => {
      const depth = 1 + Math.floor(share * reorgMax)
      const head = Number(await rpc('eth_blockNumber'))
      if (head <= depth) return false
      const orphans: string[] = []
      for (let number = head - depth + 1; number <= head; number += 1) {
        const block = (await rpc('eth_getBlockByNumber', [quantity(number), false])) as { transactions: string[] }
        orphans.push(...block.transactions)
      }
      await rpc('anvil_reorg', [depth, []])
      for (const [index, hash] of orphans.entries()) {
        const stranger = foreign.find((one) => one.hash === hash)?.raw
        const raw = stranger ?? ((share * 1_000 + index) % 2 < 1 ? rawOf(hash) : undefined)
        if (raw !== undefined) await sendAnyway(raw)
      }
      return true
    },
    async vanish(share) {
      const { pending } = (await rpc('txpool_content')) as { pending: Record<string, Record<string, { hash: string }>> }
      const hashes = Object.values(pending).flatMap((byNonce) => Object.values(byNonce).map(({ hash }) => hash))
      const hash = hashes[Math.floor(share * hashes.length)]
      if (hash !== undefined) await rpc('anvil_dropTransaction', [hash])
      return hash !== undefined
    },
    async foreign(share) {
      const account = wallets[Math.floor(share * wallets.length)]
      if (account === undefined) return false
      const nonce = Number(await rpc('eth_getTransactionCount', [account.address, 'latest']))
      const call = { type: 2, chainId: world.chainId, to: account.address, nonce, gasLimit: 21_000 }
      const fees = { maxFeePerGas: 100n * gwei, maxPriorityFeePerGas: 2n * gwei }
      const raw = (await new Wallet(account.privateKey).signTransaction({ ...call, ...fees })) as Hex
      const hash = await sendAnyway(raw)
      if (hash !== null) foreign.push({ hash, nonce, from: account.address, raw })
      return hash !== null
    },
    async spike() {
      await rpc('anvil_setNextBlockBaseFeePerGas', [quantity(spikeWei)])
      return true
    },
  }

  /** Null where the node does not take it. */
  function sendAnyway(raw: Hex): Promise<Hex | null> {
    return rpc('eth_sendRawTransaction', [raw]).then(
      (hash) => hash as Hex,
      () => null,
    )
  }

  async function happen(): Promise<void> {
    const [choice, share] = [random(), random()]
    const kind = drawn(weights, choice) ?? 'none'
    if (isCalm || kind === 'none') return
    if (await events[kind](share)) counts[kind] = (counts[kind] ?? 0) + 1
  }

  async function mine(): Promise<void> {
    await world.mine()
    const { baseFeePerGas } = (await rpc('eth_getBlockByNumber', ['latest', false])) as { baseFeePerGas: string }
    if (BigInt(baseFeePerGas) < baseFeeMinWei) {
      await rpc('anvil_setNextBlockBaseFeePerGas', [quantity(2n * baseFeeMinWei)])
    }
  }

  async function run(): Promise<void> {
    while (!isStopped) {
      await sleep(blockMs)
      await happen()
      await mine()
    }
  }

  const running = run().catch((error: unknown) => {
    failure = error
  })
  return {
    counts,
    foreign,
    calm() {
      isCalm = true
    },
    async stop() {
      isStopped = true
      await running
      if (failure !== undefined) throw failure
    },
  }
}
