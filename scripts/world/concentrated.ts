import type { Hex } from '../../src/domain/hex.ts'
import type { Contracts } from './contracts.ts'
import type { Stake } from './market.ts'

/** Both sides of a pool between ticks, in its own order, and where it begins. */
export interface Placed {
  readonly tokens: readonly [Hex, Hex]
  readonly amounts: readonly [bigint, bigint]
  /** The lowest and the highest tick of the one position. */
  readonly range: readonly [number, number]
  /** The square root of the price, in the pool's fixed point. */
  readonly price: bigint
}

/**
 * Where a position around the price of its stakes begins and ends.
 *
 * @param how.reachTicks - How far it reaches to either side.
 * @param how.spacing - Ticks are multiples of it.
 *
 * @example
 * place(tokens, pool.stakes, { reachTicks: 2000, spacing: 10 }).range // [-78250, -74250]
 */
export function place(
  tokens: Contracts['tokens'],
  stakes: readonly [Stake, Stake],
  how: { readonly reachTicks: number; readonly spacing: number },
): Placed {
  const [side0, side1] = sorted(tokens, stakes)
  const tick = Math.log(Number(side1.amount) / Number(side0.amount)) / Math.log(1.0001)
  const aligned = (at: number) => Math.round(at / how.spacing) * how.spacing
  return {
    tokens: [side0.address, side1.address],
    amounts: [side0.amount, side1.amount],
    range: [aligned(tick - how.reachTicks), aligned(tick + how.reachTicks)],
    price: sqrt((side1.amount << 192n) / side0.amount),
  }
}

/**
 * Both sides in a pool's own order, which is that of the tokens' addresses.
 *
 * @example
 * sorted(tokens, pool.stakes)[0].address < sorted(tokens, pool.stakes)[1].address // true
 */
export function sorted(tokens: Contracts['tokens'], [a, b]: readonly [Stake, Stake]) {
  const sideA = { address: tokens[a.symbol].address, amount: BigInt(a.amount) }
  const sideB = { address: tokens[b.symbol].address, amount: BigInt(b.amount) }
  return sideA.address < sideB.address ? ([sideA, sideB] as const) : ([sideB, sideA] as const)
}

/** The whole part of a square root. */
function sqrt(value: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2))
  for (;;) {
    const next = (root + value / root) / 2n
    if (next >= root) return root
    root = next
  }
}
