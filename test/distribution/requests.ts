import type { AllocationRequest, Survey, VenueSurvey } from '../../src/distribution/distribution.ts'
import { type BaseUnits, baseUnits } from '../../src/domain/amount.ts'
import type { Quote, Side } from '../../src/domain/swap.ts'
import type { Venue } from './venues.ts'

const token = { symbol: 'X', address: 'native', decimals: 18 } as const

/** A venue in a market, and what there is to say of it. */
export interface Listing {
  readonly venue: Venue
  readonly cap?: bigint
  readonly legCost?: bigint
  readonly pools?: readonly string[]
  /** The pools by the routes that quotes name. */
  readonly routes?: Readonly<Record<string, string>>
  /** The route that the quote for an amount names. */
  readonly routeOf?: (amount: bigint) => string
  /** Why it takes nothing at all. */
  readonly refusal?: string
  /** What it answers to a quote that no survey asked for; a string where it has none. */
  readonly answer?: (amount: bigint) => Quote | string
}

/** An order in a market, and what was asked of the market meanwhile. */
export interface Asking {
  readonly request: AllocationRequest
  readonly surveyed: (readonly BaseUnits[])[]
  readonly quoted: Readonly<Record<string, BaseUnits>>[]
}

/** What a venue would say for an amount. */
export function quoteOf({ venue, routeOf }: Listing, side: Side, amount: bigint): Quote | string {
  const exact = side === 'sell' ? venue.output(Number(amount)) : venue.input(Number(amount))
  const isWithin = side === 'sell' || Number(amount) < venue.outputMax
  if (!isWithin || !Number.isFinite(exact)) return 'It has not enough.'
  const units = BigInt(side === 'sell' ? Math.floor(exact) : Math.ceil(exact))
  if (units <= 0n) return 'It would give nothing.'
  return { amount: baseUnits(units), ...(routeOf !== undefined && { route: routeOf(amount) }) }
}

/** An order in a market of listings. */
export function ask(
  listings: Readonly<Record<string, Listing>>,
  order: { amount: bigint; side?: Side; tradeId?: string; nowMs?: number; pair?: string },
): Asking {
  const { amount, side = 'sell', tradeId = 'trade_1', nowMs = 0, pair = 'X/Y' } = order
  const surveyed: (readonly BaseUnits[])[] = []
  const quoted: Readonly<Record<string, BaseUnits>>[] = []
  const answerOf = (listing: Listing, one: BaseUnits) =>
    listing.answer?.(BigInt(one)) ?? quoteOf(listing, side, BigInt(one))
  const look = (listing: Listing, name: string, amounts: readonly BaseUnits[]): VenueSurvey | string =>
    listing.refusal ?? {
      cap: baseUnits(listing.cap ?? amount),
      pools: listing.pools ?? [name],
      ...(listing.routes !== undefined && { routes: listing.routes }),
      closedForm: listing.venue.closedForm,
      quotes: listing.venue.closedForm === null ? amounts.map((one) => quoteOf(listing, side, BigInt(one))) : [],
      legCost: baseUnits(listing.legCost ?? 0n),
    }
  const request: AllocationRequest = {
    tradeId,
    pair,
    side,
    amount: baseUnits(amount),
    tokenIn: token,
    tokenOut: token,
    venues: Object.keys(listings),
    nowMs,
    survey: async (amounts): Promise<Survey> => {
      surveyed.push(amounts)
      const entries = Object.entries(listings).map(([name, listing]) => [name, look(listing, name, amounts)])
      return { block: { number: 1, hash: '0x01' }, venues: Object.fromEntries(entries) }
    },
    quote: async (amounts) => {
      quoted.push(amounts)
      const entries = Object.entries(amounts).map(([name, one]) => {
        const listing = listings[name]
        return [name, listing === undefined ? 'It is unknown.' : answerOf(listing, one)]
      })
      return Object.fromEntries(entries)
    },
  }
  return { request, surveyed, quoted }
}
