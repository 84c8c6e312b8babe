import { baseUnits } from '../domain/amount.ts'
import { InvalidOrderError } from '../domain/errors.ts'
import { type Hex, lowerHex } from '../domain/hex.ts'
import type { Read, ReadReply } from '../domain/read.ts'
import type { Fill, Quote, Swap } from '../domain/swap.ts'
import type { Token } from '../domain/token.ts'
import type { Call, Log } from '../domain/transaction.ts'
import { bytesArray, bytesWords, readInt } from './abi.ts'
import type { Dex, Pair, SwapTerms } from './dex.ts'
import { netTransferred } from './fills.ts'
import { bestQuote } from './pools.ts'
import { decodeRevert } from './reverts.ts'
import { swapShapes } from './swapShapes.ts'
import {
  currencyWord,
  isZeroForOne,
  marketRequest,
  type PoolKey,
  type PoolKindV4,
  poolKeys,
  poolRequest,
  routeOf,
} from './uniswapV4Pools.ts'
import { addressWord, readWord, uintWord } from './words.ts'

/** A Uniswap V4 venue: its pools, through the UniversalRouter. Tokens are allowed to Permit2, and there to the router. */
export interface UniswapV4Venue {
  /** The name of the venue in allocations, statuses and errors. */
  readonly id: string
  readonly kind: 'uniswapV4'
  /** The UniversalRouter, 2.0 or newer: older ones know no V4. */
  readonly router: Hex
  /** The V4Quoter. */
  readonly quoter: Hex
  readonly stateView: Hex
  /** Where it is not at the address that it has on nearly every chain. */
  readonly permit2?: Hex
  /** Pools to look at. By default the four that began with V3: 100/1, 500/10, 3000/60 and 10000/200. */
  readonly pools?: readonly PoolKindV4[]
}

/** What `openDex` reads from the chain. */
interface DepsV4 {
  readonly poolManager: Hex
}

/** The same on every chain that has it from its own deployer; zkSync is one that has not. */
export const usualPermit2: Hex = '0x000000000022d473030f116ddee9f6b43ac78ba3'

const usualPools: readonly PoolKindV4[] = [
  { feePpm: 100, tickSpacing: 1 },
  { feePpm: 500, tickSpacing: 10 },
  { feePpm: 3000, tickSpacing: 60 },
  { feePpm: 10_000, tickSpacing: 200 },
]

/** Selectors of V4Quoter and UniversalRouter: the first four bytes of the keccak256 of their signatures. */
const selectors = {
  quoteExactInputSingle: '0xaa9d21cb',
  quoteExactOutputSingle: '0x58733073',
  execute: '0x3593564c',
} as const
/** keccak256 of the PoolManager's Swap(bytes32,address,int128,int128,uint160,uint128,int24,uint24). */
const swapTopic = '0x40e9cecb9f5f1f1c5b9c97dec2917b7ee92e57ba5563708daca94dd84ad7112f'

// The router's commands, V4_SWAP and SWEEP, and the actions of V4_SWAP: SWAP_EXACT_IN_SINGLE or SWAP_EXACT_OUT_SINGLE,
// SETTLE_ALL, TAKE_ALL. A byte each.
const v4Swap = '10'
const v4SwapAndSweep = '1004'
const sellActions = '060c0f'
const buyActions = '080c0f'
const zero = uintWord(0n)

/**
 * A Uniswap V4 venue. Swaps go through one pool without hooks, the one that gives the best quote. Native coin is traded in
 * its own pools: those of the wrapped token are others.
 *
 * @param deps - `poolManager`: the contract that has all pools. `openDex` reads it from the router.
 *
 * @example
 * uniswapV4({ id: 'uniswap-v4', kind: 'uniswapV4', router, quoter, stateView }, { poolManager }).swapCall(swap, terms)
 */
export function uniswapV4(venue: UniswapV4Venue, deps: DepsV4): Dex {
  const router = lowerHex(venue.router)
  const permit2 = lowerHex(venue.permit2 ?? usualPermit2)
  const places = { poolManager: lowerHex(deps.poolManager), stateView: lowerHex(venue.stateView) }
  const kinds = venue.pools ?? usualPools
  // A key's hash takes longer than a whole call otherwise. There are as many pairs as are configured.
  const known = new Map<string, readonly PoolKey[]>()
  const keysOf = (pair: Pair): readonly PoolKey[] => {
    const name = currencyWord(pair.tokenIn) + currencyWord(pair.tokenOut)
    const keys = known.get(name) ?? poolKeys(pair, kinds)
    known.set(name, keys)
    return keys
  }
  const encode: Dex['swapCall'] = (swap, terms) =>
    swapCall(router, swap, terms, keyOf(venue.id, terms.quote, keysOf(swap)))
  return {
    venue: venue.id,
    contracts: [router],
    spenders: [{ address: permit2 }, { address: router, via: permit2 }],
    isConstantProduct: false,
    poolRequest: (pair) => poolRequest(places, keysOf(pair)),
    marketRequest: (pair, pools) => marketRequest(places, pair, pools),
    quoteRequest: (swap, pools) => {
      const routes = pools?.map(({ route }) => route)
      const keys = keysOf(swap).filter(({ route }) => routes?.includes(route) ?? true)
      return {
        reads: quoteReads(lowerHex(venue.quoter), keys, swap),
        answer: (replies) => {
          const quotes = keys.map(({ route }, index) => ({ route, quoted: readQuote(replies[index]) }))
          return bestQuote({ venue: venue.id, swap, by: 'pool' }, quotes)
        },
      }
    },
    swapCall: encode,
    swapShapes: () => swapShapes(encode, { sell: kinds.map(routeOf), buy: kinds.map(routeOf) }),
    fill: (swap, { logs }) => fillOf(swap, logs, { poolManager: places.poolManager, router }),
  }
}

function quoteReads(quoter: Hex, keys: readonly PoolKey[], swap: Swap): readonly Read[] {
  const selector = swap.side === 'sell' ? selectors.quoteExactInputSingle : selectors.quoteExactOutputSingle
  // One struct: the pool's key, the direction, the amount, and where the data for hooks begins, of which there is none.
  const tail = boolWord(isZeroForOne(swap)) + uintWord(BigInt(swap.amount)) + uintWord(0x100n) + zero
  return keys.map(({ words }) => ({
    kind: 'call',
    to: quoter,
    data: `${selector}${uintWord(0x20n)}${words}${tail}` as Hex,
  }))
}

/** One pool's quote, or why it has none. The quoter refuses what a pool could fill only in part. */
function readQuote(reply: ReadReply | undefined): bigint | string {
  if (reply?.ok === false) return decodeRevert(reply.data, reply.message).reason
  const quoted = reply === undefined ? undefined : readWord(reply.value, 0)
  if (quoted === undefined) return 'The quoter did not answer.'
  return quoted > 0n ? quoted : 'The amount is too small.'
}

function keyOf(venue: string, { route }: Quote, keys: readonly PoolKey[]): PoolKey {
  // A caller's own quote has no route; with a single pool there is no doubt.
  const [onlyKey, ...others] = keys
  if (route === undefined && onlyKey !== undefined && others.length === 0) return onlyKey
  const named = keys.find((key) => key.route === route)
  if (named !== undefined) return named
  throw new InvalidOrderError(`A quote for ${venue} must name the fee and tick spacing of its pool as the route.`, {
    venue,
    route: route ?? 'none',
    pools: keys.map((key) => key.route).join(', '),
  })
}

function swapCall(router: Hex, swap: Swap, { limit, deadlineS }: SwapTerms, key: PoolKey): Call {
  const sells = swap.side === 'sell'
  const fromNative = swap.tokenIn.address === 'native'
  const [most, least] = sells ? [swap.amount, limit] : [limit, swap.amount]
  const params = [
    swapParams(swap, limit, key),
    // The bounds once more, of what is paid and received: a pool that runs dry fills a purchase only in part.
    currencyWord(swap.tokenIn) + uintWord(BigInt(most)),
    currencyWord(swap.tokenOut) + uintWord(BigInt(least)),
  ]
  const actions = bytesWords(sells ? sellActions : buyActions)
  const inputs = [uintWord(0x40n) + uintWord(0x80n) + actions + bytesArray(params)]
  // Also when selling: a pool that runs dry takes less than was sent, and anybody may collect what stays in the router.
  if (fromNative) inputs.push(zero + addressWord(swap.wallet) + zero)
  const commands = bytesWords(fromNative ? v4SwapAndSweep : v4Swap)
  const head = uintWord(0x60n) + uintWord(0xa0n) + uintWord(BigInt(deadlineS))
  return {
    to: router,
    data: `${selectors.execute}${head}${commands}${bytesArray(inputs)}`,
    value: fromNative ? most : '0',
  }
}

/**
 * The struct of a swap in one pool, which has two forms: since 2.1.1 the router takes a least price, in 10^-36, before the
 * offset of the hooks' data. One text serves both. Where the older form has the offset, the newer one has its least price,
 * and no swap of amounts below 2^128 that is worth its gas comes near 320 of those; where the newer one has the offset, the
 * older one reads nothing.
 */
function swapParams(swap: Swap, limit: string, { words }: PoolKey): string {
  const amounts = uintWord(BigInt(swap.amount)) + uintWord(BigInt(limit))
  const dataAt = uintWord(0x140n)
  return uintWord(0x20n) + words + boolWord(isZeroForOne(swap)) + amounts + dataAt + dataAt + zero
}

function boolWord(value: boolean): string {
  return uintWord(value ? 1n : 0n)
}

interface SwapPlaces {
  readonly poolManager: Hex
  readonly router: Hex
}

/**
 * Tokens are counted by their transfers from and to the wallet. Native coin leaves no log when it moves, but the manager
 * writes what each swap owed and earned, in both currencies, and the router settles exactly that with whoever called it. In
 * which pool is not asked: those that are configured may have changed since the swap was signed, which is the router's only one.
 */
function fillOf(swap: Swap, logs: readonly Log[], places: SwapPlaces): Fill {
  const received = ({ address }: Token): bigint => {
    if (address !== 'native') return netTransferred(address, swap.wallet, logs)
    return netNative(logs, places)
  }
  return { amountIn: baseUnits(-received(swap.tokenIn)), amountOut: baseUnits(received(swap.tokenOut)) }
}

function netNative(logs: readonly Log[], { poolManager, router }: SwapPlaces): bigint {
  const sender: Hex = `0x${addressWord(router)}`
  let net = 0n
  for (const { address, topics, data } of logs) {
    const [topic, , by] = topics
    // Native coin is always the first currency. What the swapper pays is negative.
    if (address === poolManager && topic === swapTopic && by === sender) net += readInt(data, 0) ?? 0n
  }
  return net
}
