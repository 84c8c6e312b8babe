import { baseUnits, sum } from '../domain/amount.ts'
import { NoLiquidityError } from '../domain/errors.ts'
import type { Quote, Side } from '../domain/swap.ts'
import type { Allocation, AllocationRequest, Distribution } from './distribution.ts'

/** An order is split into this many equal slices at most: every slice count can be quoted in one round trip. */
const slicesMax = 8n

/**
 * The specification's manager of distribution: splits each order in proportion to what each venue would give for all of
 * it. Shares are whole slices of the order, so that one round trip quotes every share that may come out.
 *
 * @example
 * const distributionManager = new DistributionManager({ legsMax: 3 })
 */
export class DistributionManager implements Distribution {
  readonly #legsMax: number

  /** @param config - `legsMax`: legs a trade at most, default 4. */
  constructor({ legsMax = 4 }: { legsMax?: number } = {}) {
    this.#legsMax = legsMax
  }

  /** @throws NoLiquidityError where no venue can take any of it. */
  async allocate({ amount, side, venues, pair, quote }: AllocationRequest): Promise<Allocation> {
    const whole = BigInt(amount)
    const slices = whole < slicesMax ? 1n : slicesMax
    const sizes = Array.from({ length: Number(slices) }, (_, index) => (whole * BigInt(index + 1)) / slices)
    const quotes = await quote(sizes.map(baseUnits))
    const offers = venues.map((venue) => ({ venue, quotes: quotes[venue] ?? [] }))
    const able = best(offers, side, this.#legsMax)
    if (able.length === 0) {
      const reasons = Object.fromEntries(offers.map(({ venue, quotes: [first] }) => [venue, String(first)]))
      throw new NoLiquidityError('No venue can take the order.', { pair, amount, ...reasons })
    }
    const shares = share(able, Number(slices))
    const legs = legsOf(shares, whole, slices)
    return { legs, unallocated: baseUnits(whole - BigInt(sum(legs.map((leg) => leg.amount)))) }
  }

  /** The proportional split learns nothing. */
  record(): void {}

  describe() {
    return { kind: 'proportional', legsMax: this.#legsMax }
  }
}

interface Able {
  readonly venue: string
  readonly quotes: readonly (Quote | string)[]
  /** What it would give, relative to the others: output for all of it, or the inverse of the input. */
  readonly weight: number
}

/** Venues that can take all of it, best first. Where none can, those that can take the most slices. */
function best(offers: readonly Omit<Able, 'weight'>[], side: Side, legsMax: number): Able[] {
  const deepest = Math.max(0, ...offers.map(({ quotes }) => reach(quotes)))
  if (deepest === 0) return []
  return offers
    .flatMap((offer): Able[] => {
      const quote = offer.quotes[deepest - 1]
      if (quote === undefined || typeof quote === 'string') return []
      return [{ ...offer, weight: side === 'sell' ? Number(quote.amount) : 1 / Number(quote.amount) }]
    })
    .sort((a, b) => b.weight - a.weight)
    .slice(0, legsMax)
}

/** Largest remainders: whole slices in proportion to the weights, all of them given out. */
function share(able: readonly Able[], slices: number): { able: Able; slices: number }[] {
  const total = able.reduce((all, { weight }) => all + weight, 0)
  const exact = able.map((one) => ({ able: one, exact: (one.weight / total) * slices }))
  const shares = exact.map((one) => ({ able: one.able, slices: Math.floor(one.exact), rest: one.exact % 1 }))
  let left = slices - shares.reduce((all, one) => all + one.slices, 0)
  for (const one of [...shares].sort((a, b) => b.rest - a.rest)) {
    if (left === 0) break
    one.slices += 1
    left -= 1
  }
  // What a venue was given beyond its reach stays unallocated.
  return shares
    .map((one) => ({ able: one.able, slices: Math.min(one.slices, reach(one.able.quotes)) }))
    .filter((one) => one.slices > 0)
}

/** How many slices a venue can take. */
function reach(quotes: readonly (Quote | string)[]): number {
  return quotes.filter((quote) => typeof quote !== 'string').length
}

/** Amounts by cumulative slices, so that rounding loses nothing. */
function legsOf(shares: readonly { able: Able; slices: number }[], whole: bigint, slices: bigint): Allocation['legs'] {
  let before = 0n
  return shares.flatMap(({ able, slices: count }) => {
    const after = before + BigInt(count)
    const amount = (whole * after) / slices - (whole * before) / slices
    before = after
    const quote = able.quotes[count - 1]
    if (quote === undefined || typeof quote === 'string') return []
    return [{ venue: able.venue, amount: baseUnits(amount), quote }]
  })
}
