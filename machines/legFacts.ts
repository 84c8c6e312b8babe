import { baseUnits } from '../src/domain/amount.ts'
import { backoffMs } from '../src/domain/backoff.ts'
import type { Failure } from '../src/domain/errors.ts'
import { ranOutOfGas } from '../src/domain/fees.ts'
import type { LegContext, LegOrder, Phase } from '../src/domain/leg.ts'
import type { LegEvent, LegNews } from './legEvents.ts'

type Facts = Partial<LegContext>
type Of<Type extends LegEvent['type']> = Extract<LegEvent, { type: Type }>

function only<Type extends LegEvent['type']>(event: LegEvent, ...types: Type[]): Of<Type> {
  if ((types as string[]).includes(event.type)) return event as Of<Type>
  throw new TypeError(`An action for ${types.join(', ')} ran on ${event.type}.`)
}

/** A leg that has just been planned. */
export function newLeg({ order, atMs }: { order: LegOrder; atMs: number }): LegContext {
  const gap = order.task.kind === 'gap' ? order.task : null
  return {
    order,
    quote: order.quote,
    quotedAtMs: order.quotedAtMs,
    blocked: order.after !== null,
    retries: 0,
    offer: null,
    gasLimitFloor: 0,
    nonce: gap?.nonce ?? null,
    attempts: gap?.attempts ?? [],
    cancelReason: gap === null ? null : unowned,
    holdUntilMs: null,
    checkAtMs: 0,
    wakeAtMs: 0,
    mined: null,
    hash: null,
    gasUsed: 0,
    gasCostWei: '0',
    gasPriceWei: null,
    fill: null,
    failure: null,
    startedAtMs: atMs,
    submittedAtMs: null,
    endedAtMs: null,
  }
}

export function quoted(event: LegEvent): Facts {
  const { quote, atMs } = only(event, 'leg.quoted')
  return { quote, quotedAtMs: atMs }
}

export function priced(event: LegEvent): Facts {
  return { offer: only(event, 'leg.priced').offer }
}

/** The first hold sets the limit of all further ones. */
export function held(context: LegContext, { atMs }: LegEvent): Facts {
  return { holdUntilMs: context.holdUntilMs ?? atMs + context.order.policy.timeoutMs }
}

export function reserved(event: LegEvent): Facts {
  return { nonce: only(event, 'leg.reserved').nonce, attempts: [] }
}

export function signed(context: LegContext, event: LegEvent): Facts {
  const { attempt, atMs } = only(event, 'leg.signed')
  return {
    attempts: [...context.attempts, attempt],
    hash: attempt.hash,
    submittedAtMs: context.submittedAtMs ?? atMs,
    holdUntilMs: null,
  }
}

/**
 * Whatever the node said, the next look at a pending attempt is one interval away, or at the deadline where that is sooner:
 * at once if it is past. A cancellation has no deadline. A node that wants more for it is offered more soon.
 */
export function sent({ offer, order, cancelReason }: LegContext, event: LegEvent): Facts {
  const reply = event.type === 'leg.sent' ? event.reply : 'taken'
  const next = event.atMs + Math.ceil(order.policy.bumpIntervalMs * patience[reply])
  return { checkAtMs: cancelReason === null ? Math.min(next, offer?.deadlineMs ?? next) : next }
}

/** Parts of the bump interval until the next look. */
const patience = { taken: 1, outbid: 0.25 } as const

/** A transaction that this leg signed, and that a store from before does not know, is its own all the same. */
export function mined({ attempts }: LegContext, event: LegEvent): Facts {
  const { mined: seen, found } = only(event, 'leg.mined')
  return found === undefined ? { mined: seen } : { mined: seen, attempts: [found, ...attempts] }
}

/** The nonce has come to its end. Whatever mined on it costs gas, whatever it was for. */
function closed({ mined, gasUsed, gasCostWei }: LegContext): Facts {
  const end = { nonce: null, attempts: [], offer: null, mined: null }
  if (mined === null) return end
  const costWei = BigInt(mined.gasUsed) * BigInt(mined.effectiveGasPrice)
  return {
    ...end,
    gasUsed: gasUsed + mined.gasUsed,
    gasCostWei: baseUnits(BigInt(gasCostWei) + costWei),
    gasPriceWei: mined.effectiveGasPrice,
    hash: mined.hash,
  }
}

export function filled(context: LegContext, { atMs }: LegEvent): Facts {
  return { ...closed(context), fill: context.mined?.fill ?? null, failure: null, endedAtMs: atMs }
}

/** A new try starts clean, but for what was spent and for the gas limit that proved too low. */
export function retried(context: LegContext, event: LegEvent): Facts {
  const { order, offer, retries, gasLimitFloor } = context
  const delayMs = backoffMs({ baseMs: order.policy.retryDelayMs, attempt: retries, seed: seedOf(order) })
  return {
    ...closed(context),
    retries: retries + 1,
    wakeAtMs: event.atMs + delayMs,
    gasLimitFloor: lackedGas(context) ? Math.ceil((offer?.gasLimit ?? 0) * 1.5) : gasLimitFloor,
    failure: reason(context, event),
    cancelReason: null,
    holdUntilMs: null,
    quote: null,
  }
}

export function failed(context: LegContext, event: LegEvent): Facts {
  return { ...closed(context), failure: reason(context, event), endedAtMs: event.atMs }
}

/** The first final reason stays; a retryable one gives way to it. */
export function cancelled({ cancelReason }: LegContext, event: LegEvent): Facts {
  if (cancelReason !== null && !cancelReason.retryable) return {}
  return { cancelReason: only(event, 'leg.cancel', 'leg.refused', 'leg.faulted').failure }
}

export function timedOut({ cancelReason }: LegContext): Facts {
  if (cancelReason !== null) return {}
  return {
    cancelReason: { code: 'TIMEOUT', message: 'The transaction was not mined within the timeout.', retryable: true },
  }
}

/** True while a fresh quote still meets the bound of the first one. */
export function isWithinLimit({ order: { task } }: LegContext, event: LegEvent): boolean {
  if (task.kind !== 'swap') return true
  const amount = BigInt(only(event, 'leg.quoted').quote.amount)
  return task.swap.side === 'sell' ? amount >= BigInt(task.limit) : amount <= BigInt(task.limit)
}

export function isRetryable(context: LegContext, event: LegEvent): boolean {
  if (context.cancelReason !== null && !context.cancelReason.retryable) return false
  return reason(context, event).retryable && context.retries < context.order.policy.retriesMax
}

/** Past the deadline, or told to stop, and no cancellation has been signed yet. */
export function mustCancel({ attempts, cancelReason, offer }: LegContext, { atMs }: LegEvent): boolean {
  if (attempts.some(({ purpose }) => purpose === 'cancel')) return false
  return cancelReason !== null || offer === null || atMs >= offer.deadlineMs
}

/** Its own call, not its cancellation, is what mined, and it succeeded. A gap is closed by whatever mined in it. */
export function isSuccess({ order, mined, attempts }: LegContext): boolean {
  if (order.task.kind === 'gap') return mined !== null
  return mined?.succeeded === true && attempts.find(({ hash }) => hash === mined.hash)?.purpose === 'call'
}

export function news({ order }: LegContext, { atMs }: { atMs?: number }, phase: Phase): LegNews {
  return { type: 'leg.changed', legId: order.legId, phase, atMs: atMs ?? 0 }
}

export function placed({ order }: LegContext, { atMs }: LegEvent): LegNews {
  return { type: 'leg.placed', legId: order.legId, atMs }
}

/** Why the leg cannot go on as it is. */
function reason(context: LegContext, event: LegEvent): Failure {
  if (event.type === 'leg.quoted') return slipped
  const { cancelReason, mined, attempts } = context
  // Somebody took the nonce of a leg that was told to stop: it stops because it was told to.
  if (event.type === 'leg.displaced' && cancelReason?.retryable === false) return cancelReason
  if ('failure' in event) return event.failure
  const purpose = attempts.find(({ hash }) => hash === mined?.hash)?.purpose
  if (cancelReason !== null && (purpose !== 'call' || !cancelReason.retryable)) return cancelReason
  return lackedGas(context) ? outOfGas : reverted
}

function lackedGas({ mined, attempts }: LegContext): boolean {
  const attempt = attempts.find(({ hash }) => hash === mined?.hash)
  if (mined === null || mined.succeeded || attempt === undefined) return false
  return ranOutOfGas({ gasUsed: mined.gasUsed, gasLimit: attempt.gasLimit })
}

function seedOf({ tradeId, legId }: LegOrder): string {
  return `${tradeId}/${legId}`
}

const unowned: Failure = {
  code: 'GAP',
  message: 'No leg owns this nonce: it is used up by a cancellation.',
  retryable: false,
}
const slipped: Failure = {
  code: 'SLIPPAGE',
  message: 'The price moved beyond the slippage allowed from the first quote.',
  retryable: true,
}
const reverted: Failure = { code: 'REVERTED', message: 'The transaction was mined and reverted.', retryable: true }
const outOfGas: Failure = { code: 'OUT_OF_GAS', message: 'The transaction used up its gas limit.', retryable: true }
