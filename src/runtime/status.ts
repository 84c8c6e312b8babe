import type { AnyActorRef } from 'xstate'
import { baseUnits, formatAmount, sum } from '../domain/amount.ts'
import type { Failure } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import { type LegContext, type Phase, walletOf } from '../domain/leg.ts'
import type { Side } from '../domain/swap.ts'
import type { AcceptedOrder, TradeContext } from '../domain/trade.ts'
import { topState } from '../monitor/format.ts'
import { pathOf } from './runner.ts'

/** One leg as it is now. Amounts are decimal strings in whole tokens. Plain JSON. */
export interface LegStatus {
  readonly legId: string
  readonly kind: 'swap' | 'approval'
  readonly venue: string
  /** Who pays. */
  readonly wallet: Hex
  readonly status: Phase
  /** Where exactly it is, such as `submitted.pending`. */
  readonly state: string
  /** The newest transaction; the one that mined, once one has. Null before the first is signed. */
  readonly hash: Hex | null
  readonly nonce: number | null
  /** Gas units over every attempt that mined, reverted ones and cancellations included. */
  readonly gasUsed: number
  /** Gwei per gas unit of the last attempt that mined; null before. */
  readonly gasPrice: string | null
  /** ETH (the chain's coin) paid for gas by every attempt that mined. */
  readonly gasCost: string
  /** What the leg was given: tokens to sell when selling, to receive when buying. Null for an approval. */
  readonly amount: string | null
  /** What its latest quote expects: output when selling, input when buying. */
  readonly quoted: string | null
  /** The bound from the first quote: least output when selling, most input when buying. */
  readonly limit: string | null
  /** What was really paid and received; null before the fill. */
  readonly amountIn: string | null
  readonly amountOut: string | null
  readonly retries: number
  readonly failure: Failure | null
  readonly startedAtMs: number
  readonly submittedAtMs: number | null
  readonly endedAtMs: number | null
}

/** One trade as it is now, with its legs. Amounts are decimal strings in whole tokens. Plain JSON. */
export interface TradeStatus {
  readonly tradeId: string
  readonly status: Phase
  readonly state: string
  /** Only for a `done` trade: whether all of the order was filled. */
  readonly outcome: 'filled' | 'partial' | null
  readonly pair: string
  readonly side: Side
  readonly amount: string
  /** What no leg was given. */
  readonly unallocated: string
  readonly tokenIn: string
  readonly tokenOut: string
  /** Sums over the legs that were filled. */
  readonly amountIn: string
  readonly amountOut: string
  readonly gasUsed: number
  readonly gasCost: string
  readonly failure: Failure | null
  readonly startedAtMs: number
  readonly endedAtMs: number | null
  readonly legs: readonly LegStatus[]
}

interface LegView {
  readonly context: LegContext
  readonly state: string
}

/** A trade's status, from its actor and those of its legs. */
export function tradeStatus(trade: AnyActorRef): TradeStatus {
  const snapshot = trade.getSnapshot()
  const { order, plan, unallocated, failure, endedAtMs } = snapshot.context as TradeContext
  const views = plan.flatMap(({ legId }): LegView[] => {
    const leg = snapshot.children[legId]?.getSnapshot()
    return leg === undefined ? [] : [{ context: leg.context as LegContext, state: pathOf(leg.value) }]
  })
  const { tokenIn, tokenOut } = order
  const base = order.side === 'sell' ? tokenIn : tokenOut
  const fills = views.flatMap(({ context: { fill } }) => (fill === null ? [] : [fill]))
  const state = pathOf(snapshot.value)
  return {
    tradeId: order.tradeId,
    status: phaseOf(state),
    state,
    outcome: outcomeOf(phaseOf(state), views, unallocated === '0'),
    pair: order.pair,
    side: order.side,
    amount: formatAmount(order.amount, base.decimals),
    unallocated: formatAmount(unallocated, base.decimals),
    tokenIn: tokenIn.symbol,
    tokenOut: tokenOut.symbol,
    amountIn: formatAmount(sum(fills.map(({ amountIn }) => amountIn)), tokenIn.decimals),
    amountOut: formatAmount(sum(fills.map(({ amountOut }) => amountOut)), tokenOut.decimals),
    gasUsed: views.reduce((gas, { context }) => gas + context.gasUsed, 0),
    gasCost: ether(sum(views.map(({ context }) => context.gasCostWei))),
    failure,
    startedAtMs: order.acceptedAtMs,
    endedAtMs,
    legs: views.map((view) => legStatus(view, order)),
  }
}

function legStatus({ context, state }: LegView, { side, tokenIn, tokenOut }: AcceptedOrder): LegStatus {
  const { order, quote, fill } = context
  const { task } = order
  // What is quoted and bounded is the other token than the one whose amount is exact.
  const [exact, other] = side === 'sell' ? [tokenIn, tokenOut] : [tokenOut, tokenIn]
  return {
    legId: order.legId,
    kind: task.kind === 'swap' ? 'swap' : 'approval',
    venue: order.venue,
    wallet: walletOf(order),
    status: phaseOf(state),
    state,
    hash: context.hash,
    nonce: context.nonce,
    gasUsed: context.gasUsed,
    gasPrice: context.gasPriceWei === null ? null : formatAmount(context.gasPriceWei, 9),
    gasCost: ether(context.gasCostWei),
    amount: task.kind === 'swap' ? formatAmount(task.swap.amount, exact.decimals) : null,
    quoted: quote === null ? null : formatAmount(quote.amount, other.decimals),
    limit: task.kind === 'swap' ? formatAmount(task.limit, other.decimals) : null,
    amountIn: fill === null ? null : formatAmount(fill.amountIn, tokenIn.decimals),
    amountOut: fill === null ? null : formatAmount(fill.amountOut, tokenOut.decimals),
    retries: context.retries,
    failure: context.failure,
    startedAtMs: context.startedAtMs,
    submittedAtMs: context.submittedAtMs,
    endedAtMs: context.endedAtMs,
  }
}

function outcomeOf(status: Phase, views: readonly LegView[], isAllAllocated: boolean): TradeStatus['outcome'] {
  if (status !== 'done') return null
  const swaps = views.filter(({ context }) => context.order.task.kind === 'swap')
  return isAllAllocated && swaps.every(({ state }) => state === 'done') ? 'filled' : 'partial'
}

function phaseOf(state: string): Phase {
  return topState(state) as Phase
}

const etherDecimals = 18

function ether(wei: `${bigint}`): string {
  return formatAmount(baseUnits(BigInt(wei)), etherDecimals)
}
