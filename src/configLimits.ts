import * as z from 'zod'

function decimal(what: string) {
  const error = `must be ${what}: a decimal string above 0, such as '1.5', not a number`
  return z.string(error).regex(/^(?=.*[1-9])\d{1,30}(\.\d{1,30})?$/, error)
}

const share = z
  .string("must be a decimal string between '0' and '1' with at most four decimals, such as '0.25', not a number")
  .regex(
    /^(0?\.\d{1,4}|0|1(\.0{1,4})?)$/,
    "must be a decimal string between '0' and '1' with at most four decimals, such as '0.25', not a number",
  )

const symbol = z.string('must be the symbol of a token').min(1, 'must be the symbol of a token')
const venue = z.string('must be the id of a venue').min(1, 'must be the id of a venue')
const pair = z
  .string("must be a pair, such as 'ETH/USDC'")
  .regex(/^[^\s/]+\/[^\s/]+$/, "must be a pair, such as 'ETH/USDC'")

/**
 * `limits`: how much may be sold. A limit covers what it names: a venue, a pair, a token that is sold; what it does not name it covers
 * all of. Amounts count every leg that it covers together; shares count each venue by itself.
 */
const limit = z
  .strictObject({
    venue: venue.optional(),
    pair: pair.optional(),
    /** The token that is sold. Amounts are in it. */
    token: symbol.optional(),
    /** Whole tokens: the most that live legs may be selling at once. */
    amount: decimal('an amount of the token').optional(),
    /** Fraction of an order: the most of it that one venue may get. */
    shareOfTrade: share.optional(),
    /** Fraction of what a pool holds of the token that goes in: the most that one leg may put into it. */
    shareOfPool: share.optional(),
    /** The most that may be sold within so many seconds, live legs included. A week is the longest that is kept. */
    window: z
      .strictObject({
        seconds: z
          .number('must be a number of seconds from 1 to 604800')
          .min(1, 'must be a number of seconds from 1 to 604800')
          .max(604_800, 'must be a number of seconds from 1 to 604800'),
        amount: decimal('an amount of the token'),
      })
      .optional(),
  })
  .refine(({ amount, window, token }) => (amount === undefined && window === undefined) || token !== undefined, {
    path: ['token'],
    error: 'must name the token that amount and window count',
  })
  .refine(
    ({ amount, shareOfTrade, shareOfPool, window }) => (amount ?? shareOfTrade ?? shareOfPool ?? window) !== undefined,
    'must have an amount, shareOfTrade, shareOfPool or window',
  )

// Each is looked at for every leg that is planned.
export const limitsSchema = z
  .array(limit, 'must be a list of limits')
  .max(256, 'must have at most 256 limits')
  .default([])

const bySymbol = z.record(symbol, decimal('an amount of the token'))

/** `budgets`: what trading may cost. A day is the last 24 hours. */
export const budgetsSchema = z
  .strictObject({
    /** The chain's coin: gas of one trade, failed attempts included. No further attempt begins that could pass it. */
    gasPerTrade: decimal('an amount of the chain’s coin').optional(),
    gasPerDay: decimal('an amount of the chain’s coin').optional(),
    /** By symbol of the token that a loss is counted in: what fills may fall short of their first quotes, in whole tokens. */
    lossPerTrade: bySymbol.optional(),
    lossPerDay: bySymbol.optional(),
  })
  .prefault({})

export type LimitSettings = z.output<typeof limitsSchema>
export type BudgetSettings = z.output<typeof budgetsSchema>
