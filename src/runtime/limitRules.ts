import type { Settings } from '../config.ts'
import { fractionToBps, parseAmount } from '../domain/amount.ts'
import { InvalidConfigError } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import type { Token } from '../domain/token.ts'
import type { Entry, Rule } from './ledger.ts'

/** A limit on the share that one venue may have of an order, or of a pool. */
export interface ShareRule {
  readonly venue: string | null
  readonly pair: string | null
  /** The token that is sold; null for any. */
  readonly token: Hex | 'native' | null
  readonly ofTradeBps: number | null
  readonly ofPoolBps: number | null
}

/** All that is limited, in base units. */
export interface Limits {
  readonly rules: readonly Rule[]
  readonly shares: readonly ShareRule[]
}

const dayMs = 24 * 60 * 60 * 1000
const native: Token = { symbol: 'the chain’s coin', address: 'native', decimals: 18 }

/**
 * The limits and budgets of the configuration.
 *
 * @throws InvalidConfigError where one names a token, venue or pair that is not configured, or has more decimals than its token.
 */
export function limitsOf(
  { limits, budgets, venues }: Pick<Settings, 'limits' | 'budgets' | 'venues'>,
  tokens: ReadonlyMap<string, Token>,
): Limits {
  const ids = venues.map(({ id }) => id)
  const rules: Rule[] = []
  const shares: ShareRule[] = []
  for (const [
    index,
    { venue = null, pair = null, token, amount, shareOfTrade, shareOfPool, window },
  ] of limits.entries()) {
    const field = `limits[${index}]`
    if (venue !== null && !ids.includes(venue)) throw unknown(`${field}.venue`, venue)
    const symbols = pair?.split('/') ?? []
    for (const symbol of symbols) tokenOf(tokens, symbol, `${field}.pair`)
    const sold = token === undefined ? null : tokenOf(tokens, token, `${field}.token`)
    if (token !== undefined && pair !== null && !symbols.includes(token)) {
      throw new InvalidConfigError(`${field}.token is no part of ${field}.pair: it would never be sold.`, {
        field,
        token,
        pair,
      })
    }
    const covered = { kind: 'sold' as const, venue, pair, windowMs: 0 }
    if (sold !== null && amount !== undefined) {
      rules.push({ ...covered, ...amountOf(`${field}.amount`, amount, sold), over: 'open' })
    }
    if (sold !== null && window !== undefined) {
      const windowMs = Math.round(window.seconds * 1000)
      rules.push({ ...covered, ...amountOf(`${field}.window.amount`, window.amount, sold), over: 'window', windowMs })
    }
    const ofTradeBps = shareOfTrade === undefined ? null : fractionToBps(shareOfTrade)
    const ofPoolBps = shareOfPool === undefined ? null : fractionToBps(shareOfPool)
    if (ofTradeBps !== null || ofPoolBps !== null) {
      shares.push({ venue, pair, token: sold?.address ?? null, ofTradeBps, ofPoolBps })
    }
  }
  return { rules: [...rules, ...budgetRules(budgets, tokens)], shares }
}

function budgetRules(budgets: Settings['budgets'], tokens: ReadonlyMap<string, Token>): Rule[] {
  const { gasPerTrade, gasPerDay, lossPerTrade = {}, lossPerDay = {} } = budgets
  const rule = (field: string, kind: Entry['kind'], amount: string, token: Token, over: 'trade' | 'window'): Rule => {
    const rest = { kind, venue: null, pair: null, over, windowMs: over === 'window' ? dayMs : 0 }
    return { ...amountOf(`budgets.${field}`, amount, token), ...rest }
  }
  const losses = (field: string, bySymbol: Readonly<Record<string, string>>, over: 'trade' | 'window'): Rule[] =>
    Object.entries(bySymbol).map(([symbol, amount]) => {
      const name = `${field}.${symbol}`
      return rule(name, 'loss', amount, tokenOf(tokens, symbol, `budgets.${name}`), over)
    })
  return [
    ...(gasPerTrade === undefined ? [] : [rule('gasPerTrade', 'gas', gasPerTrade, native, 'trade')]),
    ...(gasPerDay === undefined ? [] : [rule('gasPerDay', 'gas', gasPerDay, native, 'window')]),
    ...losses('lossPerTrade', lossPerTrade, 'trade'),
    ...losses('lossPerDay', lossPerDay, 'window'),
  ]
}

function amountOf(
  field: string,
  amount: string,
  { address, decimals }: Token,
): Pick<Rule, 'field' | 'amount' | 'token'> {
  try {
    return { field, amount: BigInt(parseAmount(amount, decimals)), token: address }
  } catch (cause) {
    throw new InvalidConfigError(`${field} has more decimals than its token.`, { field, amount, decimals }, cause)
  }
}

function tokenOf(tokens: ReadonlyMap<string, Token>, symbol: string, field: string): Token {
  const token = tokens.get(symbol)
  if (token !== undefined) return token
  throw unknown(field, symbol)
}

function unknown(field: string, value: string): InvalidConfigError {
  return new InvalidConfigError(`${field} names what is not configured.`, { field, value })
}
