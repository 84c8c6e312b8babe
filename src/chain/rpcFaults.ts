import { BaseError, EndpointError } from '../domain/errors.ts'

/** A node's own error reply. What it means depends on what was asked. */
export class RpcError extends BaseError {
  readonly code = 'RPC'
  readonly rpcCode: number
  readonly data: unknown

  constructor({ code, message, data }: { code: number; message: string; data?: unknown }) {
    super(message)
    this.rpcCode = code
    this.data = data
  }
}

/** The endpoint asks for a pause. Leave it alone until then; another one may answer now. */
export class LimitedError extends EndpointError {
  /** When it may be asked again; null where it does not say. */
  readonly untilMs: number | null

  constructor(facts: Record<string, string | number>, untilMs: number | null) {
    super('The endpoint limits its callers.', facts)
    this.untilMs = untilMs
  }
}

/** Method not found, by JSON-RPC; method not supported, by EIP-1474. */
const missingMethod = [-32601, -32004]
const missingMethodWords =
  /method\b.{0,60}\b(not (found|supported|available|implemented|allowed)|does not exist)|(unsupported|unknown) method/i

/**
 * Whether a node does not have the method that it was asked for: asking it again is of no use.
 *
 * @example
 * isMethodMissing(new RpcError({ code: -32601, message: 'method not found' })) // true
 */
export function isMethodMissing(error: unknown): boolean {
  if (!(error instanceof RpcError) || isRevert(error) || isStateMissing(error)) return false
  return missingMethod.includes(error.rpcCode) || missingMethodWords.test(error.message)
}

/**
 * What nodes say that do not have the block whose state was asked for, not yet or not any more. Many of them say it of one
 * that they were never told of and of one that they have forgotten alike.
 */
export const missingStateTexts: readonly (readonly [client: string, RegExp])[] = [
  ['geth', /header (for hash )?not found/i],
  ['geth', /missing trie node/i],
  ['geth', /historical state\b.*\b(unavailable|not available)/i],
  ['geth', /pruned history unavailable/i],
  ['erigon', /block \S+ ?(\(.*\) ?)?not found/i],
  ['erigon', /not available due to pruning|history has been pruned/i],
  ['reth', /block (is )?not found/i],
  ['reth', /unknown block|no state found for block|state at block \S+ is pruned/i],
  ['nethermind', /no state available for block|missingtrienodeexception/i],
  ['nethermind', /block \S+ could not be found|cannot find block/i],
  ['besu', /world state unavailable/i],
  ['anvil', /blockoutofrange/i],
  ['hardhat', /received invalid block tag/i],
  ['openethereum', /node is running with state pruning/i],
  ['public endpoints', /only serves recent blocks|archive (state|node|data|access|request)/i],
]

/**
 * Whether a node lacks the state that it was asked for: another one may have it, and this one is well all the same.
 *
 * @example
 * isStateMissing(new RpcError({ code: -32000, message: 'header not found' })) // true
 */
export function isStateMissing(error: unknown): boolean {
  if (!(error instanceof RpcError) || isRevert(error)) return false
  const added = addedWords(error)
  return missingStateTexts.some(([, pattern]) => pattern.test(error.message) || pattern.test(added))
}

/**
 * What a node says beside its message: behind "Internal error" or "VM execution error" the reason comes as data. Empty where it
 * says nothing there.
 *
 * @example
 * addedWords(new RpcError({ code: -32015, message: 'VM execution error.', data: 'revert: STF' })) // 'revert: STF'
 */
export function addedWords({ data }: Pick<RpcError, 'data'>): string {
  const added = typeof data === 'string' ? data : Object(data).message
  return typeof added === 'string' && !added.startsWith('0x') ? added : ''
}

/** A contract may choose any words, a node's own among them. */
function isRevert(error: RpcError): boolean {
  return error.rpcCode === 3 || /revert/i.test(error.message) || /^revert/i.test(addedWords(error))
}

/** Limit exceeded, by EIP-1474. Besu says the same code of a transaction that is too large. */
const limitExceeded = -32005
const limitWords =
  /rate.?limit|too many requests|request limit|\b(rate|count|capacity|quota|credits|units)\b.{0,40}\bexceeded|exceeded.{0,40}\b(rate|capacity|quota|credits)\b|compute units per second/i

/**
 * Whether a node's error asks for fewer requests, rather than answering this one.
 *
 * @example
 * isLimit({ code: 429, message: 'Too Many Requests' }) // true
 */
export function isLimit({ code, message }: { code: number; message: string }): boolean {
  // Contracts limit rates too, and say so where they revert.
  if (/revert|gas limit/i.test(message)) return false
  return code === 429 || code === limitExceeded || limitWords.test(message)
}

/**
 * When a `Retry-After` header lets one come back: it has seconds, or a date.
 *
 * @returns Milliseconds since the epoch; null where there is nothing that is understood.
 *
 * @example
 * retryTime('2', 1_000) // 3000
 */
export function retryTime(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null
  if (/^\d+(\.\d+)?$/.test(header.trim())) return nowMs + Math.ceil(Number(header) * 1000)
  const dateMs = Date.parse(header)
  return Number.isNaN(dateMs) ? null : dateMs
}
