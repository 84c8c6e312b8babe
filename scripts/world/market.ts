import { type BaseUnits, parseAmount } from '../../src/domain/amount.ts'

/** The tokens of the world. */
export type TokenSymbol = 'WETH' | 'USDC' | 'DAI'

/** Digits after the point of one whole token. */
export const decimals: Record<TokenSymbol, number> = { WETH: 18, USDC: 6, DAI: 18 }

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

/**
 * Prices differ by less than two fees, so that no round trip is free money, and depths by enough that a split shows. A
 * sale of 10 ETH is best spread over all three venues.
 */
export const poolsV2: readonly PoolV2[] = [
  { venue: 'uniswap-v2', stakes: [stake('1000', 'WETH'), stake('3000000', 'USDC')] },
  { venue: 'uniswap-v2', stakes: [stake('600', 'WETH'), stake('1801200', 'DAI')] },
  { venue: 'uniswap-v2', stakes: [stake('2000000', 'DAI'), stake('2000000', 'USDC')] },
  { venue: 'sushi-v2', stakes: [stake('300', 'WETH'), stake('898500', 'USDC')] },
  { venue: 'sushi-v2', stakes: [stake('200', 'WETH'), stake('598000', 'DAI')] },
]

export const poolsV3: readonly PoolV3[] = [
  { feePpm: 500, stakes: [stake('60', 'WETH'), stake('180300', 'USDC')], reachTicks: 2000 },
  { feePpm: 3000, stakes: [stake('40', 'WETH'), stake('120320', 'USDC')], reachTicks: 3000 },
  { feePpm: 3000, stakes: [stake('50', 'WETH'), stake('150200', 'DAI')], reachTicks: 3000 },
  { feePpm: 500, stakes: [stake('1000000', 'DAI'), stake('1000000', 'USDC')], reachTicks: 100 },
]

/** What the first accounts get beside their ETH. */
export const fundedAccounts = 4
export const funds: readonly Stake[] = [stake('1000000', 'USDC'), stake('1000000', 'DAI')]

function stake(amount: string, symbol: TokenSymbol): Stake {
  return { symbol, amount: parseAmount(amount, decimals[symbol]) }
}
