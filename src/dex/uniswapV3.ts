import { InvalidOrderError } from '../domain/errors.ts'
import { type Hex, lowerHex } from '../domain/hex.ts'
import type { Read, ReadReply } from '../domain/read.ts'
import type { Quote, Swap } from '../domain/swap.ts'
import type { Dex, Pair } from './dex.ts'
import { readFill } from './fills.ts'
import { type Periphery, peripheryCall } from './periphery.ts'
import { bestQuote, holdingsRequest, onChain, pairWords, poolsRequest } from './pools.ts'
import { decodeRevert } from './reverts.ts'
import { swapShapes } from './swapShapes.ts'
import { readWord, uintWord } from './words.ts'

/** A venue of the Uniswap V3 family: Uniswap V3, PancakeSwap V3, SushiSwap V3 and other copies of its pools and routers. */
export interface UniswapV3Venue {
  /** The name of the venue in allocations, statuses and errors. */
  readonly id: string
  readonly kind: 'uniswapV3'
  /** A SwapRouter02 (PancakeSwap's SmartRouter is one), or the older SwapRouter. */
  readonly router: Hex
  /** The QuoterV2. */
  readonly quoter: Hex
  /** Pools to look at, by their fee in millionths: 3000 is 0.3 %. By default 100, 500, 3000 and 10000; PancakeSwap has 2500 for 3000. */
  readonly feeTiers?: readonly number[]
}

/** What `openDex` reads from the chain. */
interface DepsV3 {
  readonly wrappedNative: Hex
  readonly factory: Hex
  readonly generation: RouterGeneration
}

/** SwapRouter has the deadline in each swap, SwapRouter02 in the multicall around them. */
export type RouterGeneration = 'SwapRouter' | 'SwapRouter02'

/** The fees of the pools that Uniswap V3 itself enabled, in millionths. */
const defaultFeeTiers: readonly number[] = [100, 500, 3000, 10_000]

/** Selectors of QuoterV2 and the factory: the first four bytes of the keccak256 of their signatures. */
const selectors = {
  quoteExactInputSingle: '0xc6a5026a',
  quoteExactOutputSingle: '0xbd21704a',
  getPool: '0x1698ee82',
} as const

const payments = { refund: '12210e8a', unwrap: '49404b7c' }
/** What each generation's functions are. */
export const peripheries: Record<RouterGeneration, Periphery> = {
  SwapRouter: {
    ...payments,
    exactInputSingle: '414bf389',
    exactOutputSingle: 'db3e2198',
    itself: uintWord(0n),
    deadlineOf: 'swap',
  },
  SwapRouter02: {
    ...payments,
    exactInputSingle: '04e45aaf',
    exactOutputSingle: '5023b4df',
    itself: uintWord(2n),
    deadlineOf: 'multicall',
  },
}

const noPriceLimit = uintWord(0n)
// The prices at which a pool has nothing left on one side: a swap that ends there was filled in part only.
const lowestPrice = 4_295_128_740n
const highestPrice = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_341n

/**
 * A venue of the Uniswap V3 family. Swaps go through one pool, the one whose fee tier gives the best quote.
 *
 * @param deps - `wrappedNative`: what the router wraps the native coin into; `factory`: what makes its pools; `generation`:
 * which functions the router has. `openDex` reads them.
 *
 * @example
 * const deps = { wrappedNative: weth, factory, generation: 'SwapRouter02' }
 * uniswapV3({ id: 'uniswap-v3', kind: 'uniswapV3', router, quoter }, deps).swapCall(swap, terms)
 */
export function uniswapV3(venue: UniswapV3Venue, deps: DepsV3): Dex {
  const wrappedNative = lowerHex(deps.wrappedNative)
  const contracts = { router: lowerHex(venue.router), wrappedNative }
  const periphery = peripheries[deps.generation]
  const feeTiers = venue.feeTiers ?? defaultFeeTiers
  const getPool = (pair: Pair, fee: number): Read => {
    const words = pairWords(pair, wrappedNative) + uintWord(BigInt(fee))
    return { kind: 'call', to: lowerHex(deps.factory), data: `${selectors.getPool}${words}` }
  }
  const encode: Dex['swapCall'] = (swap, terms) => {
    const pool = uintWord(feeOf(venue.id, terms.quote, feeTiers))
    return peripheryCall(periphery, contracts, { swap, terms, pool })
  }
  return {
    venue: venue.id,
    contracts: [contracts.router],
    spenders: [{ address: contracts.router }],
    isConstantProduct: false,
    poolRequest: (pair) => poolsRequest(feeTiers.map((fee) => ({ route: `${fee}`, read: getPool(pair, fee) }))),
    marketRequest: ({ tokenIn }, pools) => holdingsRequest(onChain(tokenIn, wrappedNative), pools),
    quoteRequest: (swap, pools) => {
      const tiers = pools === undefined ? feeTiers : pools.map(({ route }) => Number(route))
      return {
        reads: quoteReads(lowerHex(venue.quoter), tiers, swap, wrappedNative),
        answer: (replies) => {
          const routes = tiers.map((fee, tier) => ({ route: `${fee}`, quoted: readQuote(replies[tier]) }))
          return bestQuote({ venue: venue.id, swap, by: 'fee tier' }, routes)
        },
      }
    },
    swapCall: encode,
    swapShapes: () => swapShapes(encode, { sell: feeTiers.map(String), buy: feeTiers.map(String) }),
    fill: (swap, receipt) => readFill(swap, receipt.logs, contracts),
  }
}

function quoteReads(quoter: Hex, feeTiers: readonly number[], swap: Swap, wrappedNative: Hex): readonly Read[] {
  const selector = swap.side === 'sell' ? selectors.quoteExactInputSingle : selectors.quoteExactOutputSingle
  const head = `${selector}${pairWords(swap, wrappedNative)}${uintWord(BigInt(swap.amount))}`
  return feeTiers.map((fee) => {
    return { kind: 'call', to: quoter, data: `${head}${uintWord(BigInt(fee))}${noPriceLimit}` as Hex }
  })
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
  const named = feeTiers.find((fee) => `${fee}` === route)
  if (named !== undefined) return BigInt(named)
  throw new InvalidOrderError(`A quote for ${venue} must name the fee tier of its pool as the route.`, {
    venue,
    route: route ?? 'none',
    feeTiers: feeTiers.join(', '),
  })
}
