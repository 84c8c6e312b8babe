import type { ConstantProduct, Side } from '../../src/domain/swap.ts'

/**
 * What a venue gives for an input, and what it wants for an output: exact mathematics in doubles, made by other means than what
 * is tested. Both are whole units, rounded against the trader.
 */
export interface Venue {
  readonly closedForm: ConstantProduct | null
  /** Infinite where it has no bound. */
  readonly outputMax: number
  output(amountIn: number): number
  input(amountOut: number): number
}

/** What a venue is worth for an amount: more is better, on both sides. */
export function gainOf(venue: Venue, side: Side, amount: bigint): number {
  if (amount === 0n) return 0
  return side === 'sell' ? venue.output(Number(amount)) : -venue.input(Number(amount))
}

/** A pool of constant product. */
export function pool(reserveIn: number, reserveOut: number, feePpm: number): Venue {
  const [a, b, kept] = [Math.round(reserveIn), Math.round(reserveOut), 1 - feePpm / 1e6]
  return {
    closedForm: { reserveIn: `${BigInt(a)}`, reserveOut: `${BigInt(b)}`, feePpm },
    outputMax: b,
    output: (x) => (kept * x * b) / (a + kept * x),
    input: (y) => (a * y) / ((b - y) * kept),
  }
}

/** A pool of two tokens with weights, of which `ratio` is that of the one that goes in over the other. */
export function weighted(reserveIn: number, reserveOut: number, ratio: number): Venue {
  return {
    closedForm: null,
    outputMax: reserveOut,
    output: (x) => -reserveOut * Math.expm1(-ratio * Math.log1p(x / reserveIn)),
    input: (y) => reserveIn * Math.expm1(-Math.log1p(-y / reserveOut) / ratio),
  }
}

/** Concentrated liquidity: from range to range another depth. The price falls by `fall` along each, the last goes on for ever. */
export function ranges(price: number, parts: readonly { readonly liquidity: number; readonly fall: number }[]): Venue {
  // In a range with liquidity L the root of the price goes from p to q: L·(1/q − 1/p) goes in, L·(p − q) comes out.
  let root = Math.sqrt(price)
  const stretches = parts.map(({ liquidity, fall }, index) => {
    const start = root
    root *= Math.sqrt(1 - fall)
    const end = index === parts.length - 1 ? 0 : root
    return { liquidity, start, end, amountIn: liquidity * (1 / end - 1 / start), amountOut: liquidity * (start - end) }
  })
  return {
    closedForm: null,
    outputMax: stretches.reduce((sum, { amountOut }) => sum + amountOut, 0),
    output(x) {
      let [left, given] = [x, 0]
      for (const { liquidity, start, amountIn, amountOut } of stretches) {
        if (left <= amountIn) return given + (liquidity * start * start * left) / (liquidity + start * left)
        left -= amountIn
        given += amountOut
      }
      return given
    },
    input(y) {
      let [left, wanted] = [y, 0]
      for (const { liquidity, start, amountIn, amountOut } of stretches) {
        if (left <= amountOut) return wanted + (liquidity * left) / (start * (liquidity * start - left))
        left -= amountOut
        wanted += amountIn
      }
      return Number.POSITIVE_INFINITY
    },
  }
}

/** Like a pool of two stable coins: nearly one price until most of it is sold out. */
export function stable(price: number, depth: number, power: number): Venue {
  const output = (x: number) => {
    const share = Math.min(1, x / depth)
    return price * depth * (share - share ** (power + 1) / (power + 1))
  }
  return {
    closedForm: null,
    outputMax: output(depth),
    output,
    input(y) {
      const wanted = y / (price * depth)
      let share = wanted
      // Newton's steps come from below, and stop where doubles do.
      for (let step = 0; step < 200; step += 1) {
        const missing = wanted - share + share ** (power + 1) / (power + 1)
        const next = share + missing / (1 - share ** power)
        if (!(next > share)) break
        share = next
      }
      return depth * share
    },
  }
}
