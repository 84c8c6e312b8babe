import type { OpenOptions } from '../../src/config.ts'
import { type Kind, kinds } from './kinds.ts'
import { drawBudgets, drawLimits } from './limits.ts'
import { type Random, randomOf } from './random.ts'

/** All that a seed decides before anything happens. */
export interface SeedPlan {
  readonly seed: number
  readonly kinds: ReadonlySet<Kind>
  readonly nodes: number
  readonly wallets: number
  readonly venues: number
  readonly orders: number
  /** Blocks that a reorg may replace; the runtime waits for at least one more. */
  readonly reorgDepthMax: number
  readonly confirmations: number
  readonly blockTimeMs: number
  /** After it no more faults: everything must come to its end. */
  readonly healsAfterMs: number
  readonly maxGasPriceGwei: number
  readonly baseFeeGwei: number
  /** Of the chain's clock before ours. */
  readonly skewS: number
  /** Mean time between two reorgs. */
  readonly reorgEveryMs: number
  /** Events that a life of the process may take at most before it is killed. */
  readonly lifeEventsMax: number
  /** Share of requests that come to harm in one way or another. */
  readonly networkFaultShare: number
  readonly config: {
    readonly retryAttempts: number
    readonly retryDelay: number
    readonly timeout: number
    readonly bumpInterval: number
    readonly inFlightPerWallet: number
    readonly activeTradesMax: number
    readonly gasLimit: number
    readonly maxSlippage: string
    readonly reallocations: number
    readonly approvals: 'exact' | 'unlimited'
    readonly quoteAge: number
  }
  readonly limits: NonNullable<OpenOptions['limits']>
  readonly budgets: NonNullable<OpenOptions['budgets']>
  readonly pollInterval: number
  readonly requestTimeout: number
}

/** Each seed has some kinds of fault and not others, so that the rare ones are not drowned by the common ones. */
const shareOfKinds = 0.5
/** How much more often than others: kills, reorgs and lost replies are what a simulation is for. */
const weights: Partial<Record<Kind, number>> = {
  kill: 1.7,
  reorg: 1.6,
  lostReply: 1.6,
  noBaseFee: 0.2,
  backup: 0.3,
  foreignReorg: 1.5,
  venueReverts: 1.3,
}

function shareOf(kind: Kind): number {
  return weights[kind] ?? 1
}

export function planSeed(seed: number, without: readonly Kind[]): SeedPlan {
  const random = randomOf(seed, 'plan')
  const share = random.chance(0.1) ? 0 : shareOfKinds
  const chosen = (Object.keys(kinds) as Kind[]).filter((kind) => {
    const isChosen = random.chance(shareOf(kind) * share)
    return isChosen && !without.includes(kind)
  })
  const has = new Set(chosen)
  const reorgDepthMax = has.has('reorg') ? random.int(1, random.chance(0.3) ? 6 : 3) : 0
  const maxGasPriceGwei = random.int(30, 80)
  const venues = random.int(1, 4)
  const baseFeeGwei = Math.max(1, Math.floor(maxGasPriceGwei * (0.1 + random.next() * 0.5)))
  const limiting = randomOf(seed, 'limits')
  const limits = drawLimits(limiting, venues)
  const budgets = drawBudgets(limiting, baseFeeGwei)
  return {
    seed,
    kinds: has,
    nodes: random.int(1, 3),
    wallets: random.chance(0.3) ? 2 : 1,
    venues,
    orders: random.chance(0.1) ? random.int(7, 15) : random.int(1, 6),
    reorgDepthMax,
    confirmations: reorgDepthMax + 1 + (random.chance(0.4) ? random.int(0, 2) : 0),
    blockTimeMs: random.int(2_000, 6_000),
    healsAfterMs: random.int(30_000, 180_000),
    maxGasPriceGwei,
    baseFeeGwei,
    skewS: has.has('skew') ? random.int(-20, 12) : 0,
    reorgEveryMs: random.pick([8_000, 25_000, 25_000, 60_000]),
    lifeEventsMax: random.pick([120, 1_000, 1_000]),
    networkFaultShare: random.pick([0.01, 0.05, 0.15, 0.3]),
    // Where gas is limited fees are raised soon and often.
    config: { ...configOf(random, has), ...(budgets.gasPerTrade !== undefined && { bumpInterval: 2 }) },
    limits,
    budgets,
    pollInterval: random.int(1, 3),
    requestTimeout: random.int(2, 8),
  }
}

function configOf(random: Random, has: ReadonlySet<Kind>): SeedPlan['config'] {
  return {
    retryAttempts: random.int(0, 4),
    retryDelay: random.int(1, 5),
    timeout: random.int(15, 60),
    bumpInterval: random.int(4, 15),
    inFlightPerWallet: random.pick([1, 2, 16, 16]),
    activeTradesMax: has.has('overload') ? random.int(1, 2) : 1_000,
    gasLimit: random.pick([300_000, 300_000, 135_000]),
    maxSlippage: random.pick(['0.005', '0.01', '0.02', '0.001']),
    reallocations: random.int(1, 3),
    approvals: random.pick(['exact', 'exact', 'unlimited']),
    quoteAge: random.pick([1, 5, 5, 20]),
  }
}
