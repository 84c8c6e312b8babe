import type { Hex } from '../../src/domain/hex.ts'

/** A token of the simulated chain. */
export interface SimToken {
  readonly symbol: string
  readonly address: Hex
  readonly decimals: number
}

export const chainId = 31_337

/** The wrapped coin stands for the native one inside pools. */
export const wrapped: SimToken = { symbol: 'ETH', address: addressOf('a', 0), decimals: 18 }
export const usdc: SimToken = { symbol: 'USDC', address: addressOf('a', 1), decimals: 6 }
export const dai: SimToken = { symbol: 'DAI', address: addressOf('a', 2), decimals: 18 }
export const tokens: readonly SimToken[] = [wrapped, usdc, dai]

/** The wallet that is `index`th in the configuration. */
export function walletOf(index: number): Hex {
  return addressOf('e', index)
}

/** The router of the venue that is `index`th in the configuration. */
export function routerOf(index: number): Hex {
  return addressOf('b', index)
}

/** What makes a router's pools. */
export function factoryOf(router: Hex): Hex {
  return addressOf('f', indexOf(router))
}

/**
 * Where a router, or its factory, has its pool of two tokens, whichever comes first.
 *
 * @example
 * poolOf(routerOf(0), usdc.address, dai.address) === poolOf(routerOf(0), dai.address, usdc.address) // true
 */
export function poolOf(router: Hex, one: Hex, other: Hex): Hex {
  const [first, second] = one < other ? [one, other] : [other, one]
  return `0x${'d'.repeat(34)}${[router, first, second].map((address) => address.slice(-2)).join('')}`
}

/** The two tokens of a pool, in the order in which it keeps them; undefined where there is none of that address. */
export function pairOf(pool: Hex): readonly [SimToken, SimToken] | undefined {
  const [first, second] = [pool.slice(-4, -2), pool.slice(-2)].map((end) => {
    return tokens.find(({ address }) => address.endsWith(end))
  })
  if (first === undefined || second === undefined) return undefined
  return poolOf(pool.slice(0, -4) as Hex, first.address, second.address) === pool ? [first, second] : undefined
}

function indexOf(address: Hex): number {
  return Number.parseInt(address.slice(-2), 16)
}

function addressOf(kind: string, index: number): Hex {
  return `0x${kind.repeat(38)}${index.toString(16).padStart(2, '0')}`
}

/** Hundredths of a percent that a pool keeps. */
const feeBps = 30n
const whole = 10_000n

/** What a pool gives for `amountIn`; 0 where it has nothing. */
export function outputOf(amountIn: bigint, reserveIn: bigint, reserveOut: bigint): bigint {
  const paid = amountIn * (whole - feeBps)
  const denominator = reserveIn * whole + paid
  return denominator === 0n ? 0n : (paid * reserveOut) / denominator
}

/** What a pool asks for `amountOut`; null where it does not have that much. */
export function inputOf(amountOut: bigint, reserveIn: bigint, reserveOut: bigint): bigint | null {
  if (amountOut >= reserveOut) return null
  return (reserveIn * amountOut * whole) / ((reserveOut - amountOut) * (whole - feeBps)) + 1n
}
