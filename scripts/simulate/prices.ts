import { outputOf, poolOf, routerOf, tokens, wrapped } from './contracts.ts'
import { balanceOf } from './state.ts'
import type { World } from './world.ts'

/** What an amount of the chain's coin may have been worth, in base units of a token. */
export interface PriceRange {
  readonly least: (wei: bigint) => bigint
  readonly most: (wei: bigint) => bigint
}

const ether = 10n ** 18n
/** What is asked for a price is what a swap's gas costs. */
const askedWei = ether / 100_000n
const largeWei = ether / 10n
const swapGas = 200_000n

const ranges = new WeakMap<World, Map<string, PriceRange>>()

/** The range of all venues over all blocks that there ever were: which of them was asked for the price nobody outside knows. */
export function priceRange(world: World, symbol: string): PriceRange {
  const known = ranges.get(world) ?? new Map<string, PriceRange>()
  const range = known.get(symbol) ?? rangeOf(world, symbol)
  ranges.set(world, known.set(symbol, range))
  return range
}

function rangeOf({ ledger, plan }: World, symbol: string): PriceRange {
  if (symbol === wrapped.symbol) return { least: (wei) => wei, most: (wei) => wei }
  const address = tokens.find((token) => token.symbol === symbol)?.address ?? '0x'
  let [least, most] = [0n, 0n]
  for (const { state, baseFee } of ledger.blocks()) {
    const dearWei = swapGas * baseFee > largeWei ? swapGas * baseFee : largeWei
    for (let venue = 0; venue < plan.venues; venue += 1) {
      const pool = poolOf(routerOf(venue), wrapped.address, address)
      const [reserveIn, reserveOut] = [balanceOf(state, wrapped.address, pool), balanceOf(state, address, pool)]
      const low = (outputOf(dearWei, reserveIn, reserveOut) * ether) / dearWei
      const high = ((outputOf(askedWei, reserveIn, reserveOut) + 1n) * ether) / askedWei
      if (least === 0n || low < least) least = low
      if (high > most) most = high
    }
  }
  return { least: (wei) => (wei * least) / ether, most: (wei) => (wei * most) / ether + 1n }
}
