import { baseUnits } from '../domain/amount.ts'
import { InvalidOrderError, NoLiquidityError } from '../domain/errors.ts'
import { type Hex, lowerHex } from '../domain/hex.ts'
import type { ReadReply } from '../domain/read.ts'
import type { Quote, Swap } from '../domain/swap.ts'
import type { Token } from '../domain/token.ts'
import type { Call } from '../domain/transaction.ts'
import type { Dex, QuoteRequest, SwapTerms } from './dex.ts'
import { readFill, type SwapContracts } from './fills.ts'
import { decodeRevert } from './reverts.ts'
import { addressWord, readWord, uintWord } from './words.ts'

/** A Uniswap V3 venue. */
export interface UniswapV3Venue {
  /** The name of the venue in allocations, statuses and errors. */
  readonly id: string
  readonly kind: 'uniswapV3'
  /** The SwapRouter02; the older SwapRouter has other functions. */
  readonly router: Hex
  /** The QuoterV2. */
  readonly quoter: Hex
  /** Pools to look at, by their fee in millionths: 3000 is 0.3 %. By default 100, 500, 3000 and 10000. */
  readonly feeTiers?: readonly number[]
}

/** The fees of the pools that Uniswap V3 itself enabled, in millionths. */
const defaultFeeTiers: readonly number[] = [100, 500, 3000, 10_000]

/** Selectors of SwapRouter02 and QuoterV2: the first four bytes of the keccak256 of their signatures. */
const selectors = {
  quoteExactInputSingle: '0xc6a5026a',
  quoteExactOutputSingle: '0xbd21704a',
  exactInputSingle: '04e45aaf',
  exactOutputSingle: '5023b4df',
  multicall: '0x5ae401dc',
  refundETH: '12210e8a',
  unwrapWETH9: '49404b7c',
} as const

const zero = uintWord(0n)
/** The router's own name for itself as a recipient. */
const thisRouter = uintWord(2n)
// The prices at which a pool has nothing left on one side: a swap that ends there was filled in part only.
const lowestPrice = 4_295_128_740n
const highestPrice = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_341n

/**
 * A Uniswap V3 venue. Swaps go through one pool, the one whose fee tier gives the best quote.
 *
 * @param deps - `wrappedNative`: what the router wraps the native coin into. `openDex` reads it from the chain.
 *
 * @example
 * uniswapV3({ id: 'uniswap-v3', kind: 'uniswapV3', router, quoter }, { wrappedNative: weth }).swapCall(swap, terms)
 */
export function uniswapV3(venue: UniswapV3Venue, deps: { readonly wrappedNative: Hex }): Dex {
  const contracts = { router: lowerHex(venue.router), wrappedNative: lowerHex(deps.wrappedNative) }
  const feeTiers = venue.feeTiers ?? defaultFeeTiers
  return {
    venue: venue.id,
    spender: contracts.router,
    quoteRequest: (swap) => {
      const reads = quoteReads(lowerHex(venue.quoter), feeTiers, contracts, swap)
      return { reads, quote: (replies) => bestQuote(venue.id, feeTiers, swap, replies) }
    },
    swapCall: (swap, terms) => swapCall(contracts, swap, terms, feeOf(venue.id, terms.quote, feeTiers)),
    fill: (swap, receipt) => readFill(swap, receipt.logs, contracts),
  }
}

function pairWords({ wrappedNative }: SwapContracts, { tokenIn, tokenOut }: Swap): string {
  const word = ({ address }: Token) => addressWord(address === 'native' ? wrappedNative : address)
  return word(tokenIn) + word(tokenOut)
}

function quoteReads(
  quoter: Hex,
  feeTiers: readonly number[],
  contracts: SwapContracts,
  swap: Swap,
): QuoteRequest['reads'] {
  const selector = swap.side === 'sell' ? selectors.quoteExactInputSingle : selectors.quoteExactOutputSingle
  const head = `${selector}${pairWords(contracts, swap)}${uintWord(BigInt(swap.amount))}`
  return feeTiers.map((fee) => ({ kind: 'call', to: quoter, data: `${head}${uintWord(BigInt(fee))}${zero}` as Hex }))
}

function bestQuote(
  venue: string,
  feeTiers: readonly number[],
  { side, tokenIn, tokenOut, amount }: Swap,
  replies: readonly ReadReply[],
): Quote {
  let best: { amount: bigint; fee: number } | undefined
  const reasons: Record<string, string> = {}
  feeTiers.forEach((fee, tier) => {
    const quoted = readQuote(replies[tier])
    if (typeof quoted === 'string') reasons[`fee tier ${fee}`] = quoted
    else if (best === undefined || (side === 'sell' ? quoted > best.amount : quoted < best.amount)) {
      best = { amount: quoted, fee }
    }
  })
  if (best !== undefined) return { amount: baseUnits(best.amount), route: `${best.fee}` }
  throw new NoLiquidityError(
    `${venue} has no liquidity to ${side} this much of ${tokenIn.symbol}/${tokenOut.symbol}.`,
    {
      venue,
      amount,
      ...reasons,
    },
  )
}

/** One pool's quote, or why it has none. */
function readQuote(reply: ReadReply | undefined): bigint | string {
  if (reply?.ok === false) return decodeRevert(reply.data, reply.message).reason
  const quoted = reply === undefined ? undefined : readWord(reply.value, 0)
  const priceAfter = reply === undefined ? undefined : readWord(reply.value, 1)
  if (quoted === undefined || priceAfter === undefined) return 'The quoter did not answer.'
  // The quoter prices what the pool could take, and does not say that it was less than was asked.
  if (priceAfter <= lowestPrice || priceAfter >= highestPrice) return 'The pool can fill it only in part.'
  return quoted > 0n ? quoted : 'The amount is too small.'
}

function feeOf(venue: string, { route }: Quote, feeTiers: readonly number[]): bigint {
  // A caller's own quote has no route; with a single pool there is no doubt.
  const [onlyTier, ...others] = feeTiers
  if (route === undefined && onlyTier !== undefined && others.length === 0) return BigInt(onlyTier)
  if (route !== undefined && /^\d{1,7}$/.test(route)) return BigInt(route)
  throw new InvalidOrderError(`A quote for ${venue} must name the fee tier of its pool as the route.`, {
    venue,
    route: route ?? 'none',
  })
}

function swapCall(contracts: SwapContracts, swap: Swap, { limit, deadlineS }: SwapTerms, fee: bigint): Call {
  const sells = swap.side === 'sell'
  const fromNative = swap.tokenIn.address === 'native'
  const toNative = swap.tokenOut.address === 'native'
  const calls = [
    (sells ? selectors.exactInputSingle : selectors.exactOutputSingle) +
      pairWords(contracts, swap) +
      uintWord(fee) +
      (toNative ? thisRouter : addressWord(swap.wallet)) +
      uintWord(BigInt(swap.amount)) +
      uintWord(BigInt(limit)) +
      zero,
  ]
  // Also when selling: a pool that runs dry takes less than was sent, and anybody may collect what stays in the router.
  if (fromNative) calls.push(selectors.refundETH)
  if (toNative) {
    const least = uintWord(BigInt(sells ? limit : swap.amount))
    calls.push(selectors.unwrapWETH9 + least + addressWord(swap.wallet))
  }
  return {
    to: contracts.router,
    data: `${selectors.multicall}${uintWord(BigInt(deadlineS))}${bytesArray(calls)}`,
    value: fromNative ? (sells ? swap.amount : limit) : '0',
  }
}

/** `bytes[]` as the second and last argument: its offset, its length, an offset for each element, then the elements. */
function bytesArray(elements: readonly string[]): string {
  let heads = ''
  let bodies = ''
  for (const element of elements) {
    heads += uintWord(BigInt(elements.length * 32 + bodies.length / 2))
    bodies += uintWord(BigInt(element.length / 2)) + element.padEnd(Math.ceil(element.length / 64) * 64, '0')
  }
  return uintWord(0x40n) + uintWord(BigInt(elements.length)) + heads + bodies
}
