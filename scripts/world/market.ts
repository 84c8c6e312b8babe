import { type BaseUnits, parseAmount } from '../../src/domain/amount.ts'

/** The tokens of the world. */
export type TokenSymbol = 'WETH' | 'USDC' | 'DAI' | 'USDT' | 'TAX'

/** Digits after the point of one whole token. */
export const decimals: Record<TokenSymbol, number> = { WETH: 18, USDC: 6, DAI: 18, USDT: 6, TAX: 18 }

/** Some of one token, in base units. */
export interface Stake {
  readonly symbol: TokenSymbol
  readonly amount: BaseUnits
}

/** Both sides of a constant-product pool; their ratio is its price. */
export interface PoolV2 {
  readonly venue: 'uniswap-v2' | 'sushi-v2'
  readonly stakes: readonly [Stake, Stake]
}

/** A concentrated pool with one position around its price. */
export interface PoolV3 {
  readonly feePpm: 500 | 3000
  readonly stakes: readonly [Stake, Stake]
  /** How far the position reaches to either side. 2 000 ticks are 22 %, and make it about ten times as deep as its stakes. */
  readonly reachTicks: number
}

/** A concentrated pool of PancakeSwap V3. */
export interface PoolPancake extends Omit<PoolV3, 'feePpm'> {
  readonly feePpm: 500 | 2500
}

/** A concentrated pool of Algebra, whose fee is its own affair. */
export type PoolAlgebra = Omit<PoolV3, 'feePpm'>

/** A pool in Balancer's vault. */
export interface PoolBalancer {
  readonly feePpm: number
  readonly stakes: readonly [Stake, Stake]
  /** Parts of the pool's worth in percent, in the order of the stakes; null where the pool is a stable one. */
  readonly weights: readonly [number, number] | null
}

/**
 * Prices differ by less than two fees, so that no round trip is free money, and depths by enough that a split shows. A
 * sale of 10 ETH is best spread over all three venues.
 */
export const poolsV2: readonly PoolV2[] = [
  { venue: 'uniswap-v2', stakes: [stake('1000', 'WETH'), stake('3000000', 'USDC')] },
  { venue: 'uniswap-v2', stakes: [stake('600', 'WETH'), stake('1801200', 'DAI')] },
  { venue: 'uniswap-v2', stakes: [stake('2000000', 'DAI'), stake('2000000', 'USDC')] },
  { venue: 'uniswap-v2', stakes: [stake('400', 'WETH'), stake('1200000', 'USDT')] },
  { venue: 'sushi-v2', stakes: [stake('300', 'WETH'), stake('898500', 'USDC')] },
  { venue: 'sushi-v2', stakes: [stake('200', 'WETH'), stake('598000', 'DAI')] },
]

export const poolsV3: readonly PoolV3[] = [
  { feePpm: 500, stakes: [stake('60', 'WETH'), stake('180300', 'USDC')], reachTicks: 2000 },
  { feePpm: 3000, stakes: [stake('40', 'WETH'), stake('120320', 'USDC')], reachTicks: 3000 },
  { feePpm: 3000, stakes: [stake('50', 'WETH'), stake('150200', 'DAI')], reachTicks: 3000 },
  { feePpm: 500, stakes: [stake('1000000', 'DAI'), stake('1000000', 'USDC')], reachTicks: 100 },
]

/** A token that burns a hundredth of every transfer, this one too. */
export const poolTaxed: PoolV2 = { venue: 'uniswap-v2', stakes: [stake('100', 'WETH'), stake('300000', 'TAX')] }

export const poolsPancake: readonly PoolPancake[] = [
  { feePpm: 500, stakes: [stake('30', 'WETH'), stake('90060', 'USDC')], reachTicks: 2000 },
  { feePpm: 2500, stakes: [stake('20', 'WETH'), stake('60080', 'USDC')], reachTicks: 3000 },
  { feePpm: 2500, stakes: [stake('40', 'WETH'), stake('120040', 'DAI')], reachTicks: 3000 },
]

export const poolsAlgebra: readonly PoolAlgebra[] = [
  { stakes: [stake('50', 'WETH'), stake('150100', 'USDC')], reachTicks: 3000 },
  { stakes: [stake('40', 'WETH'), stake('120120', 'DAI')], reachTicks: 3000 },
]

export const poolsBalancer: readonly PoolBalancer[] = [
  { feePpm: 3000, stakes: [stake('200', 'WETH'), stake('600400', 'USDC')], weights: [50, 50] },
  { feePpm: 2000, stakes: [stake('240', 'WETH'), stake('180060', 'DAI')], weights: [80, 20] },
  { feePpm: 100, stakes: [stake('800000', 'DAI'), stake('800000', 'USDC')], weights: null },
]

/** What the first accounts get beside their ETH. */
export const fundedAccounts = 4
export const funds: readonly Stake[] = [
  stake('1000000', 'USDC'),
  stake('1000000', 'DAI'),
  stake('1000000', 'USDT'),
  stake('100000', 'TAX'),
]

function stake(amount: string, symbol: TokenSymbol): Stake {
  return { symbol, amount: parseAmount(amount, decimals[symbol]) }
}
