import { NoLiquidityError } from '../domain/errors.ts'
import type { ConstantProduct } from '../domain/swap.ts'

/** A pool that holds the product of its reserves constant, as numbers to compute with. Reserves in base units. */
export interface Pool {
  readonly reserveIn: bigint
  readonly reserveOut: bigint
  /** Millionths of the input that count: all but the fee. */
  readonly keptPpm: bigint
}

/** Parts of a whole, for fees and for trust. */
export const millionths = 1_000_000n

/**
 * A pool as it is computed with.
 *
 * @throws {@link NoLiquidityError} where a side of it is empty, or its fee takes all.
 *
 * @example
 * poolOf({ reserveIn: '1000', reserveOut: '2000', feePpm: 3000 }).keptPpm // 997000n
 */
export function poolOf({ reserveIn, reserveOut, feePpm }: ConstantProduct): Pool {
  const pool = {
    reserveIn: BigInt(reserveIn),
    reserveOut: BigInt(reserveOut),
    keptPpm: millionths - BigInt(feePpm),
  }
  if (pool.reserveIn <= 0n || pool.reserveOut <= 0n || pool.keptPpm <= 0n || pool.keptPpm > millionths) {
    throw new NoLiquidityError('The pool is empty, or keeps all of the input.', { reserveIn, reserveOut, feePpm })
  }
  return pool
}

/**
 * What a pool gives for an input: the integers of Uniswap V2's `getAmountOut`, for any fee.
 *
 * @param amountIn - Base units of the token that goes in.
 * @returns Base units of the token that comes out, rounded down; 0 where that is less than one.
 *
 * @example
 * poolOutput(poolOf({ reserveIn: '1000', reserveOut: '2000', feePpm: 3000 }), 100n) // 181n
 */
export function poolOutput({ reserveIn, reserveOut, keptPpm }: Pool, amountIn: bigint): bigint {
  const kept = amountIn * keptPpm
  return (kept * reserveOut) / (reserveIn * millionths + kept)
}

/**
 * What a pool wants for an output: the integers of Uniswap V2's `getAmountIn`, for any fee.
 *
 * @param amountOut - Base units of the token that comes out.
 * @returns Base units of the token that goes in: at least what is needed, at most one more.
 * @throws {@link NoLiquidityError} where the pool does not hold more than that.
 *
 * @example
 * poolInput(poolOf({ reserveIn: '1000', reserveOut: '2000', feePpm: 3000 }), 181n) // 100n
 */
export function poolInput({ reserveIn, reserveOut, keptPpm }: Pool, amountOut: bigint): bigint {
  if (amountOut >= reserveOut) {
    throw new NoLiquidityError('The pool holds no more than that.', { wanted: `${amountOut}`, held: `${reserveOut}` })
  }
  return (reserveIn * amountOut * millionths) / ((reserveOut - amountOut) * keptPpm) + 1n
}
