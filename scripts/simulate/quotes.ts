/** A swap's bound, and how it came about. */
export interface Bound {
  readonly side: 'sell' | 'buy'
  /** In the units of quotes. */
  readonly limit: bigint
  /** Hundredths of a percent that a fill may be worse than its first quote. */
  readonly bps: bigint
  /** True where something else may have made it tighter. */
  readonly isBound: boolean
}

const whole = 10_000n

/**
 * Between what a leg's first quote was, by the bound that followed from it.
 *
 * @example
 * firstQuotes({ side: 'sell', limit: 995n, bps: 50n, isBound: false }) // { least: 1000n, most: 1001n }
 */
export function firstQuotes({ side, limit, bps, isBound }: Bound): { readonly least: bigint; readonly most: bigint } {
  // Bounds are rounded down: those of sales and those of purchases.
  const part = side === 'sell' ? whole - bps : whole + bps
  const least = (limit * whole + part - 1n) / part
  const most = ((limit + 1n) * whole - 1n) / part
  if (!isBound) return { least, most }
  return side === 'sell' ? { least: limit, most } : { least, most: limit }
}
