/** An error as plain data: what crosses a snapshot, a thread, a log or the API. */
export interface Failure {
  /** Never changes for a given fault: callers may switch on it. */
  readonly code: string
  /** One sentence, then facts with units, one a line. */
  readonly message: string
  /** True where the same request may succeed later. Whatever is not recognised is not retryable. */
  readonly retryable: boolean
}

/** Base of every error the runtime throws. `code` never changes: callers may switch on it. */
export abstract class BaseError extends Error {
  abstract readonly code: string
  readonly retryable: boolean = false

  constructor(summary: string, facts: Record<string, string | number> = {}, cause?: unknown) {
    const lines = Object.entries(facts).map(([fact, value]) => `  ${fact}: ${value}`)
    super([summary, ...lines].join('\n'), cause === undefined ? undefined : { cause })
    this.name = new.target.name
  }
}

/**
 * Any thrown value as plain data. What is not one of ours becomes `UNEXPECTED`, which is never retried: a blind retry
 * can trade twice.
 *
 * @example
 * toFailure(new InvalidAmountError('The amount is zero.')).code // 'INVALID_AMOUNT'
 */
export function toFailure(error: unknown): Failure {
  if (error instanceof BaseError) return { code: error.code, message: error.message, retryable: error.retryable }
  return { code: 'UNEXPECTED', message: error instanceof Error ? error.message : String(error), retryable: false }
}

/** A number is not a valid amount: zero, negative, not a decimal, or finer than the token's decimals. Mend the order. */
export class InvalidAmountError extends BaseError {
  readonly code = 'INVALID_AMOUNT'
}

/** The order names something that is not configured, or leaves out what is needed. Mend the order; nothing was sent. */
export class InvalidOrderError extends BaseError {
  readonly code = 'INVALID_ORDER'
}

/** The configuration has faults; the message lists every one of them with its field. */
export class InvalidConfigError extends BaseError {
  readonly code = 'INVALID_CONFIG'
}

/** Another order already has this trade id. Use a new id, or send exactly the same order to get its trade. */
export class TradeConflictError extends BaseError {
  readonly code = 'TRADE_CONFLICT'
}

/** A distribution manager answered with what cannot be executed. Mend the manager; nothing was sent. */
export class InvalidAllocationError extends BaseError {
  readonly code = 'INVALID_ALLOCATION'
}

/** No trade has this id: it never existed, or it was cleared. */
export class UnknownTradeError extends BaseError {
  readonly code = 'UNKNOWN_TRADE'
}

/** As many trades are running as `activeTradesMax` allows. Wait for some to end (`whenCapacity`), then submit again. */
export class OverloadedError extends BaseError {
  readonly code = 'OVERLOADED'
  override readonly retryable = true
}

/** The manager is closed or closing. Unfinished trades resume at the next open. */
export class ClosedError extends BaseError {
  readonly code = 'CLOSED'
}

/** Trading is halted: no order is taken, and what was under way is cancelled. Find out why, then `release()` it. */
export class HaltedError extends BaseError {
  readonly code = 'HALTED'
}

/** The trade ended without any leg: nothing was sent. `failure` says why. */
export class TradeFailedError extends BaseError {
  readonly code = 'TRADE_FAILED'
  readonly failure: Failure

  constructor(tradeId: string, failure: Failure) {
    super(`Trade ${tradeId} failed before any leg began: ${failure.message}`)
    this.failure = failure
  }
}

/** The venue has no pool, or not enough in it, for this pair and amount. Another venue or a smaller amount may do. */
export class NoLiquidityError extends BaseError {
  readonly code = 'NO_LIQUIDITY'
}

/** The wallet does not hold what the order sells, or cannot pay for the gas. */
export class InsufficientBalanceError extends BaseError {
  readonly code = 'INSUFFICIENT_BALANCE'
}

/** The wallet lets the venue take less than the swap sells: what it was allowed was taken back or used up since. Trade again. */
export class InsufficientAllowanceError extends BaseError {
  readonly code = 'INSUFFICIENT_ALLOWANCE'
}

/** The price moved beyond the slippage allowed from the trade's first quote. */
export class SlippageError extends BaseError {
  readonly code = 'SLIPPAGE'
  override readonly retryable = true
}

/** The offer's deadline passed before it was signed, as after a long stop. A new try makes a new one. */
export class ExpiredError extends BaseError {
  readonly code = 'EXPIRED'
  override readonly retryable = true
}

/** The swap would revert, for a reason that a new try does not mend. The message has the node's decoded reason. */
export class WouldRevertError extends BaseError {
  readonly code = 'WOULD_REVERT'
}

/** The swap needs more gas than `gasLimit` allows. Raise the ceiling or trade less. */
export class GasLimitError extends BaseError {
  readonly code = 'GAS_LIMIT_TOO_LOW'
}

/** No endpoint answered in time, or all answered with an error. Says nothing about what they did with the request. */
export class EndpointError extends BaseError {
  readonly code = 'ENDPOINT'
  override readonly retryable = true
}

/** A nonce of ours is used up at depth, and the nodes do not show the transaction. Nothing is concluded from that. */
export class NonceUnprovenError extends BaseError {
  readonly code = 'NONCE_UNPROVEN'
  override readonly retryable = true
}

/** The chain and the store do not fit: the chain went on without the store, or lags behind it. Both are kept in view. */
export class NonceDriftError extends BaseError {
  readonly code = 'NONCE_DRIFT'
}

/** An effect of a state failed and the state has no answer to it. The trade stands there until the next open. */
export class StuckError extends BaseError {
  readonly code = 'STUCK'
}

/** An endpoint serves another chain than the one configured. */
export class WrongChainError extends BaseError {
  readonly code = 'WRONG_CHAIN'
}

/** A configured address has no contract behind it, or one of another kind. */
export class NotAContractError extends BaseError {
  readonly code = 'NOT_A_CONTRACT'
}

/** A wallet cannot be loaded: no such file, not a keystore, no password, or a wrong one. Never shows the secret. */
export class WalletError extends BaseError {
  readonly code = 'WALLET'
}

/** The signing worker refused or failed. */
export class SigningError extends BaseError {
  readonly code = 'SIGNING'
}

/** Nothing that is configured implies this transaction, so the signing worker refused it. Nothing was signed. */
export class NotAllowedError extends BaseError {
  readonly code = 'NOT_ALLOWED'
}

/** No signing worker answered, after some were replaced. Nothing was signed, and the same may be signed later. */
export class SignerDownError extends BaseError {
  readonly code = 'SIGNER_DOWN'
  override readonly retryable = true
}

/** Another process has this `dataDir` open. Close it first: one writer only. */
export class StoreLockedError extends BaseError {
  readonly code = 'STORE_LOCKED'
}

/** The store cannot be read, or is from a version that this one cannot migrate. Nothing in it was changed. */
export class StoreError extends BaseError {
  readonly code = 'STORE'
}

/** A limit or budget of the configuration leaves too little room. Nothing was sent for it; room comes back as trades end and windows pass. */
export class LimitReachedError extends BaseError {
  readonly code = 'LIMIT_REACHED'
  /** The one venue that the limit is for; null where it is for several. */
  readonly venue: string | null
  /** The token that it counts. */
  readonly token: string
  /** What was to be taken, and what is left, in base units of the limit's token. */
  readonly wanted: bigint
  readonly room: bigint

  constructor(
    { field, venue, token }: { readonly field: string; readonly venue: string | null; readonly token: string },
    wanted: bigint,
    room: bigint,
  ) {
    const facts = { field, token, 'wanted, base units': `${wanted}`, 'left, base units': `${room}` }
    super('A limit of the configuration leaves too little room.', facts)
    this.venue = venue
    this.token = token
    this.wanted = wanted
    this.room = room
  }
}

/** Less than the order's minimum can be filled, or was. */
export class MinimumFillError extends BaseError {
  readonly code = 'MINIMUM_FILL'
}
