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

/**
 * Whether a node does not have the method that it was asked for: asking it again is of no use.
 *
 * @example
 * isMethodMissing(new RpcError({ code: -32601, message: 'method not found' })) // true
 */
export function isMethodMissing(error: unknown): boolean {
  return error instanceof RpcError && missingMethod.includes(error.rpcCode)
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
