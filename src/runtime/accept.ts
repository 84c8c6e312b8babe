import { type BaseUnits, fractionToBps, parseAmount } from '../domain/amount.ts'
import { BaseError, InvalidOrderError } from '../domain/errors.ts'
import type { LegPolicy } from '../domain/leg.ts'
import type { Quote, Side } from '../domain/swap.ts'
import type { Token } from '../domain/token.ts'
import type { AcceptedOrder, FillPolicy } from '../domain/trade.ts'

/** A caller's own price of one venue for the whole amount: its output when selling, its input when buying. */
export type CallerQuote = string | bigint | { readonly amount: string | bigint; readonly route?: string }

/** What to trade. Amounts are decimal strings in whole tokens, or base units as bigint. */
export interface TradeOrder {
  /** Yours, and unique: the same order under the same id is the same trade. Up to 200 characters. */
  readonly tradeId: string
  /** `BASE/QUOTE`, by the symbols of the configuration. */
  readonly pair: string
  /** `sell` (the default): give exactly `amount` of the base token. `buy`: receive exactly `amount` of it. */
  readonly side?: Side
  /** Of the base token. */
  readonly amount: string | bigint
  /** Fraction of the first quote, instead of the configured one: '0.005' is 0.5 %. */
  readonly maxSlippage?: string
  /** Venue ids to trade on; all of them without it. */
  readonly venues?: readonly string[]
  /** What it means that a leg fails, instead of the configured policy. `minimumFill`: fraction of the amount, as a decimal string. */
  readonly fillPolicy?: FillPolicyName | { readonly minimumFill: string }
  /** Your own prices by venue id. With them nothing is read from the chain between the call and the wire. */
  readonly quotes?: Readonly<Record<string, CallerQuote>>
}

/** Fill policies that need no number. */
export type FillPolicyName = Exclude<FillPolicy['kind'], 'minimumFill'>

/** What an order is checked against. */
export interface OrderRules {
  readonly tokens: ReadonlyMap<string, Token>
  readonly venues: readonly string[]
  readonly slippageBps: number
  readonly policy: LegPolicy
  readonly fillPolicy: FillPolicy
  readonly reallocationsMax: number
  readonly nowMs: () => number
}

const fields = ['tradeId', 'pair', 'side', 'amount', 'maxSlippage', 'venues', 'fillPolicy', 'quotes']
const tradeIdMax = 200

/**
 * Checks an order, converts its amounts and adds all that its trade needs under any later configuration.
 *
 * @throws InvalidOrderError or InvalidAmountError naming the field. Nothing was recorded or sent.
 */
export function acceptOrder(order: TradeOrder, rules: OrderRules): AcceptedOrder {
  if (typeof order !== 'object' || order === null) throw new InvalidOrderError('The order must be an object.')
  const stranger = Object.keys(order).find((field) => !fields.includes(field))
  if (stranger !== undefined) throw new InvalidOrderError('The order has an unknown field.', { field: stranger })
  const { tradeId, pair, side = 'sell' } = order
  if (typeof tradeId !== 'string' || tradeId === '' || tradeId.length > tradeIdMax) {
    throw new InvalidOrderError(`tradeId must be a text of 1 to ${tradeIdMax} characters.`, { field: 'tradeId' })
  }
  if (side !== 'sell' && side !== 'buy') {
    throw new InvalidOrderError("side must be 'sell' or 'buy'.", { field: 'side', value: String(side) })
  }
  const [base, quote] = tokensOf(pair, rules.tokens)
  const [tokenIn, tokenOut] = side === 'sell' ? [base, quote] : [quote, base]
  const amountOf = (value: string | bigint, token: Token, field: string): BaseUnits =>
    inField(field, () => parseAmount(value, token.decimals))
  // What a quote counts is the other token than the one whose amount is exact.
  const quoted = (value: string | bigint, venue: string) => amountOf(value, quote, `quotes.${venue}`)
  const venues = venuesOf(order, rules.venues)
  const quotes = order.quotes === undefined ? null : quotesOf(order.quotes, venues, quoted)
  const { maxSlippage } = order
  const amount = amountOf(order.amount, base, 'amount')
  return {
    fingerprint: fingerprintOf({ pair, side, amount, venues: order.venues, maxSlippage, fillPolicy: order.fillPolicy }),
    tradeId,
    pair,
    side,
    amount,
    tokenIn,
    tokenOut,
    venues,
    quotes,
    slippageBps:
      maxSlippage === undefined ? rules.slippageBps : inField('maxSlippage', () => fractionToBps(maxSlippage)),
    policy: rules.policy,
    fillPolicy: fillPolicyOf(order, rules),
    reallocationsMax: rules.reallocationsMax,
    acceptedAtMs: rules.nowMs(),
  }
}

function fillPolicyOf({ fillPolicy }: TradeOrder, rules: OrderRules): FillPolicy {
  if (fillPolicy === undefined) return rules.fillPolicy
  if (fillPolicy === 'bestEffort' || fillPolicy === 'reallocate' || fillPolicy === 'unwind') return { kind: fillPolicy }
  const { minimumFill } = Object(fillPolicy)
  if (typeof minimumFill === 'string' && Object.keys(Object(fillPolicy)).length === 1) {
    const bps = inField('fillPolicy.minimumFill', () => fractionToBps(minimumFill))
    if (bps > 0) return { kind: 'minimumFill', bps }
  }
  throw new InvalidOrderError("fillPolicy must be 'bestEffort', 'reallocate', 'unwind' or { minimumFill: '0.9' }.", {
    field: 'fillPolicy',
    value: String(fillPolicy),
  })
}

/**
 * What makes two orders the same, so that a repeated call finds its trade: what the caller asked for, not what the configuration
 * adds. The caller's own quotes are not in it either: they are fresher at each call.
 */
function fingerprintOf({ pair, side, amount, venues, maxSlippage, fillPolicy }: Fingerprint): string {
  const asked = [pair, side, amount, [...(venues ?? ['any venue'])].sort(), maxSlippage ?? 'usual slippage']
  return [...asked, ...(fillPolicy === undefined ? [] : [JSON.stringify(fillPolicy)])].join(' ')
}

interface Fingerprint extends Pick<AcceptedOrder, 'pair' | 'side' | 'amount'> {
  readonly venues: readonly string[] | undefined
  readonly maxSlippage: string | undefined
  readonly fillPolicy: TradeOrder['fillPolicy']
}

function tokensOf(pair: string, tokens: ReadonlyMap<string, Token>): [base: Token, quote: Token] {
  const symbols = typeof pair === 'string' ? pair.split('/') : []
  if (symbols.length !== 2) {
    throw new InvalidOrderError("pair must be 'BASE/QUOTE', such as 'ETH/USDC'.", {
      field: 'pair',
      value: String(pair),
    })
  }
  const [base, quote] = symbols.map((symbol) => {
    const token = tokens.get(symbol)
    if (token !== undefined) return token
    const configured = [...tokens.keys()].join(', ')
    throw new InvalidOrderError('pair names a token that is not configured.', {
      field: 'pair',
      token: symbol,
      configured,
    })
  })
  if (base === undefined || quote === undefined || base.address === quote.address) {
    throw new InvalidOrderError('pair must name two different tokens.', { field: 'pair', value: pair })
  }
  return [base, quote]
}

function venuesOf(order: TradeOrder, configured: readonly string[]): readonly string[] {
  const wanted = order.venues ?? (order.quotes === undefined ? configured : Object.keys(order.quotes))
  if (wanted.length === 0) throw new InvalidOrderError('The order names no venue.', { field: 'venues' })
  for (const venue of wanted) {
    if (configured.includes(venue)) continue
    const field = order.venues === undefined ? 'quotes' : 'venues'
    throw new InvalidOrderError('The order names a venue that is not configured.', {
      field,
      venue,
      configured: configured.join(', '),
    })
  }
  return [...new Set(wanted)]
}

function quotesOf(
  given: Readonly<Record<string, CallerQuote>>,
  venues: readonly string[],
  parse: (value: string | bigint, venue: string) => BaseUnits,
): Record<string, Quote> {
  const entries = Object.entries(given).map(([venue, quote]): [string, Quote] => {
    if (!venues.includes(venue)) {
      throw new InvalidOrderError('A quote is for a venue that the order does not trade on.', {
        field: 'quotes',
        venue,
      })
    }
    if (typeof quote !== 'object' || quote === null) return [venue, { amount: parse(quote, venue) }]
    const amount = parse(quote.amount, venue)
    if (quote.route !== undefined && typeof quote.route !== 'string') {
      throw new InvalidOrderError('A quote’s route must be a text.', { field: `quotes.${venue}.route` })
    }
    return [venue, quote.route === undefined ? { amount } : { amount, route: quote.route }]
  })
  return Object.fromEntries(entries)
}

/** Adds the field to an error about its value. */
function inField<Value>(field: string, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (error instanceof BaseError) error.message = `${field}: ${error.message}`
    throw error
  }
}
