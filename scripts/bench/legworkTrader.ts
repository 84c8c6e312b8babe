import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DistributionManager } from '../../src/distribution/distributionManager.ts'
import type { Hex } from '../../src/domain/hex.ts'
import type { TradeOrder } from '../../src/runtime/accept.ts'
import type { ExecutionManager } from '../../src/runtime/executionManager.ts'
import { expected, pair, sold, type Trading, venueId } from './market.ts'
import type { Trader } from './trader.ts'

/** The part of the package that is measured. */
export interface Legwork {
  readonly ExecutionManager: typeof ExecutionManager
  readonly DistributionManager: typeof DistributionManager
}

/** How a manager is opened for a bench. */
export interface LegworkOptions extends Trading {
  readonly legwork: Legwork
  readonly dataDir: string
}

const keyEnv = 'LEGWORK_BENCH_KEY'
/** Longer than any run: nothing is bumped or cancelled while it is measured. */
const farAwayS = 3600

/**
 * The code to be measured: the compiled package, as its users run it, or the sources as they are.
 *
 * @throws Error where there is no compiled package.
 *
 * @example
 * const { ExecutionManager } = await loadLegwork('dist')
 */
export async function loadLegwork(from: 'dist' | 'src'): Promise<Legwork> {
  const path = from === 'dist' ? '../../dist/src/index.js' : '../../src/index.ts'
  return await import(new URL(path, import.meta.url).href)
}

/** Opens a manager with room for ten thousand legs. Each ends at its first confirmation. */
export function openManager({ legwork, market, dataDir, privateKey, pollIntervalMs }: LegworkOptions) {
  process.env[keyEnv] = privateKey
  return legwork.ExecutionManager.open({
    config: {
      confirmationBlocks: 1,
      inFlightPerWallet: 10_000,
      activeTradesMax: 20_000,
      timeout: farAwayS,
      bumpInterval: farAwayS,
    },
    chain: { chainId: market.chainId, rpcUrls: [market.url], pollInterval: pollIntervalMs / 1000 },
    wallets: [{ privateKeyEnv: keyEnv }],
    tokens: { ETH: 'native', USDC: market.usdc },
    venues: [{ id: venueId, kind: 'uniswapV2', router: market.router }],
    dataDir,
  })
}

/** One order of one leg, with the caller's own price. */
export function orderOf(tradeId: string): TradeOrder {
  return { tradeId, pair, amount: sold.amount, quotes: { [venueId]: expected.amount } }
}

/** Runs `body` with an empty folder on disk, which is gone afterwards. */
export async function withDataDir<Result>(body: (dataDir: string) => Promise<Result>): Promise<Result> {
  const dataDir = await mkdtemp(join(tmpdir(), 'legwork-bench-'))
  try {
    return await body(dataDir)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** Legwork as its users have it: stored, recorded before it is sent, and ended only when that is on disk. */
export async function legworkTrader(options: LegworkOptions): Promise<Trader> {
  const manager = await openManager(options)
  const run = process.hrtime.bigint()
  let trades = 0
  async function trade(): Promise<Hex> {
    trades += 1
    const { status, legs } = await manager.submitTrade(orderOf(`${run}-${trades}`)).result()
    const hash = legs[0]?.hash
    if (status !== 'done' || !hash) throw new Error(`A leg ended ${status}: ${legs[0]?.failure?.message ?? ''}`)
    return hash
  }
  return {
    name: 'legwork',
    trade,
    // To look at its status in between would cost it time before the wire.
    send: trade,
    close: () => manager.close(),
  }
}
