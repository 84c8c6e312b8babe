import { type BaseUnits, baseUnits } from '../domain/amount.ts'
import { InvalidOrderError } from '../domain/errors.ts'
import { type Hex, lowerHex } from '../domain/hex.ts'
import type { Read, ReadReply, Request } from '../domain/read.ts'
import type { Quote, Swap } from '../domain/swap.ts'
import type { Token } from '../domain/token.ts'
import type { Call } from '../domain/transaction.ts'
import { readInt } from './abi.ts'
import type { Dex, Market, Pair, Pool, PoolListing, SwapTerms } from './dex.ts'
import { readFill, type SwapContracts } from './fills.ts'
import { bestQuote, listingOf, onChain } from './pools.ts'
import { decodeRevert } from './reverts.ts'
import { swapShapes } from './swapShapes.ts'
import { addressWord, readAddress, readWord, uintWord } from './words.ts'

/** Balancer V2: one vault that keeps the tokens of every pool and trades in them. */
export interface BalancerV2Venue {
  /** The name of the venue in allocations, statuses and errors. */
  readonly id: string
  readonly kind: 'balancerV2'
  readonly vault: Hex
  /** Ids of the pools to trade in, 32 bytes each: nothing on the chain lists a pair's pools. */
  readonly pools: readonly Hex[]
}

/** What `openDex` reads from the chain. */
interface DepsBalancer {
  readonly wrappedNative: Hex
}

/** Selectors of the vault: the first four bytes of the keccak256 of its functions' signatures. */
const selectors = { queryBatchSwap: '0xf84d066e', swap: '0x52bbbe29', getPoolTokens: '0xf94d4668' } as const

const zero = uintWord(0n)
const poolIdDigits = 64

/**
 * Balancer V2, of whatever pools the vault has: weighted, stable and others. Swaps go through one pool, the one of those
 * configured that gives the best quote.
 *
 * @param deps - `wrappedNative`: what the vault wraps the native coin into. `openDex` reads it.
 *
 * @example
 * balancerV2({ id: 'balancer', kind: 'balancerV2', vault, pools: [poolId] }, { wrappedNative: weth }).swapCall(swap, terms)
 */
export function balancerV2(venue: BalancerV2Venue, deps: DepsBalancer): Dex {
  // The vault wraps and unwraps by itself.
  const contracts = { router: lowerHex(venue.vault), wrappedNative: lowerHex(deps.wrappedNative) }
  const configured = venue.pools.map(lowerHex)
  const encode: Dex['swapCall'] = (swap, terms) =>
    swapCall(contracts.router, poolOf(venue.id, terms.quote, configured), swap, terms)
  return {
    venue: venue.id,
    contracts: [contracts.router],
    spenders: [{ address: contracts.router }],
    isConstantProduct: false,
    poolRequest: (pair) => poolRequest(contracts, configured, pair),
    marketRequest: (pair, pools) => marketRequest(contracts, pair, pools),
    quoteRequest: (swap, pools) => {
      const ids = pools?.map(({ address }) => address) ?? configured
      return {
        reads: ids.map((id) => quoteRead(contracts.router, id, swap)),
        answer: (replies) => {
          const routes = ids.map((id, index) => ({ route: id, quoted: readQuote(swap, replies[index]) }))
          return bestQuote({ venue: venue.id, swap, by: 'pool' }, routes)
        },
      }
    },
    swapCall: encode,
    swapShapes: () => swapShapes(encode, { sell: configured, buy: configured }),
    fill: (swap, receipt) => readFill(swap, receipt.logs, contracts),
  }
}

/**
 * Asks the vault what a pool holds. A revert says that it has no such pool.
 *
 * @example
 * await chain.read([poolTokensRead(vault, poolId)])
 */
export function poolTokensRead(vault: Hex, poolId: Hex): Read {
  return { kind: 'call', to: vault, data: `${selectors.getPoolTokens}${idWord(poolId)}` }
}

function poolRequest({ router, wrappedNative }: SwapContracts, ids: readonly Hex[], pair: Pair): Request<PoolListing> {
  return {
    reads: ids.map((id) => poolTokensRead(router, id)),
    answer: (replies) =>
      listingOf(
        ids.map((id, index) => {
          const balances = balancesOf(replies[index])
          // It was there when the venue was opened: no pool holds nothing at all.
          if (balances.size === 0) return undefined
          const hasBoth = [pair.tokenIn, pair.tokenOut].every((token) => balances.has(onChain(token, wrappedNative)))
          return hasBoth ? { id, route: id, address: id } : null
        }),
      ),
  }
}

function marketRequest(
  { router, wrappedNative }: SwapContracts,
  { tokenIn }: Pair,
  pools: readonly Pool[],
): Request<Market> {
  return {
    reads: pools.map(({ address }) => poolTokensRead(router, address)),
    answer: (replies) => {
      const depths: Record<string, BaseUnits> = {}
      pools.forEach(({ route }, index) => {
        const held = balancesOf(replies[index]).get(onChain(tokenIn, wrappedNative))
        if (held !== undefined) depths[route ?? ''] = baseUnits(held)
      })
      return { depths, closedForm: null }
    },
  }
}

/** What a pool holds, by token. The reply has two arrays behind their offsets, tokens first, and the block of the last change. */
function balancesOf(reply: ReadReply | undefined): ReadonlyMap<Hex, bigint> {
  const balances = new Map<Hex, bigint>()
  if (reply?.ok !== true) return balances
  const length = Number(readWord(reply.value, 3) ?? 0n)
  for (let index = 0; index < length; index += 1) {
    const token = readAddress(reply.value, 4 + index)
    const held = readWord(reply.value, 5 + length + index)
    if (token === undefined || held === undefined) break
    balances.set(token, held)
  }
  return balances
}

/** `queryBatchSwap` of one swap: kind, the swaps, both assets, and who pays and receives. */
function quoteRead(vault: Hex, poolId: Hex, swap: Swap): Read {
  const head = kindWord(swap) + uintWord(0xe0n) + uintWord(0x1e0n) + fundWords(swap.wallet)
  // One swap behind its offset: pool, from the first asset to the second, amount, and no data for the pool.
  const step = idWord(poolId) + zero + uintWord(1n) + uintWord(BigInt(swap.amount)) + uintWord(0xa0n) + zero
  const steps = uintWord(1n) + uintWord(0x20n) + step
  const assets = uintWord(2n) + assetWord(swap.tokenIn) + assetWord(swap.tokenOut)
  return { kind: 'call', to: vault, data: `${selectors.queryBatchSwap}${head}${steps}${assets}` }
}

function readQuote({ side }: Swap, reply: ReadReply | undefined): bigint | string {
  if (reply?.ok === false) return decodeRevert(reply.data, reply.message).reason
  // What the vault would take of each asset, in an array behind its offset; what it would give is negative.
  const taken = reply === undefined ? undefined : readInt(reply.value, 2)
  const given = reply === undefined ? undefined : readInt(reply.value, 3)
  if (taken === undefined || given === undefined) return 'The vault did not answer.'
  const quoted = side === 'sell' ? -given : taken
  return quoted > 0n ? quoted : 'The amount is too small.'
}

function poolOf(venue: string, { route }: Quote, configured: readonly Hex[]): Hex {
  // A caller's own quote has no route; with a single pool there is no doubt.
  const [onlyPool, ...others] = configured
  if (route === undefined && onlyPool !== undefined && others.length === 0) return onlyPool
  const named = configured.find((id) => id === route)
  if (named !== undefined) return named
  throw new InvalidOrderError(`A quote for ${venue} must name one of its pools as the route.`, {
    venue,
    route: route ?? 'none',
  })
}

/** `swap`: where the one swap begins, who pays and receives, limit and deadline, then the swap itself. */
function swapCall(vault: Hex, poolId: Hex, swap: Swap, { limit, deadlineS }: SwapTerms): Call {
  const sells = swap.side === 'sell'
  const head = uintWord(0xe0n) + fundWords(swap.wallet) + uintWord(BigInt(limit)) + uintWord(BigInt(deadlineS))
  const assets = assetWord(swap.tokenIn) + assetWord(swap.tokenOut)
  const single = idWord(poolId) + kindWord(swap) + assets + uintWord(BigInt(swap.amount)) + uintWord(0xc0n) + zero
  // The vault gives back what a purchase does not need of the value.
  const value = sells ? swap.amount : limit
  return {
    to: vault,
    data: `${selectors.swap}${head}${single}`,
    value: swap.tokenIn.address === 'native' ? value : '0',
  }
}

function kindWord({ side }: Swap): string {
  return side === 'sell' ? zero : uintWord(1n)
}

/** The wallet pays and receives, with its own tokens on both sides and not with what it has in the vault. */
function fundWords(wallet: Hex): string {
  return addressWord(wallet) + zero + addressWord(wallet) + zero
}

/** The vault's word for the native coin is the zero address. */
function assetWord({ address }: Token): string {
  return address === 'native' ? zero : addressWord(address)
}

function idWord(poolId: Hex): string {
  const digits = poolId.slice(2)
  // A shorter or longer text would move every word after it.
  if (digits.length !== poolIdDigits) throw new InvalidOrderError('A Balancer pool id must have 32 bytes.', { poolId })
  return digits
}
