import { keccak256 } from 'ethers'
import { type BaseUnits, baseUnits } from '../domain/amount.ts'
import type { Hex } from '../domain/hex.ts'
import type { Read, ReadReply, Request } from '../domain/read.ts'
import type { Token } from '../domain/token.ts'
import type { Market, Pair, Pool, PoolListing } from './dex.ts'
import { listingOf } from './pools.ts'
import { addressWord, readWord, uintWord } from './words.ts'

/** What tells the pools of one pair apart. */
export interface PoolKindV4 {
  /** What the pool takes of the input, in millionths: 3000 is 0.3 %. */
  readonly feePpm: number
  /** Ticks between two prices at which liquidity may begin or end. */
  readonly tickSpacing: number
}

/** One pool that a pair may have. */
export interface PoolKey {
  readonly route: string
  /** The PoolKey struct: both currencies in order, fee, tick spacing, hooks. Words without 0x. */
  readonly words: string
  /** What the PoolManager finds it by: the hash of the key. */
  readonly id: Hex
}

/** Where pools are, and where they are read. Lower-case addresses. */
export interface PoolPlaces {
  readonly poolManager: Hex
  readonly stateView: Hex
}

// Selectors of StateView: getSlot0(bytes32), getLiquidity(bytes32).
const getSlot0 = '0xc815641c'
const getLiquidity = '0xfa6793d5'
const zero = uintWord(0n)
// A pool's price is the square root of token1 per token0, times 2^96.
const priceShift = 96n

/**
 * A token as V4 knows it: the native coin is a currency of its own, the zero address, and not its wrapped token.
 *
 * @example
 * currencyWord({ symbol: 'ETH', address: 'native', decimals: 18 }) // '000…000'
 */
export function currencyWord({ address }: Token): string {
  return address === 'native' ? zero : addressWord(address)
}

/**
 * Whether a swap goes from the pool's first currency to its second. They are in the order of their addresses.
 *
 * @example
 * isZeroForOne({ tokenIn: eth, tokenOut: usdc }) // true: nothing is below the zero address
 */
export function isZeroForOne({ tokenIn, tokenOut }: Pair): boolean {
  return currencyWord(tokenIn) < currencyWord(tokenOut)
}

/**
 * How quotes name a pair's pool of this kind.
 *
 * @example
 * routeOf({ feePpm: 500, tickSpacing: 10 }) // '500/10'
 */
export function routeOf({ feePpm, tickSpacing }: PoolKindV4): string {
  return `${feePpm}/${tickSpacing}`
}

/**
 * The pools that a pair may have, one of each kind, without hooks: a hook is somebody's own code in every swap.
 *
 * @example
 * poolKeys({ tokenIn: eth, tokenOut: usdc }, [{ feePpm: 500, tickSpacing: 10 }])[0].route // '500/10'
 */
export function poolKeys(pair: Pair, kinds: readonly PoolKindV4[]): readonly PoolKey[] {
  const [first, second] = isZeroForOne(pair) ? [pair.tokenIn, pair.tokenOut] : [pair.tokenOut, pair.tokenIn]
  const currencies = currencyWord(first) + currencyWord(second)
  return kinds.map((kind) => {
    const words = currencies + uintWord(BigInt(kind.feePpm)) + uintWord(BigInt(kind.tickSpacing)) + zero
    return { route: routeOf(kind), words, id: keccak256(`0x${words}`) as Hex }
  })
}

/** Asks which of these pools there are: one that has no price was never opened. */
export function poolRequest({ poolManager, stateView }: PoolPlaces, keys: readonly PoolKey[]): Request<PoolListing> {
  return {
    reads: keys.map(({ id }) => ({ kind: 'call', to: stateView, data: `${getSlot0}${id.slice(2)}` })),
    answer: (replies) =>
      listingOf(
        keys.map(({ id, route }, index) => {
          const price = wordOf(replies[index])
          if (price === undefined) return undefined
          // Two managers may have pools of the same key.
          return price === 0n ? null : { id: `${poolManager}/${id}`, route, address: id }
        }),
      ),
  }
}

/**
 * Asks how deep the pools are. One contract keeps the tokens of all, so that no balance says it: depth is the reserve that
 * a constant-product pool of the same liquidity would have at this price, x = L / √P or y = L · √P. It holds for as far as
 * that liquidity reaches.
 */
export function marketRequest({ stateView }: PoolPlaces, pair: Pair, pools: readonly Pool[]): Request<Market> {
  const ask = (selector: Hex, id: Hex): Read => ({ kind: 'call', to: stateView, data: `${selector}${id.slice(2)}` })
  const depthOf = (price: bigint, liquidity: bigint): bigint => {
    if (price === 0n) return 0n
    return isZeroForOne(pair) ? (liquidity << priceShift) / price : (liquidity * price) >> priceShift
  }
  return {
    reads: pools.flatMap(({ address }) => [ask(getSlot0, address), ask(getLiquidity, address)]),
    answer: (replies) => {
      const depths: Record<string, BaseUnits> = {}
      pools.forEach(({ route }, index) => {
        depths[route ?? ''] = baseUnits(depthOf(wordOf(replies[2 * index]) ?? 0n, wordOf(replies[2 * index + 1]) ?? 0n))
      })
      return { depths, closedForm: null }
    },
  }
}

/** The first word; undefined where there is none. */
function wordOf(reply: ReadReply | undefined): bigint | undefined {
  return reply?.ok ? readWord(reply.value, 0) : undefined
}
