import { baseUnits } from '../domain/amount.ts'
import { InvalidOrderError } from '../domain/errors.ts'
import { type Hex, lowerHex } from '../domain/hex.ts'
import type { ReadReply, Request } from '../domain/read.ts'
import type { Quote, Swap } from '../domain/swap.ts'
import type { Call } from '../domain/transaction.ts'
import type { Dex, Market, Pair, Pool, SwapTerms } from './dex.ts'
import { readFill, type SwapContracts } from './fills.ts'
import { noLiquidity, onChain, pairWords, poolsRequest } from './pools.ts'
import { decodeRevert } from './reverts.ts'
import { swapShapes } from './swapShapes.ts'
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
  /** What its pools keep of the input, in millionths; 3000 (0.3 %) without it. PancakeSwap V2 takes 2500. */
  readonly feePpm?: number
}

/** What `openDex` reads from the chain. */
interface DepsV2 {
  readonly wrappedNative: Hex
  readonly factory: Hex
}

/** Selectors of a V2 router, factory and pair: the first four bytes of the keccak256 of their functions' signatures. */
const selectors = {
  getAmountsOut: '0xd06ca61f',
  getAmountsIn: '0x1f00ca74',
  getPair: '0xe6a43905',
  getReserves: '0x0902f1ac',
} as const

// swapExactETHForTokens, swapExactTokensForETH and swapExactTokensForTokens; then swapETHForExactTokens and so on; then the
// first three again, as swapExact…SupportingFeeOnTransferTokens.
const selling = { fromNative: '0x7ff36ab5', toNative: '0x18cbafe5', betweenTokens: '0x38ed1739' } as const
const buying = { fromNative: '0xfb3bdb41', toNative: '0x4a25d94a', betweenTokens: '0x8803dbee' } as const
const supporting = { fromNative: '0xb6f9de95', toNative: '0x791ac947', betweenTokens: '0x5c11d795' } as const

/**
 * The route of a quote for a sale where a token takes a fee on its transfers. Such a swap sells what the pair really received,
 * and holds to its limit by what the wallet really receives; the others count what was sent.
 */
export const supportingRoute = 'supporting'

const usualFeePpm = 3000

// Where the path begins, in bytes after the selector: behind two, four or five words. A path of two tokens follows.
const pathAfterTwo = uintWord(0x40n)
const pathAfterFour = uintWord(0x80n)
const pathAfterFive = uintWord(0xa0n)
const twoTokens = uintWord(2n)

/**
 * A venue of the Uniswap V2 family. Swaps go straight from one token to the other, through the pair of the two.
 *
 * @param deps - `wrappedNative`: what the router wraps the native coin into; `factory`: what makes its pairs. `openDex` reads both.
 *
 * @example
 * uniswapV2({ id: 'uniswap-v2', kind: 'uniswapV2', router }, { wrappedNative: weth, factory }).swapCall(swap, terms)
 */
export function uniswapV2(venue: UniswapV2Venue, deps: DepsV2): Dex {
  const wrappedNative = lowerHex(deps.wrappedNative)
  const contracts = { router: lowerHex(venue.router), wrappedNative }
  const encode: Dex['swapCall'] = (swap, terms) => swapCall(venue.id, contracts, swap, terms)
  return {
    venue: venue.id,
    contracts: [contracts.router],
    spenders: [{ address: contracts.router }],
    wrappedNative: contracts.wrappedNative,
    isConstantProduct: true,
    feeOnTransferRoute: supportingRoute,
    poolRequest: (pair) => {
      const data: Hex = `${selectors.getPair}${pairWords(pair, wrappedNative)}`
      return poolsRequest([{ route: null, read: { kind: 'call', to: lowerHex(deps.factory), data } }])
    },
    marketRequest: (pair, pools) => marketRequest(venue.feePpm ?? usualFeePpm, wrappedNative, pair, pools),
    quoteRequest: (swap) => quoteRequest(venue.id, contracts, swap),
    swapCall: encode,
    swapShapes: () => swapShapes(encode, { sell: [undefined, supportingRoute], buy: [undefined] }),
    fill: (swap, receipt) => readFill(swap, receipt.logs, contracts),
  }
}

/** The constant product of the pair's reserves, which a pair keeps in the order of its tokens' addresses. */
function marketRequest(feePpm: number, wrappedNative: Hex, pair: Pair, pools: readonly Pool[]): Request<Market> {
  const isInOrder = onChain(pair.tokenIn, wrappedNative) < onChain(pair.tokenOut, wrappedNative)
  return {
    reads: pools.map(({ address }) => ({ kind: 'call', to: address, data: selectors.getReserves })),
    answer: ([reply]) => {
      const reserves = reply?.ok ? [readWord(reply.value, 0), readWord(reply.value, 1)] : []
      const [reserveIn, reserveOut] = isInOrder ? reserves : reserves.reverse()
      if (reserveIn === undefined || reserveOut === undefined) return { depths: {}, closedForm: null }
      const depth = baseUnits(reserveIn)
      return { depths: { '': depth }, closedForm: { reserveIn: depth, reserveOut: baseUnits(reserveOut), feePpm } }
    },
  }
}

function quoteRequest(venue: string, contracts: SwapContracts, swap: Swap): Request<Quote> {
  const selector = swap.side === 'sell' ? selectors.getAmountsOut : selectors.getAmountsIn
  const path = twoTokens + pairWords(swap, contracts.wrappedNative)
  const data: Hex = `${selector}${uintWord(BigInt(swap.amount))}${pathAfterTwo}${path}`
  return {
    reads: [{ kind: 'call', to: contracts.router, data }],
    answer: ([reply]) => readQuote(venue, swap, reply),
  }
}

function readQuote(venue: string, swap: Swap, reply: ReadReply | undefined): Quote {
  // The reply is an array: its offset, its length, the input and the output.
  const quoted = reply?.ok ? readWord(reply.value, swap.side === 'sell' ? 3 : 2) : undefined
  if (quoted !== undefined && quoted > 0n) return { amount: baseUnits(quoted) }
  const reason = reply?.ok === false ? decodeRevert(reply.data, reply.message).reason : 'The amount is too small.'
  throw noLiquidity(venue, swap, { reason })
}

function swapCall(venue: string, contracts: SwapContracts, swap: Swap, { quote, limit, deadlineS }: SwapTerms): Call {
  const sells = swap.side === 'sell'
  const isTaxed = quote.route === supportingRoute
  if (isTaxed && !sells) {
    throw new InvalidOrderError(`${venue} cannot buy an exact amount where a token takes a fee on its transfers.`, {
      pair: `${swap.tokenIn.symbol}/${swap.tokenOut.symbol}`,
      venue,
    })
  }
  const amount = uintWord(BigInt(swap.amount))
  const bound = uintWord(BigInt(limit))
  const path = twoTokens + pairWords(swap, contracts.wrappedNative)
  const tail = addressWord(swap.wallet) + uintWord(BigInt(deadlineS)) + path
  const functions = isTaxed ? supporting : sells ? selling : buying

  if (swap.tokenIn.address === 'native') {
    // The input travels as value; what a purchase does not need of it comes back within the swap.
    return {
      to: contracts.router,
      data: `${functions.fromNative}${sells ? bound : amount}${pathAfterFour}${tail}`,
      value: sells ? swap.amount : limit,
    }
  }
  const selector = swap.tokenOut.address === 'native' ? functions.toNative : functions.betweenTokens
  return { to: contracts.router, data: `${selector}${amount}${bound}${pathAfterFive}${tail}`, value: '0' }
}
