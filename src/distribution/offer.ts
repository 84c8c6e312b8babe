import { type BaseUnits, baseUnits } from '../domain/amount.ts'
import { toFailure } from '../domain/errors.ts'
import type { Quote, Side } from '../domain/swap.ts'
import { millionths, type Pool, poolInput, poolOf, poolOutput } from './constantProduct.ts'
import { type Curve, poolCurve } from './curve.ts'
import type { VenueSurvey } from './distribution.ts'
import { lesser } from './integers.ts'
import type { Trust } from './learning.ts'
import { quotedCurve } from './quotedCurve.ts'

/** A venue that can take part of an order, as it is known so far. */
export interface Offer {
  readonly venue: string
  readonly side: Side
  /** The pools that its quotes may go through. */
  readonly pools: readonly string[]
  /** All pools of the venue, and which of them a quote's route leads through, as far as that is known. */
  readonly listed: readonly string[]
  readonly routes: Readonly<Record<string, string>> | undefined
  /** The most that it may take, in the order's units. */
  readonly cap: bigint
  /** What a leg is expected to cost there, in the other units. */
  readonly legCost: bigint
  readonly trustPpm: bigint
  /** What it gives follows from this; null where it has to be asked. */
  readonly pool: Pool | null
  /** What it said, by amount. */
  readonly quotes: ReadonlyMap<bigint, Quote>
  readonly isProbe: boolean
  /** What it is worth for each amount, as far as that can be told. */
  readonly curve: Curve
}

/** What makes an offer of what a survey says of a venue. */
export interface OfferOptions {
  readonly venue: string
  readonly side: Side
  /** What was asked for, ascending. */
  readonly sizes: readonly bigint[]
  readonly trust: Trust
  /** The most that a venue may take that has to prove itself; null for one that need not. */
  readonly probeMax: bigint | null
}

/**
 * What a venue offers, or in a sentence why it is of no use.
 *
 * @example
 * offerOf(survey.venues['uniswap-v2'], { venue: 'uniswap-v2', side: 'sell', sizes, trust, probeMax: null })
 */
export function offerOf(survey: VenueSurvey | string | undefined, options: OfferOptions): Offer | string {
  const { venue, side, sizes, trust, probeMax } = options
  if (survey === undefined) return 'Nothing is known of it.'
  if (typeof survey === 'string') return survey
  const limit = BigInt(survey.cap)
  if (limit <= 0n) return 'Its limits leave nothing for it.'
  const quotes = new Map<bigint, Quote>()
  const asked = survey.sizes?.map(BigInt) ?? sizes
  for (const [index, size] of asked.entries()) {
    const quote = survey.quotes[index]
    if (isUseful(quote)) quotes.set(size, quote)
  }
  let pool: Pool | null = null
  try {
    if (survey.closedForm !== null) pool = poolOf(survey.closedForm)
  } catch (error) {
    return toFailure(error).message
  }
  const offer = {
    venue,
    side,
    listed: survey.pools,
    routes: survey.routes,
    cap: probeMax === null ? limit : lesser(probeMax, limit),
    legCost: (BigInt(survey.legCost) * trust.costPpm) / millionths,
    trustPpm: trust.trustPpm,
    pool,
    quotes,
    isProbe: probeMax !== null,
  }
  const curve = curveOf(offer)
  if (curve !== null) return { ...offer, curve, pools: poolsUsed(offer) }
  return survey.quotes.find((quote) => typeof quote === 'string') ?? 'It would give nothing for the order.'
}

function curveOf({ side, cap, trustPpm, pool, quotes }: Omit<Offer, 'curve' | 'pools'>): Curve | null {
  const options = { side, cap, trustPpm }
  if (pool === null) {
    return quotedCurve(
      [...quotes].map(([amount, quote]) => ({ amount, gain: gainOf(quote, side) })),
      options,
    )
  }
  const curve = poolCurve(pool, options)
  return curve.reach > 0n ? curve : null
}

/**
 * The venue's own quote for an amount that its curve reaches; undefined where it has to be asked.
 *
 * @example
 * quoteFor(offer, 100n) // { amount: '181' }
 */
export function quoteFor({ side, pool, quotes }: Offer, amount: bigint): Quote | undefined {
  if (pool === null) return quotes.get(amount)
  return { amount: baseUnits(side === 'sell' ? poolOutput(pool, amount) : poolInput(pool, amount)) }
}

/** An offer with more of the venue's quotes, by amount. */
export function withQuotes(offer: Offer, quotes: ReadonlyMap<bigint, Quote>): Offer {
  const more = { ...offer, quotes: new Map([...offer.quotes, ...quotes]) }
  return { ...more, curve: curveOf(more) ?? offer.curve, pools: poolsUsed(more) }
}

/** A venue's best pool is another one for another amount: all count that any of its quotes goes through. */
function poolsUsed(offer: Omit<Offer, 'curve' | 'pools'>): readonly string[] {
  if (offer.pool !== null || offer.routes === undefined) return offer.listed
  return [...new Set([...offer.quotes.values()].flatMap((quote) => poolsOf(offer, quote)))]
}

/** What a quote is expected to bring, in the other units: below zero when buying. */
export function expectedGain({ side, trustPpm }: Offer, quote: Quote): bigint {
  return (gainOf(quote, side) * trustPpm) / millionths
}

/** A quote of nothing is none: no leg can have it. */
export function isUseful(quote: Quote | string | undefined): quote is Quote {
  return typeof quote === 'object' && quote.amount !== '0'
}

/**
 * The pools that a quote may go through.
 *
 * @example
 * poolsOf({ listed: ['a', 'b'], routes: { '500': 'a' } }, { amount: '1', route: '500' }) // ['a']
 */
export function poolsOf({ listed, routes }: Pick<Offer, 'listed' | 'routes'>, { route }: Quote): readonly string[] {
  const pool = route === undefined ? undefined : routes?.[route]
  return pool === undefined ? listed : [pool]
}

function gainOf({ amount }: { amount: BaseUnits }, side: Side): bigint {
  return side === 'sell' ? BigInt(amount) : -BigInt(amount)
}
