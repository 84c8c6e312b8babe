import { startWorld } from '../world/world.ts'
import { crowds, type Effort, ofEach, throughputOf } from './contest.ts'
import type { Legwork } from './legworkTrader.ts'
import type { Throughput } from './measure.ts'

/** The node's pace: stated in the report. Its blocks hold what it can run in their time. */
export const anvilPace = { blockTimeMs: 200, pollIntervalMs: 50, blockGasLimit: 600_000_000 } as const

/**
 * The ceiling that Legwork has too. An estimate is made for some place in a block, and the first swap of a block needs more: it
 * reverts, the next one becomes the first, and so on.
 */
const gasLimit = 300_000

/**
 * Legs a second on a real EVM node with a real Uniswap V2. The node shares the machine and runs every swap, so it is soon
 * what all wait for.
 */
export async function runAnvilBench(
  legwork: Legwork,
  options: { effort: Effort; onProgress: (what: string) => void },
): Promise<Record<(typeof crowds)[number], readonly Throughput[]>> {
  const { blockTimeMs, pollIntervalMs, blockGasLimit } = anvilPace
  const world = await startWorld({ blockTimeS: blockTimeMs / 1000, gasLimit: blockGasLimit })
  try {
    const [account] = world.accounts
    const [{ router }] = world.venues
    if (account === undefined) throw new TypeError('There is no account.')
    const { url, chainId, tokens } = world
    const market = { url, chainId, usdc: tokens.USDC, wrappedNative: tokens.WETH, router }
    const trading = { market, ...account, pollIntervalMs, gasLimit }
    return await ofEach(crowds, (contender) => {
      options.onProgress(`legs a second on anvil: ${contender}`)
      return throughputOf(contender, legwork, trading, options.effort)
    })
  } finally {
    await world.stop()
  }
}
