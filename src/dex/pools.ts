import { type BaseUnits, baseUnits } from '../domain/amount.ts'
import { NoLiquidityError } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import type { Read, Request } from '../domain/read.ts'
import type { Quote, Swap } from '../domain/swap.ts'
import type { Token } from '../domain/token.ts'
import type { Market, Pair, Pool, PoolListing } from './dex.ts'
import { balanceRead } from './erc20.ts'
import { addressWord, readAddress, readWord } from './words.ts'

// What the venues have in common, each behind its own file.

const nobody: Hex = `0x${'0'.repeat(40)}`

/**
 * The contract that stands for a token in pools: the wrapped coin where the token is the native one.
 *
 * @example
 * onChain({ symbol: 'ETH', address: 'native', decimals: 18 }, weth) // weth
 */
export function onChain({ address }: Token, wrappedNative: Hex): Hex {
  return address === 'native' ? wrappedNative : address
}

/**
 * Both tokens of a pair as ABI words, in the order in which a swap goes through them.
 *
 * @example
 * pairWords({ tokenIn: usdc, tokenOut: dai }, weth) // '000…usdc000…dai'
 */
export function pairWords({ tokenIn, tokenOut }: Pair, wrappedNative: Hex): string {
  return addressWord(onChain(tokenIn, wrappedNative)) + addressWord(onChain(tokenOut, wrappedNative))
}

/**
 * Asks a factory which pools there are: one read for each route. The zero address is none.
 *
 * @example
 * poolsRequest([{ route: '500', read: getPool500 }]).answer(replies).pools // [{ id: '0x…', route: '500', address: '0x…' }]
 */
export function poolsRequest(asked: readonly { route: string | null; read: Read }[]): Request<PoolListing> {
  return {
    reads: asked.map(({ read }) => read),
    answer: (replies) =>
      listingOf(
        asked.map(({ route }, index) => {
          const reply = replies[index]
          const address = reply?.ok ? readAddress(reply.value, 0) : undefined
          if (address === undefined) return undefined
          return address === nobody ? null : { id: address, route, address }
        }),
      ),
  }
}

/**
 * What was asked for one by one, as a listing: null is no pool, undefined no answer.
 *
 * @example
 * listingOf([null, undefined]) // { pools: [], isSure: false }
 */
export function listingOf(found: readonly (Pool | null | undefined)[]): PoolListing {
  return {
    pools: found.filter((pool) => pool !== null && pool !== undefined),
    isSure: !found.includes(undefined),
  }
}

/**
 * Asks how much of a token each pool's contract holds. That is what it has over all prices, where these are contracts that
 * keep their own tokens.
 *
 * @example
 * holdingsRequest(usdc, pools).answer(replies) // { depths: { '500': '180300000000' }, closedForm: null }
 */
export function holdingsRequest(token: Hex, pools: readonly Pool[]): Request<Market> {
  return {
    reads: pools.map(({ address }) => balanceRead(address, token)),
    answer: (replies) => {
      const depths: Record<string, BaseUnits> = {}
      pools.forEach(({ route }, index) => {
        const reply = replies[index]
        const held = reply?.ok ? readWord(reply.value, 0) : undefined
        if (held !== undefined) depths[route ?? ''] = baseUnits(held)
      })
      return { depths, closedForm: null }
    },
  }
}

/** What one route would give: the output when selling, the input when buying. A text says why it has no quote. */
export interface RouteQuote {
  readonly route: string
  readonly quoted: bigint | string
}

/**
 * The best of several routes for one swap; the first of equals.
 *
 * @param by - What a route says, for the error: 'fee tier', 'pool'.
 * @throws {@link NoLiquidityError} if none has a quote; it has each one's reason.
 *
 * @example
 * bestQuote({ venue: 'v3', swap, by: 'fee tier' }, [{ route: '500', quoted: 900n }, { route: '3000', quoted: 950n }]).route // '3000'
 */
export function bestQuote(
  { venue, swap, by }: { readonly venue: string; readonly swap: Swap; readonly by: string },
  routes: readonly RouteQuote[],
): Quote {
  let best: { amount: bigint; route: string } | undefined
  const reasons: Record<string, string> = {}
  for (const { route, quoted } of routes) {
    if (typeof quoted === 'string') reasons[`${by} ${route}`] = quoted
    else if (best === undefined || (swap.side === 'sell' ? quoted > best.amount : quoted < best.amount)) {
      best = { amount: quoted, route }
    }
  }
  if (best === undefined) throw noLiquidity(venue, swap, reasons)
  return { amount: baseUnits(best.amount), route: best.route }
}

/**
 * The error of a venue that cannot do a swap, in the names of venue and pair.
 *
 * @param reasons - Facts that say why, by what they are about.
 *
 * @example
 * throw noLiquidity('uniswap-v2', swap, { reason: 'The amount is too small.' })
 */
export function noLiquidity(venue: string, swap: Swap, reasons: Record<string, string>): NoLiquidityError {
  const { side, tokenIn, tokenOut, amount } = swap
  return new NoLiquidityError(
    `${venue} has no liquidity to ${side} this much of ${tokenIn.symbol}/${tokenOut.symbol}.`,
    {
      venue,
      amount,
      ...reasons,
    },
  )
}
