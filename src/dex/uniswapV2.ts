import { baseUnits } from '../domain/amount.ts'
import { NoLiquidityError } from '../domain/errors.ts'
import { type Hex, lowerHex } from '../domain/hex.ts'
import type { ReadReply } from '../domain/read.ts'
import type { Quote, Swap } from '../domain/swap.ts'
import type { Token } from '../domain/token.ts'
import type { Call } from '../domain/transaction.ts'
import type { Dex, QuoteRequest, SwapTerms } from './dex.ts'
import { readFill, type SwapContracts } from './fills.ts'
import { decodeRevert } from './reverts.ts'
import { addressWord, readWord, uintWord } from './words.ts'

/** A venue of the Uniswap V2 family: Uniswap V2, SushiSwap, PancakeSwap V2 and other copies of its router. */
export interface UniswapV2Venue {
  /** The name of the venue in allocations, statuses and errors. */
  readonly id: string
  readonly kind: 'uniswapV2'
  /** The UniswapV2Router02. */
  readonly router: Hex
  /** The wrapped native coin; read from the router's `WETH()` without it. Some copies call that function otherwise. */
  readonly wrappedNative?: Hex
}

/** Selectors of a V2 router's functions: the first four bytes of the keccak256 of their signatures. */
const selectors = {
  getAmountsOut: '0xd06ca61f',
  getAmountsIn: '0x1f00ca74',
  swapExactETHForTokens: '0x7ff36ab5',
  swapETHForExactTokens: '0xfb3bdb41',
  swapExactTokensForETH: '0x18cbafe5',
  swapTokensForExactETH: '0x4a25d94a',
  swapExactTokensForTokens: '0x38ed1739',
  swapTokensForExactTokens: '0x8803dbee',
} as const

// Where the path begins, in bytes after the selector: behind two, four or five words. A path of two tokens follows.
const pathAfterTwo = uintWord(0x40n)
const pathAfterFour = uintWord(0x80n)
const pathAfterFive = uintWord(0xa0n)
const twoTokens = uintWord(2n)

/**
 * A venue of the Uniswap V2 family. Swaps go straight from one token to the other, through the pair of the two.
 *
 * @param deps - `wrappedNative`: what the router wraps the native coin into. `openDex` reads it from the chain.
 *
 * @example
 * uniswapV2({ id: 'uniswap-v2', kind: 'uniswapV2', router }, { wrappedNative: weth }).swapCall(swap, terms)
 */
export function uniswapV2(venue: UniswapV2Venue, deps: { readonly wrappedNative: Hex }): Dex {
  const contracts = { router: lowerHex(venue.router), wrappedNative: lowerHex(deps.wrappedNative) }
  return {
    venue: venue.id,
    spender: contracts.router,
    quoteRequest: (swap) => quoteRequest(venue.id, contracts, swap),
    swapCall: (swap, terms) => swapCall(contracts, swap, terms),
    fill: (swap, receipt) => readFill(swap, receipt.logs, contracts),
  }
}

function pathWords({ wrappedNative }: SwapContracts, { tokenIn, tokenOut }: Swap): string {
  const word = ({ address }: Token) => addressWord(address === 'native' ? wrappedNative : address)
  return twoTokens + word(tokenIn) + word(tokenOut)
}

function quoteRequest(venue: string, contracts: SwapContracts, swap: Swap): QuoteRequest {
  const selector = swap.side === 'sell' ? selectors.getAmountsOut : selectors.getAmountsIn
  const data: Hex = `${selector}${uintWord(BigInt(swap.amount))}${pathAfterTwo}${pathWords(contracts, swap)}`
  return {
    reads: [{ kind: 'call', to: contracts.router, data }],
    quote: ([reply]) => readQuote(venue, swap, reply),
  }
}

function readQuote(venue: string, { side, tokenIn, tokenOut, amount }: Swap, reply: ReadReply | undefined): Quote {
  // The reply is an array: its offset, its length, the input and the output.
  const quoted = reply?.ok ? readWord(reply.value, side === 'sell' ? 3 : 2) : undefined
  if (quoted !== undefined && quoted > 0n) return { amount: baseUnits(quoted) }
  const reason = reply?.ok === false ? decodeRevert(reply.data, reply.message).reason : 'The amount is too small.'
  throw new NoLiquidityError(
    `${venue} has no liquidity to ${side} this much of ${tokenIn.symbol}/${tokenOut.symbol}.`,
    {
      venue,
      amount,
      reason,
    },
  )
}

function swapCall(contracts: SwapContracts, swap: Swap, { limit, deadlineS }: SwapTerms): Call {
  const sells = swap.side === 'sell'
  const amount = uintWord(BigInt(swap.amount))
  const bound = uintWord(BigInt(limit))
  const tail = addressWord(swap.wallet) + uintWord(BigInt(deadlineS)) + pathWords(contracts, swap)

  if (swap.tokenIn.address === 'native') {
    const selector = sells ? selectors.swapExactETHForTokens : selectors.swapETHForExactTokens
    // The input travels as value; what a purchase does not need of it comes back within the swap.
    return {
      to: contracts.router,
      data: `${selector}${sells ? bound : amount}${pathAfterFour}${tail}`,
      value: sells ? swap.amount : limit,
    }
  }
  const toNative = swap.tokenOut.address === 'native'
  const selector = sells
    ? selectors[toNative ? 'swapExactTokensForETH' : 'swapExactTokensForTokens']
    : selectors[toNative ? 'swapTokensForExactETH' : 'swapTokensForExactTokens']
  return { to: contracts.router, data: `${selector}${amount}${bound}${pathAfterFive}${tail}`, value: '0' }
}
