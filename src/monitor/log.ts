import { type DestinationStream, pino } from 'pino'
import { detached } from '../domain/detached.ts'
import type { Failure } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import { topState } from './format.ts'
import { scrub } from './scrub.ts'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

type Method = 'debug' | 'info' | 'warn' | 'error'

/** What of a pino logger is used, so that one of any version, or a look-alike, can be given. */
export interface PinoLike extends Record<Method, (fields: object, message?: string) => void> {
  isLevelEnabled?(level: string): boolean
  child(bindings: object, options?: { level?: string }): PinoLike
}

/** Writes lines with fields. Whatever goes in is scrubbed of secrets, and bounded, before any logger sees it. */
export interface Logger extends Record<Method, (fields: object, message: string) => void> {
  /** Whether anything is written by this method: look before you put together what is costly. */
  isEnabled(method: Method): boolean
  /** A logger that adds `fields` to every line. */
  with(fields: object): Logger
}

/** One step of a trade or leg. States are dotted paths, such as `submitted.pending`. */
export interface Transition {
  readonly tradeId: string
  /** Left out for the trade itself. */
  readonly legId?: string
  readonly venue?: string
  readonly from: string
  readonly to: string
  /** The type of the event that led there. */
  readonly event: string
  readonly hash?: Hex
  readonly nonce?: number
  /** Unix milliseconds. */
  readonly atMs: number
  readonly failure?: Failure
}

/**
 * The logger of the runtime: onto `logger` where the user has one, else JSON lines to standard output. Silent where
 * neither a level nor a logger is given: a library does not speak unasked.
 *
 * @param options - `level` is the lowest that is written; without it, a given logger's own level holds.
 *
 * @example
 * createLogger({ level: 'info' }).info({ venue: 'uniswap-v2' }, 'Venue is ready.')
 */
export function createLogger(options: {
  level?: LogLevel | undefined
  logger?: PinoLike | undefined
  destination?: DestinationStream
}): Logger {
  const { level, logger, destination } = options
  if (logger !== undefined) return scrubbing(level === undefined ? logger : logger.child({}, { level }))
  const settings = { base: { name: 'legwork' }, level: level ?? 'silent' }
  return scrubbing(destination === undefined ? pino(settings) : pino(settings, destination))
}

function scrubbing(target: PinoLike): Logger {
  const writer = (method: Method) => (fields: object, message: string) => {
    // Scrubbing costs more than not writing: look first.
    if (target.isLevelEnabled?.(method) === false) return
    detached(() => target[method](scrubFields(fields), String(scrub(message))))
  }
  return {
    isEnabled: (method) => target.isLevelEnabled?.(method) !== false,
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
    with: (fields) => scrubbing(target.child(scrubFields(fields))),
  }
}

function scrubFields(fields: object): object {
  return Object(scrub(fields instanceof Error ? { failure: fields } : fields))
}

/**
 * Writes one step of a trade or leg: a change of status as `info`, a step within a status as `debug`, what goes
 * wrong but may still come right (a retry, a failed leg) as `warn`, and a failed trade as `error`.
 *
 * @example
 * logTransition(logger, { tradeId: 't1', from: 'preparing.signing', to: 'submitted.broadcasting', event: 'leg.signed', atMs: 0 })
 */
export function logTransition(logger: Logger, transition: Transition): void {
  const { tradeId, legId } = transition
  const method = methodFor(transition)
  if (!logger.isEnabled(method)) return
  const who = legId === undefined ? `Trade ${tradeId}` : `Leg ${legId} of trade ${tradeId}`
  logger[method](transition, `${who}: ${transition.from} → ${transition.to}.`)
}

function methodFor({ from, to, legId }: Transition): Method {
  const status = topState(to)
  if (topState(from) === status) return 'debug'
  if (status === 'failed') return legId === undefined ? 'error' : 'warn'
  return status === 'retrying' ? 'warn' : 'info'
}
