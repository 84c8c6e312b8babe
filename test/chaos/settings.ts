import type { World } from '../../scripts/world/world.ts'
import type { FaultPlanOptions } from '../support/gatePlan.ts'
import { venuesOf } from '../support/venues.ts'
import type { ChildPlan } from './lines.ts'
import { reorgMax, type WeatherOptions } from './weather.ts'

/** Of a hundred requests about twenty suffer. */
export const gateWeights: FaultPlanOptions['weights'] = {
  none: 400,
  lostRequest: 10,
  lostReply: 10,
  lateRequest: 10,
  lateReply: 10,
  repeated: 10,
  shuffled: 10,
  truncated: 5,
  garbled: 5,
  faulty: 5,
  busy: 5,
  badGateway: 5,
  unavailable: 5,
  hanging: 3,
  hangingReply: 3,
  nullReceipts: 2,
  staleHead: 2,
}

/** Of a hundred blocks thirty come with something else. */
export const worldWeights: WeatherOptions['weights'] = {
  none: 70,
  pause: 4,
  reorg: 10,
  vanish: 10,
  foreign: 4,
  spike: 2,
}

/** Above the deepest reorg. */
export const confirmations = reorgMax + 2
const ceilingGwei = 20n
const gwei = 10n ** 9n

const config: ChildPlan['options']['config'] = {
  confirmationBlocks: confirmations,
  maxGasPrice: String(ceilingGwei),
  retryDelay: 0.05,
  retryAttempts: 20,
  timeout: 8,
  bumpInterval: 0.7,
}

/** The name of the variable in which the child finds the key of a wallet. */
export function keyVariable(index: number): string {
  return `LEGWORK_SOAK_KEY_${index}`
}

/** All that the child is told, but for its orders. */
export function optionsFor(world: World, rpcUrls: readonly string[], dataDir: string): ChildPlan['options'] {
  return {
    config,
    chain: {
      chainId: world.chainId,
      rpcUrls: [...rpcUrls],
      pollInterval: 0.05,
      requestTimeout: 1,
    },
    wallets: [0, 1].map((index) => ({ privateKeyEnv: keyVariable(index) })),
    tokens: world.tokens,
    venues: venuesOf(world),
    dataDir,
  }
}

/** What the oracle needs to know of the world. */
export function frameOf({ rpc, tokens }: World) {
  return {
    rpc,
    tokens: {
      ETH: { address: tokens.ETH, decimals: 18 },
      WETH: { address: tokens.WETH, decimals: 18 },
      USDC: { address: tokens.USDC, decimals: 6 },
      DAI: { address: tokens.DAI, decimals: 18 },
    },
    confirmations,
    ceilings: { call: ceilingGwei * gwei, cancel: 2n * ceilingGwei * gwei },
  }
}
