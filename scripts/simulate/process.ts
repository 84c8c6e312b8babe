import type { OpenOptions } from '../../src/config.ts'
import { uniswapV2 } from '../../src/dex/uniswapV2.ts'
import { DistributionManager } from '../../src/distribution/distributionManager.ts'
import { ExecutionManager } from '../../src/runtime/executionManager.ts'
import { chainId, dai, factoryOf, routerOf, usdc, wrapped } from './contracts.ts'
import type { Disk } from './disk.ts'
import type { Incarnation } from './incarnation.ts'
import { openSimChain, urlOf } from './openChain.ts'
import type { SeedPlan } from './plan.ts'
import { simSigner } from './signing.ts'
import type { Witness } from './witness.ts'
import type { World } from './world.ts'

/** Opens the whole runtime in one life of the process. @throws as `ExecutionManager.open`. */
export function openManager(world: World, life: Incarnation, witness: Witness, disk: Disk): Promise<ExecutionManager> {
  life.notice('opening')
  return ExecutionManager.openWith(optionsOf(world, life), {
    clock: life.clock,
    openStore: () => disk.open(life),
    openChain: (settings, { onTrouble }) => openSimChain(world, life, witness, settings, onTrouble),
    openSigner: async () => simSigner(world, life, witness),
    openVenue: async (venue) => {
      if (venue.kind !== 'uniswapV2') throw new TypeError('The simulated venues are of the V2 kind.')
      return uniswapV2(venue, { wrappedNative: wrapped.address, factory: factoryOf(venue.router) })
    },
  })
}

function optionsOf(world: World, life: Incarnation): OpenOptions {
  const { plan } = world
  return {
    config: configOf(plan),
    chain: {
      chainId,
      rpcUrls: Array.from({ length: plan.nodes }, (_, index) => urlOf(index)),
      pollInterval: plan.pollInterval,
      requestTimeout: plan.requestTimeout,
    },
    wallets: Array.from({ length: plan.wallets }, (_, index) => ({ privateKeyEnv: `SIMULATED_KEY_${index}` })),
    tokens: { ETH: 'native', USDC: usdc.address, DAI: dai.address },
    venues: Array.from({ length: plan.venues }, (_, index) => ({
      id: `v${index}`,
      kind: 'uniswapV2' as const,
      router: routerOf(index),
    })),
    limits: plan.limits,
    budgets: plan.budgets,
    dataDir: 'simulated',
    // The usual one keeps what it learns over restarts.
    ...(world.random(`manager ${life.number}`).chance(0.5) && { distributionManager: shuffling(world, life) }),
  }
}

function configOf({ confirmations, maxGasPriceGwei, config }: SeedPlan): NonNullable<OpenOptions['config']> {
  return { ...config, confirmationBlocks: confirmations, maxGasPrice: String(maxGasPriceGwei) }
}

/** Splits as usual; which leg takes the first nonce is left to chance. */
function shuffling(world: World, life: Incarnation): NonNullable<OpenOptions['distributionManager']> {
  const usual = new DistributionManager()
  const random = world.random(`legs ${life.number}`)
  return {
    async allocate(request) {
      const allocation = await usual.allocate(request)
      return { ...allocation, legs: random.shuffled(allocation.legs) }
    },
    record: (result) => usual.record(result),
    describe: () => usual.describe(),
  }
}
