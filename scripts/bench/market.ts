import { uniswapV2 } from '../../src/dex/uniswapV2.ts'
import { baseUnits } from '../../src/domain/amount.ts'
import type { Hex } from '../../src/domain/hex.ts'
import type { Call } from '../../src/domain/transaction.ts'

/** Where a bench trades: a node, and one Uniswap V2 venue on it. Addresses are in lower case. */
interface Market {
  readonly url: string
  readonly chainId: number
  readonly usdc: Hex
  readonly wrappedNative: Hex
  readonly router: Hex
}

/** The wallet that trades. */
export interface Trading {
  readonly market: Market
  readonly address: Hex
  readonly privateKey: Hex
  /** How often every contender looks for a new block. */
  readonly pollIntervalMs: number
  /** What the plain libraries are to offer, in gas units; without it they estimate, as usual. */
  readonly gasLimit?: number
}

export const venueId = 'uniswap-v2'
export const pair = 'ETH/USDC'

/** What each leg sells: so little that thousands of them do not move a pool of 1 000 ETH. */
export const sold = { amount: '0.0001', wei: 10n ** 14n }

/** What the caller expects for it, in USDC; well below what pools give, so that no swap fails over its price. */
export const expected = { amount: '0.25', units: 250_000n }

/** The swap as one message, for those who send it by themselves: the same as Legwork builds for the same order. */
export function swapMessage({ market, address }: Trading): Call {
  const { usdc, router, wrappedNative } = market
  // Nobody asks for its pools: the factory may be any.
  const dex = uniswapV2({ id: venueId, kind: 'uniswapV2', router }, { wrappedNative, factory: router })
  const tokenIn = { symbol: 'ETH', address: 'native', decimals: 18 } as const
  const tokenOut = { symbol: 'USDC', address: usdc, decimals: 6 }
  const hourS = 3600
  return dex.swapCall(
    { wallet: address, tokenIn, tokenOut, side: 'sell', amount: baseUnits(sold.wei) },
    {
      quote: { amount: baseUnits(expected.units) },
      limit: baseUnits(expected.units),
      deadlineS: Math.ceil(Date.now() / 1000) + hourS,
    },
  )
}
