import { baseUnits } from '../domain/amount.ts'
import { type Hex, lowerHex } from '../domain/hex.ts'
import type { Read, ReadReply } from '../domain/read.ts'
import type { Quote, Swap } from '../domain/swap.ts'
import type { Dex, Pair } from './dex.ts'
import { readFill } from './fills.ts'
import { type Periphery, peripheryCall } from './periphery.ts'
import { holdingsRequest, noLiquidity, onChain, pairWords, poolsRequest } from './pools.ts'
import { decodeRevert } from './reverts.ts'
import { swapShapes } from './swapShapes.ts'
import { readWord, uintWord } from './words.ts'

/** A venue on Algebra Integral, from its version 1.1 on: QuickSwap V4, Camelot V4 and others. */
export interface AlgebraVenue {
  /** The name of the venue in allocations, statuses and errors. */
  readonly id: string
  readonly kind: 'algebra'
  /** Integral's SwapRouter. */
  readonly router: Hex
  /** Integral's QuoterV2. */
  readonly quoter: Hex
}

/** What `openDex` reads from the chain. */
interface DepsAlgebra {
  readonly wrappedNative: Hex
  readonly factory: Hex
}

/** Selectors of QuoterV2 and the factory: the first four bytes of the keccak256 of their signatures. */
const selectors = {
  quoteExactInputSingle: '0xe94764c4',
  quoteExactOutputSingle: '0x62086e24',
  poolByPair: '0xd9a641e1',
} as const

/** The functions of Integral's router. */
export const integral: Periphery = {
  exactInputSingle: '1679c792',
  exactOutputSingle: '1764babc',
  refund: '41865270',
  unwrap: '69bc35b2',
  itself: uintWord(0n),
  deadlineOf: 'swap',
}

/** Who made a pair's pool: nobody stands for the factory itself. Pools of other makers are not looked at. */
const byFactory = uintWord(0n)
const noPriceLimit = uintWord(0n)

/**
 * A venue on Algebra Integral. Swaps go through the pair's one pool. Its fee changes by itself, so that only a quote knows it.
 *
 * @param deps - `wrappedNative`: what the router wraps the native coin into; `factory`: what makes its pools. `openDex` reads both.
 *
 * @example
 * algebra({ id: 'quickswap', kind: 'algebra', router, quoter }, { wrappedNative: weth, factory }).swapCall(swap, terms)
 */
export function algebra(venue: AlgebraVenue, deps: DepsAlgebra): Dex {
  const wrappedNative = lowerHex(deps.wrappedNative)
  const contracts = { router: lowerHex(venue.router), wrappedNative }
  const poolByPair = (pair: Pair): Read => {
    const data: Hex = `${selectors.poolByPair}${pairWords(pair, wrappedNative)}`
    return { kind: 'call', to: lowerHex(deps.factory), data }
  }
  const encode: Dex['swapCall'] = (swap, terms) => peripheryCall(integral, contracts, { swap, terms, pool: byFactory })
  return {
    venue: venue.id,
    contracts: [contracts.router],
    spenders: [{ address: contracts.router }],
    isConstantProduct: false,
    poolRequest: (pair) => poolsRequest([{ route: null, read: poolByPair(pair) }]),
    marketRequest: ({ tokenIn }, pools) => holdingsRequest(onChain(tokenIn, wrappedNative), pools),
    quoteRequest: (swap) => ({
      reads: [quoteRead(lowerHex(venue.quoter), swap, wrappedNative)],
      answer: ([reply]) => readQuote(venue.id, swap, reply),
    }),
    swapCall: encode,
    swapShapes: () => swapShapes(encode, { sell: [undefined], buy: [undefined] }),
    fill: (swap, receipt) => readFill(swap, receipt.logs, contracts),
  }
}

function quoteRead(quoter: Hex, swap: Swap, wrappedNative: Hex): Read {
  const selector = swap.side === 'sell' ? selectors.quoteExactInputSingle : selectors.quoteExactOutputSingle
  const words = pairWords(swap, wrappedNative) + byFactory + uintWord(BigInt(swap.amount)) + noPriceLimit
  return { kind: 'call', to: quoter, data: `${selector}${words}` }
}

function readQuote(venue: string, swap: Swap, reply: ReadReply | undefined): Quote {
  if (reply?.ok !== true) {
    const reason = reply === undefined ? 'The quoter did not answer.' : decodeRevert(reply.data, reply.message).reason
    throw noLiquidity(venue, swap, { reason })
  }
  const [amountOut, amountIn] = [readWord(reply.value, 0), readWord(reply.value, 1)]
  const [exact, quoted] = swap.side === 'sell' ? [amountIn, amountOut] : [amountOut, amountIn]
  if (quoted === undefined) throw noLiquidity(venue, swap, { reason: 'The quoter did not answer.' })
  // The quoter prices what the pool can take, and says how much of what was asked that is.
  if (exact !== BigInt(swap.amount)) throw noLiquidity(venue, swap, { reason: 'The pool can fill it only in part.' })
  if (quoted === 0n) throw noLiquidity(venue, swap, { reason: 'The amount is too small.' })
  return { amount: baseUnits(quoted) }
}
