import type { World } from '../../scripts/world/world.ts'

/** Mines what is pending, and enough blocks on top for it to be deep. */
export interface Miner {
  isPaused: boolean
  stop(): Promise<void>
}

export interface MinerOptions {
  readonly world: World
  /** Blocks on top of one with transactions. */
  readonly blocksOnTop: number
  /** Runs before each block that takes transactions. */
  readonly beforeBlock?: (() => Promise<void>) | undefined
  /** Runs after each block; `taken`: how many transactions are in it. */
  readonly afterBlock?: ((taken: number) => Promise<void>) | undefined
}

const intervalMs = 15

/** Starts mining by hand: no empty blocks while nothing happens, so that the chain's clock does not run away. */
export function startMiner({ world, blocksOnTop, beforeBlock, afterBlock }: MinerOptions): Miner {
  const { rpc } = world
  let owed = 0
  let isStopped = false
  let failure: unknown

  async function look(): Promise<void> {
    const { pending } = (await rpc('txpool_status')) as { pending: string }
    if (Number(pending) === 0 && owed === 0) return
    if (Number(pending) > 0) await beforeBlock?.()
    await world.mine()
    // What came in since the pool was looked at is in this block as well.
    const taken = Number(await rpc('eth_getBlockTransactionCountByNumber', ['latest']))
    owed = taken > 0 ? blocksOnTop : owed - 1
    await afterBlock?.(taken)
  }

  async function run(): Promise<void> {
    while (!isStopped) {
      if (!miner.isPaused) await look()
      await new Promise((resolve) => setTimeout(resolve, intervalMs))
    }
  }

  const miner: Miner = {
    isPaused: false,
    async stop() {
      isStopped = true
      await running
      if (failure !== undefined) throw failure
    },
  }
  const running = run().catch((error: unknown) => {
    failure = error
  })
  return miner
}
