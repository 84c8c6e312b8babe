import type { OpenOptions } from '../../src/config.ts'
import type { Random } from './random.ts'

type Limits = NonNullable<OpenOptions['limits']>
type Budgets = NonNullable<OpenOptions['budgets']>
type Limit = Limits[number]

/** Whole tokens around which limits lie: about what one order is. */
const usualSizes = { ETH: 20, USDC: 60_000, DAI: 60_000 } as const

/** Limits of a seed: some have none, some a few that cover each other. */
export function drawLimits(random: Random, venues: number): Limits {
  if (random.chance(0.3)) return []
  return Array.from({ length: random.int(1, 5) }, () => drawLimit(random, venues))
}

function drawLimit(random: Random, venues: number): Limit {
  const token = random.pick(['ETH', 'USDC', 'USDC', 'DAI'] as const)
  const covered = {
    ...(random.chance(0.6) && { venue: `v${random.int(0, venues - 1)}` }),
    ...(random.chance(0.3) && { pair: random.pick(pairsOf[token]) }),
  }
  const amount = (): string => String(Math.max(1, Math.round(usualSizes[token] * (0.2 + 2 * random.next()))))
  switch (random.pick(['amount', 'amount', 'window', 'window', 'window', 'shareOfTrade', 'shareOfPool'] as const)) {
    case 'amount':
      return { ...covered, token, amount: amount() }
    case 'window':
      return { ...covered, token, window: { seconds: random.int(60, 300), amount: amount() } }
    case 'shareOfTrade':
      return { ...covered, shareOfTrade: random.pick(['0.25', '0.5', '0.9']) }
    case 'shareOfPool':
      return { ...covered, shareOfPool: random.pick(['0.0005', '0.002', '0.01']) }
  }
}

const pairsOf = {
  ETH: ['ETH/USDC', 'ETH/DAI'],
  USDC: ['ETH/USDC', 'DAI/USDC'],
  DAI: ['ETH/DAI', 'DAI/USDC'],
} as const

/** Gas units of an attempt at most, or nearly so. */
const attemptGas = 160_000

/** Budgets of a seed, in the chain’s coin and in tokens: mostly none, for the rest about what a few attempts cost. */
export function drawBudgets(random: Random, baseFeeGwei: number): Budgets {
  // An attempt offers twice the base fee.
  const gas = (attempts: number): string => ((attempts * attemptGas * 2 * (baseFeeGwei + 1)) / 1e9).toFixed(9)
  const losses = (most: number): Record<string, string> =>
    Object.fromEntries(
      random
        .shuffled(['ETH', 'USDC', 'DAI'])
        .slice(0, 2)
        .map((symbol) => [symbol, loss(symbol, most)]),
    )
  const loss = (symbol: string, most: number): string =>
    symbol === 'ETH' ? (most * (0.05 + random.next()) * 0.0003).toFixed(6) : String(Math.ceil(most * random.next()))
  return {
    ...(random.chance(0.18) && { gasPerTrade: gas(1 + 4 * random.next()) }),
    ...(random.chance(0.12) && { gasPerDay: gas(2 + 12 * random.next()) }),
    ...(random.chance(0.15) && { lossPerTrade: losses(400) }),
    ...(random.chance(0.15) && { lossPerDay: losses(1_500) }),
  }
}
