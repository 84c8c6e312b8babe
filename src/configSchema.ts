import * as z from 'zod'
import { address, text, whole } from './configFields.ts'
import { budgetsSchema, limitsSchema } from './configLimits.ts'
import { venueSchema } from './configVenues.ts'
import type { Distribution } from './distribution/distribution.ts'
import { baseUnits, parseAmount } from './domain/amount.ts'
import { bumpFees, type Market } from './domain/fees.ts'
import type { Hex } from './domain/hex.ts'
import type { PinoLike } from './monitor/log.ts'

/** Digits after the point of one gwei, in wei. */
export const gweiDecimals = 9
// Above this somebody wrote wei: it would be a thousandth of an ETH for one unit of gas.
const gasPriceMaxGwei = 1_000_000n

function weiOf(gwei: unknown): bigint | undefined {
  if (typeof gwei !== 'string' || !/^\d{1,7}(\.\d{1,9})?$/.test(gwei) || !/[1-9]/.test(gwei)) return undefined
  const wei = BigInt(parseAmount(gwei, gweiDecimals))
  return wei <= gasPriceMaxGwei * 10n ** BigInt(gweiDecimals) ? wei : undefined
}

/** Whether a cancellation at its ceiling replaces a transaction at its own. What is faulty itself is reported as that. */
function canReplace(cancelWei: bigint | undefined, callWei: bigint | undefined): boolean {
  if (cancelWei === undefined || callWei === undefined) return true
  return (
    bumpFees({ maxFeePerGas: baseUnits(callWei), maxPriorityFeePerGas: '0' }, freeMarket, baseUnits(cancelWei)) !== null
  )
}

const freeMarket: Market = { nextBaseFee: '0', tip: '0' }

/** Where the signing worker finds one key: never the key itself. */
export type WalletSource =
  | { readonly keystore: string; readonly passwordEnv: string }
  | { readonly privateKeyEnv: string }

/** A wallet of paper mode, which needs no key. */
export type PaperWalletSource = { readonly address: Hex } | { readonly keystore: string; readonly passwordEnv: string }

const walletFields = ['keystore', 'passwordEnv', 'privateKeyEnv', 'address']

// The checks below run on faulty input too, so they take anything.

function entriesOf(value: unknown): unknown[] {
  return Object.values(Object(value))
}

function areDistinct(values: readonly unknown[]): boolean {
  const texts = values.filter((value) => typeof value === 'string')
  return new Set(texts).size === texts.length
}

function urlOf(value: unknown): unknown {
  return typeof value === 'string' && URL.canParse(value) ? new URL(value).href : value
}

function sourceOf(wallet: unknown): unknown {
  return Object(wallet).keystore ?? Object(wallet).privateKeyEnv ?? Object(wallet).address
}

function hasOneSource(wallet: object): wallet is WalletSource | PaperWalletSource {
  const given = walletFields.filter((field) => Object(wallet)[field] !== undefined).join()
  return given === 'keystore,passwordEnv' || given === 'privateKeyEnv' || given === 'address'
}

function hasFunctions(value: unknown, names: readonly string[]): boolean {
  return names.every((name) => typeof Object(value)[name] === 'function')
}

function seconds(minimum: number, maximum: number) {
  const error = `must be a number of seconds from ${minimum} to ${maximum}`
  return z.number(error).min(minimum, error).max(maximum, error)
}

const fractionPattern = /^(0(\.\d{1,4})?|1(\.0{1,4})?)$/

const gwei = z.custom<string>((value) => weiOf(value) !== undefined, {
  error: `must be a decimal string of gwei above 0, such as '100', at most ${gasPriceMaxGwei}, not a number`,
})

// A check over several fields runs even where one of them is faulty, so that one error has every fault.
const onAnyObject = { when: ({ value }: { value: unknown }) => typeof value === 'object' && value !== null }

/** `config`: how trades are executed. */
export const executionSchema = z
  .strictObject({
    /** Fraction between 0 and 1. At most four decimals: the runtime counts in basis points and rounds nothing away. */
    maxSlippage: text(
      "a decimal string between '0' and '1' with at most four decimals, such as '0.005', not a number",
      fractionPattern,
    ).default('0.005'),
    /** Gas units, the ceiling of one transaction. A plain transfer costs 21 000; 30 million was a whole block for years. */
    gasLimit: whole(21_000, 30_000_000, 'a number of gas units').default(300_000),
    /** Gwei, the ceiling of `maxFeePerGas`. */
    maxGasPrice: gwei.default('100'),
    /** Gwei, the own ceiling of a cancellation, which must outbid what it replaces. Default: twice `maxGasPrice`. */
    maxCancelGasPrice: gwei.optional(),
    /** New tries of a leg after the first. With growing delays, 20 already take hours. */
    retryAttempts: whole(0, 20, 'a number of retries').default(3),
    /** Seconds before the first retry; grows, with jitter. Above an hour the quote behind an order means nothing. */
    retryDelay: seconds(0, 3600).default(5),
    /** The receipt's own block counts as 1. 256 is how far back a node's cheap history reaches. */
    confirmationBlocks: whole(1, 256, 'a number of blocks').default(2),
    /** Seconds from the first broadcast to mined, then cancel. A day is longer than any mempool keeps a transaction. */
    timeout: seconds(0.001, 86_400).default(60),
    /** Seconds an attempt may stay pending before it is bumped or sent again. */
    bumpInterval: seconds(0.001, 3600).default(15),
    /** Transactions of one wallet on their way at once. Nodes keep 16 to 64 of an account for sure; more is at one's own risk. */
    inFlightPerWallet: whole(1, 10_000, 'a number of transactions').default(16),
    /** How old a quote may be that a transaction is built on, in seconds. Above some blocks it says nothing of the market. */
    quoteAge: seconds(0.001, 300).default(5),
    /** `exact`: what live legs want taken; `unlimited`: one approval for good, at the price of trusting the venue for good. */
    approvals: z.enum(['exact', 'unlimited'], 'must be exact or unlimited').default('exact'),
    /** What it means for a trade that a leg of it fails. `minimumFill`: the part of the order that must be filled. */
    fillPolicy: z
      .union(
        [
          z.enum(['bestEffort', 'reallocate', 'unwind']),
          z.strictObject({
            minimumFill: text("a decimal string between '0' and '1' with at most four decimals", fractionPattern),
          }),
        ],
        "must be 'bestEffort', 'reallocate', 'unwind' or { minimumFill: '0.9' }",
      )
      .default('bestEffort'),
    /** How often what failed is split again. Each time costs gas, and a market that fails thrice seldom gets better. */
    reallocations: whole(0, 10, 'a number of splits').default(2),
    /** Trades running at once. A running trade takes tens of kilobytes: a million is what a large machine holds. */
    activeTradesMax: whole(1, 1_000_000, 'a number of trades').default(10_000),
  })
  .refine((config) => canReplace(weiOf(config?.maxCancelGasPrice), weiOf(config?.maxGasPrice)), {
    ...onAnyObject,
    path: ['maxCancelGasPrice'],
    error: 'must be more than maxGasPrice by an eighth: a cancellation has to outbid what it replaces',
  })

/** Every transaction goes to every endpoint, so their number is bounded; a repeated one would count twice in an agreement. */
function urls(protocol: RegExp, what: string) {
  return z
    .array(z.url({ protocol, error: `must be ${what} URL` }), 'must be a list of URLs')
    .min(1, 'must have at least one URL')
    .max(16, 'must have at most 16 URLs')
    .refine((list) => areDistinct(entriesOf(list).map(urlOf)), {
      ...onAnyObject,
      error: 'must not have the same URL twice',
    })
}

const chain = z.strictObject({
  chainId: whole(1, Number.MAX_SAFE_INTEGER, 'a chain id'),
  rpcUrls: urls(/^https?$/, 'an http or https'),
  /** Who gets the transactions, and nobody else, such as a private relay. Default: all of `rpcUrls`. */
  broadcastUrls: urls(/^https?$/, 'an http or https').optional(),
  /** Who tells of new heads at once, before the next look for them. */
  wsUrls: urls(/^wss?$/, 'a ws or wss').optional(),
  /** The chain's Multicall3; false for none. Without it, it is looked for at the address that it has on nearly every chain. */
  multicall: z.union([address, z.literal(false)], 'must be an address, or false').optional(),
  /** Seconds between two looks for a new block. A hundredth is for local chains; blocks are never minutes apart. */
  pollInterval: seconds(0.01, 60).default(1),
  /** Seconds until a silent endpoint is given up on, for this request. */
  requestTimeout: seconds(0.001, 300).default(10),
})

// The look of a name also keeps out a key that was pasted where the name of its variable belongs.
const environmentName = text(
  'the name of an environment variable, not the secret itself',
  /^(?!(0x)?[0-9a-fA-F]{64}$)[A-Za-z_]\w{0,127}$/,
)

const wallet = z
  .strictObject({
    /** Path of an encrypted JSON keystore. */
    keystore: z.string('must be the path of a keystore file').min(1, 'must be the path of a keystore file').optional(),
    /** The environment variable with the keystore's password. */
    passwordEnv: environmentName.optional(),
    /** The environment variable with a plain private key: for tests and small wallets. */
    privateKeyEnv: environmentName.optional(),
    /** In paper mode: all that it needs of a wallet. */
    address: address.optional(),
  })
  .refine(hasOneSource, { ...onAnyObject, error: 'must be either { keystore, passwordEnv } or { privateKeyEnv }' })

function has(field: string): (wallet: unknown) => boolean {
  return (wallet) => Object(wallet)[field] !== undefined
}

const openFields = z.strictObject({
  config: executionSchema.prefault({}),
  chain,
  /** One nonce lane each. */
  wallets: z
    .array(wallet)
    .min(1, 'must have at least one wallet')
    .max(1000, 'must have at most 1000 wallets')
    // Two lanes on one wallet would give out the same nonces.
    .refine((wallets) => areDistinct(entriesOf(wallets).map(sourceOf)), {
      ...onAnyObject,
      error: 'must not have the same wallet twice',
    }),
  /** Symbol → address, or 'native' for the chain's own coin. A pair needs two. */
  tokens: z
    .record(
      text('a symbol of 1 to 32 characters without "/" or white space', /^[^\s/]{1,32}$/),
      z.union([z.literal('native'), address], "must be 'native' or an address: 0x and 40 hexadecimal digits"),
    )
    .refine((tokens) => entriesOf(tokens).length >= 2, 'must have at least two tokens')
    .refine((tokens) => entriesOf(tokens).filter((token) => token === 'native').length <= 1, {
      ...onAnyObject,
      error: 'must have at most one native token',
    }),
  // A trade quotes every venue in one round trip: a bound keeps that one request.
  venues: z
    .array(venueSchema)
    .min(1, 'must have at least one venue')
    .max(64, 'must have at most 64 venues')
    .refine((venues) => areDistinct(entriesOf(venues).map((one) => Object(one).id)), {
      ...onAnyObject,
      error: 'must not have the same id twice',
    }),
  limits: limitsSchema,
  budgets: budgetsSchema,
  /** Trades on paper: with live quotes, without a key, and nothing is sent. */
  paper: z.boolean('must be true or false').default(false),
  /** Folder of the store, created where it is missing. */
  dataDir: z.string('must be a path').min(1, 'must be a path').default('./legwork-data'),
  /** Serves the live inspector on this machine alone. `true` takes port 8080, where inspector clients look first; port 0 any free one. */
  inspect: z
    .union(
      [z.boolean(), z.strictObject({ port: whole(0, 65_535, 'a port').optional() })],
      'must be true, false or { port }',
    )
    .default(false),
  /** A library is quiet unless asked: without a level or a logger nothing is written. */
  logLevel: z
    .enum(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'must be trace, debug, info, warn, error, fatal or silent',
    )
    .optional(),
  /** A pino logger to write to, at its own level or at `logLevel`. */
  logger: z
    .custom<PinoLike>((value) => hasFunctions(value, ['debug', 'info', 'warn', 'error', 'child']), {
      error: 'must be a pino logger',
    })
    .optional(),
  distributionManager: z
    .custom<Distribution>((value) => hasFunctions(value, ['allocate', 'record']), {
      error: 'must have the functions allocate and record',
    })
    .optional(),
  memoryBank: z.custom<object>((value) => typeof value === 'object' && value !== null, 'must be an object').optional(),
})

/** All that `ExecutionManager.open` takes. */
export const openSchema = openFields
  .refine((options) => options?.paper === true || !entriesOf(options?.wallets).some(has('address')), {
    ...onAnyObject,
    path: ['wallets'],
    error: 'must each say where the key is: an address alone does in paper mode only',
  })
  .refine((options) => options?.paper !== true || !entriesOf(options?.wallets).some(has('privateKeyEnv')), {
    ...onAnyObject,
    path: ['wallets'],
    error: 'must each be { address } or { keystore, passwordEnv } in paper mode, which loads no key',
  })
