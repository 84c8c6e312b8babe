import type { LegEffect, LegEvent } from '../../machines/legEvents.ts'
import { approveCall } from '../dex/erc20.ts'
import { decodeRevert } from '../dex/reverts.ts'
import {
  ExpiredError,
  GasLimitError,
  InsufficientBalanceError,
  NoLiquidityError,
  SlippageError,
  toFailure,
  WouldRevertError,
} from '../domain/errors.ts'
import { bumpFees, gasLimitFor, isAffordable, offerFees } from '../domain/fees.ts'
import type { Hex } from '../domain/hex.ts'
import { type LegContext, type LegOrder, type MinedAttempt, type Offer, walletOf } from '../domain/leg.ts'
import type { Attempt, Call, Fees, Receipt } from '../domain/transaction.ts'
import { known, type Ports } from './ports.ts'
import type { Effects } from './runner.ts'
import { until, watchPending } from './watching.ts'

/** Gas of a plain transfer: what a cancellation needs. */
const transferGas = 21_000

/**
 * The name of a leg among all legs of all trades.
 *
 * @example
 * keyOfLeg({ tradeId: 'trade_1', legId: 'uniswap-v2' }) // 'trade_1/uniswap-v2'
 */
export function keyOfLeg({ tradeId, legId }: Pick<LegOrder, 'tradeId' | 'legId'>): string {
  return `${tradeId}/${legId}`
}

/** What the runner does for a leg, by the effect that its state names. Each ends in one event and may run again. */
export function legEffects(ports: Ports): Effects<LegContext, LegEffect, LegEvent> {
  const { chain, follower, dexes, signer, lanes, clock, onTrouble } = ports
  const laneOf = ({ order }: LegContext) => known(lanes, walletOf(order), 'wallet')

  async function sign(context: LegContext, purpose: Attempt['purpose'], fees: Fees): Promise<Attempt> {
    const { order, offer, nonce } = context
    if (nonce === null) throw new TypeError('A leg without a nonce was to be signed.')
    const wallet = walletOf(order)
    const call = purpose === 'call' ? offer?.call : nothingTo(wallet)
    if (call === undefined) throw new TypeError('A leg without an offer was to be signed.')
    const gasLimit = purpose === 'call' && offer !== null ? offer.gasLimit : transferGas
    const signed = await signer.sign(wallet, { chainId: chain.chainId, nonce, gasLimit, ...call, ...feesOf(fees) })
    return { ...signed, ...feesOf(fees), purpose, nonce, gasLimit }
  }

  async function replace(context: LegContext, purpose: Attempt['purpose']) {
    const { attempts, order } = context
    const ceiling = purpose === 'call' ? order.policy.maxFeePerGas : order.policy.maxCancelFeePerGas
    const last = attempts.at(-1)
    const fees = last === undefined ? offerFees(follower.market(), ceiling) : bumpFees(last, follower.market(), ceiling)
    if (fees === null) return { type: 'leg.unchanged' } as const
    return { type: 'leg.signed', attempt: await sign(context, purpose, fees) } as const
  }

  function minedAttempt({ order, attempts }: LegContext, receipt: Receipt): MinedAttempt {
    const { logs, ...mined } = receipt
    const isFill = receipt.succeeded && attempts.find(({ hash }) => hash === receipt.hash)?.purpose === 'call'
    if (!isFill || order.task.kind !== 'swap') return { ...mined, fill: null }
    try {
      return { ...mined, fill: known(dexes, order.venue, 'venue').fill(order.task.swap, receipt) }
    } catch (error) {
      // That it was mined stays true, whatever its logs look like.
      onTrouble(error, `reading the fill of ${keyOfLeg(order)} from ${receipt.hash}`)
      return { ...mined, fill: null }
    }
  }

  return {
    admit: (context, signal) => {
      const admitted = laneOf(context).admit(keyOfLeg(context.order), signal)
      return admitted === undefined ? { type: 'leg.admitted' } : admitted.then(() => ({ type: 'leg.admitted' }))
    },

    quote: async ({ order: { task, venue } }) => {
      if (task.kind !== 'swap') throw new TypeError('An approval has no quote.')
      const request = known(dexes, venue, 'venue').quoteRequest(task.swap)
      return { type: 'leg.quoted', quote: request.quote(await chain.read(request.reads)) }
    },

    price: (context) => {
      const { policy } = context.order
      if (!hasFreshQuote(context, clock.now())) return { type: 'leg.unquoted' }
      const market = follower.market()
      if (!isAffordable(market, policy.maxFeePerGas)) return { type: 'leg.dear' }
      const deadlineMs = clock.now() + policy.timeoutMs
      const call = callOf(context, ports, policy.timeoutMs)
      const offer = (gasLimit: number): Offer => ({
        call,
        gasLimit,
        deadlineMs,
        ...offerFees(market, policy.maxFeePerGas),
      })
      const gasLimit = knownGasLimit(context, ports)
      if (gasLimit !== null) return { type: 'leg.priced', offer: offer(gasLimit) }
      return estimate(context, ports, call).then((limit) => ({ type: 'leg.priced', offer: offer(limit) }))
    },

    hold: async (context, signal) => {
      const { holdUntilMs, order } = context
      const untilMs = holdUntilMs ?? clock.now()
      const isCheap = (): boolean => isAffordable(follower.market(), order.policy.maxFeePerGas)
      while (!isCheap() && clock.now() < untilMs && !signal.aborted) await until(ports, untilMs, signal, 'head')
      return isCheap() ? { type: 'leg.affordable' } : { type: 'leg.expired', failure: tooDear }
    },

    reserve: (context) => ({ type: 'leg.reserved', nonce: laneOf(context).reserve(keyOfLeg(context.order)) }),

    sign: async (context) => {
      if (context.offer === null) throw new TypeError('A leg without an offer was to be signed.')
      if (isExpired(context, clock.now())) throw new ExpiredError('The offer expired before it was signed.')
      return { type: 'leg.signed', attempt: await sign(context, 'call', context.offer) }
    },

    release: (context) => {
      const { nonce, order } = context
      if (nonce === null) return { type: 'leg.released' }
      return { type: laneOf(context).giveBack(keyOfLeg(order), nonce) ? 'leg.released' : 'leg.holed' }
    },

    broadcast: async (context) => {
      const { order, attempts } = context
      const newest = attempts.at(-1)
      // What the chain would refuse as too late is not sent (again): it is cancelled.
      if (newest === undefined || (newest.purpose === 'call' && isExpired(context, clock.now())))
        return { type: 'leg.sent' }
      // Before it is sent: its block may come before the reply.
      follower.expect(keyOfLeg(order), hashesOf(attempts))
      const { verdict, message } = await chain.broadcast(newest.raw)
      if (attempts.length > 1 || (verdict !== 'cannotPay' && verdict !== 'never')) return { type: 'leg.sent' }
      return { type: 'leg.refused', failure: refusals[verdict](message) }
    },

    watch: async (context, signal) => {
      const outcome = await watchPending(ports, context, signal)
      if (outcome.type !== 'mined') return outcome.event
      return { type: 'leg.mined', mined: minedAttempt(context, outcome.receipt) }
    },

    bump: (context) => replace(context, context.attempts.at(-1)?.purpose ?? 'cancel'),

    cancel: (context) => replace(context, 'cancel'),

    confirm: ({ order, mined }, signal) =>
      new Promise((resolve) => {
        if (mined === null) throw new TypeError('A leg without a receipt was to be confirmed.')
        const callOff = follower.whenDeep(mined, order.policy.confirmations, (outcome) =>
          resolve({ type: outcome === 'deep' ? 'leg.confirmed' : 'leg.orphaned' }),
        )
        signal.addEventListener('abort', callOff)
      }),

    wait: async ({ wakeAtMs }, signal) => {
      await until(ports, wakeAtMs, signal)
      return { type: 'leg.woken' }
    },
  }
}

/** A quote read longer ago than this is read again before anything is built on it. */
const quoteAgeMaxMs = 5_000

function hasFreshQuote({ order, quote, quotedAtMs }: LegContext, nowMs: number): boolean {
  return order.task.kind === 'approval' || (quote !== null && nowMs - quotedAtMs <= quoteAgeMaxMs)
}

function isExpired({ offer }: LegContext, nowMs: number): boolean {
  return offer !== null && nowMs >= offer.deadlineMs
}

/** The transaction's message. An approval covers all live legs on the same token and spender. */
function callOf({ order, quote }: LegContext, { dexes, allowances, follower, clock }: Ports, timeoutMs: number): Call {
  const { task, venue } = order
  if (task.kind === 'approval') return approveCall(task, allowances.needed(task))
  if (quote === null) throw new TypeError('A swap without a quote was to be priced.')
  // The chain's clock is the one that decides on chain; it may run ahead of ours.
  const nowMs = Math.max(clock.now(), follower.head().timestampS * 1000)
  const deadlineS = Math.ceil((nowMs + timeoutMs) / 1000)
  return known(dexes, venue, 'venue').swapCall(task.swap, { quote, limit: task.limit, deadlineS })
}

/** A gas limit that takes no call to find, or null. Behind an approval that is not mined yet nothing can be estimated. */
function knownGasLimit({ order, gasLimitFloor, retries }: LegContext, { gasBook }: Ports): number | null {
  const ceiling = order.policy.gasLimitMax
  const { task, venue } = order
  const expected = task.kind === 'approval' ? approvalGas : gasBook.expected(venue, pairOf(order))
  if (expected !== null) return gasLimitFor({ expected, floor: gasLimitFloor, ceiling })
  const isEstimable = order.after === null && (order.preflight || retries > 0)
  return isEstimable ? null : ceiling
}

/** More than any ERC-20 in use needs for `approve`, first approvals behind a proxy included. */
const approvalGas = 80_000

/**
 * How gas is recorded for a leg: by the tokens that change hands.
 *
 * @example
 * pairOf(order) // 'ETH>USDC sell'
 */
export function pairOf({ task }: LegOrder): string {
  return task.kind === 'swap'
    ? `${task.swap.tokenIn.symbol}>${task.swap.tokenOut.symbol} ${task.swap.side}`
    : 'approval'
}

async function estimate({ order, gasLimitFloor }: LegContext, { chain }: Ports, call: Call): Promise<number> {
  const reply = await chain.estimateGas({ from: walletOf(order), ...call })
  const ceiling = order.policy.gasLimitMax
  if (reply.ok && reply.gas > ceiling) {
    throw new GasLimitError('The swap needs more gas than config.gasLimit.', { needed: reply.gas, gasLimit: ceiling })
  }
  if (reply.ok) return gasLimitFor({ expected: reply.gas, floor: gasLimitFloor, ceiling })
  const { code, reason } = decodeRevert(
    reply.data,
    reply.message,
    order.task.kind === 'swap' ? order.task.swap : undefined,
  )
  const facts = { venue: order.venue, reason }
  if (code === 'SLIPPAGE' || code === 'EXPIRED') throw new SlippageError('The price moved beyond the limit.', facts)
  if (code === 'LIQUIDITY') throw new NoLiquidityError('The venue cannot fill the swap.', facts)
  if (code === 'BALANCE') throw new InsufficientBalanceError('The wallet cannot pay for the swap.', facts)
  throw new WouldRevertError('The swap would revert.', facts)
}

function nothingTo(wallet: Hex): Call {
  return { to: wallet, data: '0x', value: '0' }
}

function feesOf({ maxFeePerGas, maxPriorityFeePerGas }: Fees): Fees {
  return { maxFeePerGas, maxPriorityFeePerGas }
}

function hashesOf(attempts: readonly Attempt[]): Hex[] {
  return attempts.map(({ hash }) => hash)
}

const refusals = {
  cannotPay: (message: string) =>
    toFailure(new InsufficientBalanceError('The wallet cannot pay for the gas.', { node: message })),
  never: (message: string) => toFailure(new WouldRevertError('No node takes the transaction.', { node: message })),
}

const tooDear = {
  code: 'GAS_PRICE_TOO_HIGH',
  message: 'The gas price stayed above maxGasPrice until the timeout. Nothing was sent.',
  retryable: false,
}
