import type * as z from 'zod'
import { configError } from './configFaults.ts'
import type { BudgetSettings, LimitSettings } from './configLimits.ts'
import {
  type executionSchema,
  gweiDecimals,
  openSchema,
  type PaperWalletSource,
  type WalletSource,
} from './configSchema.ts'
import type { venueSchema } from './configVenues.ts'
import type { Distribution } from './distribution/distribution.ts'
import { type BaseUnits, baseUnits, fractionToBps, parseAmount } from './domain/amount.ts'
import type { Hex } from './domain/hex.ts'
import type { FillPolicy } from './domain/trade.ts'
import type { LogLevel, PinoLike } from './monitor/log.ts'

/** How trades are executed. Every field has a default. Prices and fractions are strings: a JS number loses digits. */
export type ExecutionConfig = z.input<typeof executionSchema>

/** What `ExecutionManager.open` takes, as a user writes it. */
export type OpenOptions = Omit<z.input<typeof openSchema>, 'wallets'> & {
  readonly wallets: readonly (WalletSource | PaperWalletSource)[]
}

/** One configured DEX: its kind, its contracts in lower case, its id. */
export type VenueSettings = Frozen<z.output<typeof venueSchema>>

/** `ExecutionConfig` as the runtime uses it: defaults filled in, units in the names. */
export interface ExecutionSettings {
  readonly maxSlippageBps: number
  readonly gasLimit: number
  readonly maxFeePerGasWei: BaseUnits
  /** The ceiling of a cancellation alone. */
  readonly maxCancelFeePerGasWei: BaseUnits
  readonly retryAttempts: number
  readonly retryDelayMs: number
  readonly confirmationBlocks: number
  readonly timeoutMs: number
  readonly bumpIntervalMs: number
  readonly inFlightPerWallet: number
  readonly activeTradesMax: number
  readonly quoteAgeMaxMs: number
  readonly approvals: 'exact' | 'unlimited'
  readonly fillPolicy: FillPolicy
  readonly reallocationsMax: number
}

/** Everything that was configured, checked, converted and frozen. */
export interface Settings {
  readonly execution: ExecutionSettings
  readonly chain: {
    readonly chainId: number
    readonly rpcUrls: readonly string[]
    /** The only ones that get transactions; none: those of `rpcUrls` do. */
    readonly broadcastUrls: readonly string[]
    /** WebSockets that tell of new heads. */
    readonly wsUrls: readonly string[]
    /** The contract that many reads travel to as one; null for none, undefined where it is to be looked for. */
    readonly multicall: Hex | null | undefined
    readonly pollIntervalMs: number
    readonly requestTimeoutMs: number
  }
  /** None in paper mode. */
  readonly wallets: readonly WalletSource[]
  /** Null: trades are real. */
  readonly paper: { readonly wallets: readonly PaperWalletSource[] } | null
  readonly tokens: readonly { readonly symbol: string; readonly address: Hex | 'native' }[]
  readonly venues: readonly VenueSettings[]
  readonly limits: Frozen<LimitSettings>
  readonly budgets: Frozen<BudgetSettings>
  readonly dataDir: string
  /** Null: no inspector. Port 0: any free one. */
  readonly inspect: { readonly port: number } | null
  /** Undefined: the given logger's own level, or silence where there is none. */
  readonly logLevel: LogLevel | undefined
  readonly logger: PinoLike | undefined
  readonly distributionManager: Distribution | undefined
  readonly memoryBank: object | undefined
}

type Frozen<T> = T extends object ? { readonly [key in keyof T]: Frozen<T[key]> } : T

const inspectPort = 8080

/**
 * Checks all that `ExecutionManager.open` was given, fills in the defaults and converts units. Read once, then frozen.
 *
 * @throws {@link InvalidConfigError} with every fault, each by its field; never with a secret.
 *
 * @example
 * parseOptions({ chain, wallets, tokens, venues }).execution.timeoutMs // 60000
 */
export function parseOptions(options: unknown): Settings {
  const parsed = openSchema.safeParse(options)
  if (!parsed.success) throw configError(parsed.error.issues, options)
  const { config, chain, wallets, paper, tokens, venues, limits, budgets, dataDir, inspect, logLevel, ...given } =
    parsed.data
  const own = {
    execution: executionSettings(config),
    chain: {
      chainId: chain.chainId,
      rpcUrls: chain.rpcUrls,
      broadcastUrls: chain.broadcastUrls ?? [],
      wsUrls: chain.wsUrls ?? [],
      multicall: chain.multicall === false ? null : chain.multicall,
      pollIntervalMs: milliseconds(chain.pollInterval),
      requestTimeoutMs: milliseconds(chain.requestTimeout),
    },
    wallets: paper ? [] : wallets.filter(hasKey),
    paper: paper ? { wallets: wallets.filter(isKnownWithoutKey) } : null,
    tokens: Object.entries(tokens).map(([symbol, address]) => ({ symbol, address })),
    venues,
    limits,
    budgets,
    dataDir,
    inspect: inspect === false ? null : { port: (inspect === true ? undefined : inspect.port) ?? inspectPort },
    logLevel,
  }
  // What the caller made stays as it is: only our own values are frozen all the way down.
  const { logger, distributionManager, memoryBank } = given
  return Object.freeze({ ...deepFreeze(own), logger, distributionManager, memoryBank })
}

// A field may be there without a value.

function hasKey(wallet: WalletSource | PaperWalletSource): wallet is WalletSource {
  return !('address' in wallet) || wallet.address === undefined
}

function isKnownWithoutKey(wallet: WalletSource | PaperWalletSource): wallet is PaperWalletSource {
  return !('privateKeyEnv' in wallet) || wallet.privateKeyEnv === undefined
}

function executionSettings(config: z.output<typeof executionSchema>): ExecutionSettings {
  const maxFeePerGasWei = parseAmount(config.maxGasPrice, gweiDecimals)
  return {
    maxSlippageBps: fractionToBps(config.maxSlippage),
    gasLimit: config.gasLimit,
    maxFeePerGasWei,
    maxCancelFeePerGasWei:
      config.maxCancelGasPrice === undefined
        ? baseUnits(2n * BigInt(maxFeePerGasWei))
        : parseAmount(config.maxCancelGasPrice, gweiDecimals),
    retryAttempts: config.retryAttempts,
    retryDelayMs: milliseconds(config.retryDelay),
    confirmationBlocks: config.confirmationBlocks,
    timeoutMs: milliseconds(config.timeout),
    bumpIntervalMs: milliseconds(config.bumpInterval),
    inFlightPerWallet: config.inFlightPerWallet,
    activeTradesMax: config.activeTradesMax,
    quoteAgeMaxMs: milliseconds(config.quoteAge),
    approvals: config.approvals,
    fillPolicy: fillPolicyOf(config.fillPolicy),
    reallocationsMax: config.reallocations,
  }
}

function fillPolicyOf(given: z.output<typeof executionSchema>['fillPolicy']): FillPolicy {
  if (typeof given === 'string') return { kind: given }
  return { kind: 'minimumFill', bps: fractionToBps(given.minimumFill) }
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000)
}

function deepFreeze<T>(value: T): T {
  for (const inner of Object.values(Object(value))) if (typeof inner === 'object') deepFreeze(inner)
  return Object.freeze(value)
}
