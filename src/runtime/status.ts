import type { AnyActorRef } from 'xstate'
import { type BaseUnits, baseUnits, formatAmount, sum } from '../domain/amount.ts'
import type { Failure } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import { type LegContext, type LegPurpose, type Phase, walletOf } from '../domain/leg.ts'
import type { Side } from '../domain/swap.ts'
import type { AcceptedOrder, FillPolicy, NativePrice, TradeContext } from '../domain/trade.ts'
import { topState } from '../monitor/format.ts'
import { filledOf, isFirst } from './rounds.ts'
import { pathOf } from './runner.ts'

/** One leg as it is now. Amounts are decimal strings in whole tokens. Plain JSON. */
export interface LegStatus {
  readonly legId: string
  readonly kind: 'swap' | 'approval'
  /** `unwind`: its swap sells back what the trade bought. */
  readonly purpose: LegPurpose
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
  readonly fillPolicy: FillPolicy['kind']
  /** What no leg was given. */
  readonly unallocated: string
  /** What of `amount` was not filled (yet). */
  readonly unfilled: string
  readonly tokenIn: string
  readonly tokenOut: string
  /** Paid and received over the legs that were filled, less what was sold back. */
  readonly amountIn: string
  readonly amountOut: string
  /** Of `tokenOut`: what the wallet is left with by a trade that ended without being what its fill policy asks for. */
  readonly exposed: string
  /**
   * What the trade has brought beyond what its first quotes promised for as much, less all gas, that of failed attempts and
   * cancellations included: in whole tokens of the quotes (`tokenOut` when selling, `tokenIn` when buying). What was sold back counts
   * as well. Below zero for a loss; null where gas could not be priced.
   */
  readonly profitAndLoss: string | null
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
  const { order, plan, unallocated, nativePrice, failure, endedAtMs } = snapshot.context as TradeContext
  const views = plan.flatMap(({ legId }): LegView[] => {
    const leg = snapshot.children[legId]?.getSnapshot()
    return leg === undefined ? [] : [{ context: leg.context as LegContext, state: pathOf(leg.value) }]
  })
  const { tokenIn, tokenOut } = order
  const base = order.side === 'sell' ? tokenIn : tokenOut
  const state = pathOf(snapshot.value)
  const contexts = views.map(({ context }) => context)
  const { amountIn, amountOut } = netOf(contexts)
  const unfilled = BigInt(order.amount) - filledOf(contexts)
  const gasCostWei = sum(contexts.map((leg) => leg.gasCostWei))
  const isShort = phaseOf(state) === 'failed'
  return {
    tradeId: order.tradeId,
    status: phaseOf(state),
    state,
    outcome: phaseOf(state) !== 'done' ? null : unfilled > 0n ? 'partial' : 'filled',
    pair: order.pair,
    side: order.side,
    fillPolicy: order.fillPolicy.kind,
    amount: formatAmount(order.amount, base.decimals),
    unallocated: formatAmount(unallocated, base.decimals),
    unfilled: formatAmount(baseUnits(unfilled), base.decimals),
    tokenIn: tokenIn.symbol,
    tokenOut: tokenOut.symbol,
    amountIn: formatAmount(baseUnits(amountIn), tokenIn.decimals),
    amountOut: formatAmount(baseUnits(amountOut), tokenOut.decimals),
    exposed: formatAmount(isShort ? baseUnits(amountOut) : '0', tokenOut.decimals),
    profitAndLoss: profitAndLoss(order, contexts, gasCostWei, nativePrice),
    gasUsed: contexts.reduce((gas, leg) => gas + leg.gasUsed, 0),
    gasCost: ether(gasCostWei),
    failure,
    startedAtMs: order.acceptedAtMs,
    endedAtMs,
    legs: views.map((view) => legStatus(view, order)),
  }
}

/** What all fills together took and gave: what is sold back counts against what was bought. */
function netOf(legs: readonly LegContext[]): { readonly amountIn: bigint; readonly amountOut: bigint } {
  let [amountIn, amountOut] = [0n, 0n]
  for (const { fill, order } of legs) {
    if (fill === null) continue
    const isBack = order.purpose === 'unwind'
    amountIn += isBack ? -BigInt(fill.amountOut) : BigInt(fill.amountIn)
    amountOut += isBack ? -BigInt(fill.amountIn) : BigInt(fill.amountOut)
  }
  return { amountIn, amountOut }
}

function profitAndLoss(
  { side, tokenIn, tokenOut }: AcceptedOrder,
  legs: readonly LegContext[],
  gasCostWei: BaseUnits,
  price: NativePrice | null,
): string | null {
  if (price === null && gasCostWei !== '0') return null
  const gas = price === null ? 0n : (BigInt(gasCostWei) * BigInt(price.amount)) / BigInt(price.wei)
  const gain = legs.reduce((sum, leg) => sum + gainOf(leg, side), 0n)
  return formatAmount(baseUnits(gain - gas + backOf(legs, side)), (side === 'sell' ? tokenOut : tokenIn).decimals)
}

/** What a fill has brought beyond what was first promised for as much of its leg. */
function gainOf({ order, fill }: LegContext, side: Side): bigint {
  const { task, quote, promised, purpose } = order
  if (fill === null || quote === null || task.kind !== 'swap' || purpose === 'unwind') return 0n
  const first = BigInt(promised ?? quote.amount)
  const whole = BigInt(task.swap.amount)
  return side === 'sell'
    ? BigInt(fill.amountOut) - (first * BigInt(fill.amountIn)) / whole
    : (first * BigInt(fill.amountOut)) / whole - BigInt(fill.amountIn)
}

/** What selling back cost or brought, by the price that the first quotes had together. */
function backOf(legs: readonly LegContext[], side: Side): bigint {
  let [whole, quoted, sold, got] = [0n, 0n, 0n, 0n]
  for (const { order, fill } of legs) {
    if (order.task.kind !== 'swap') continue
    if (isFirst(order)) {
      whole += BigInt(order.task.swap.amount)
      quoted += BigInt(order.quote?.amount ?? '0')
    }
    if (order.purpose !== 'unwind' || fill === null) continue
    sold += BigInt(fill.amountIn)
    got += BigInt(fill.amountOut)
  }
  if (whole === 0n || sold === 0n) return 0n
  // What was bought is sold back: its worth goes, and what it brought comes, each in the units of the quotes.
  return side === 'sell' ? (got * quoted) / whole - sold : got - (sold * quoted) / whole
}

function legStatus({ context, state }: LegView, trade: AcceptedOrder): LegStatus {
  const { order, quote, fill } = context
  const { task } = order
  const { side, tokenIn, tokenOut } = task.kind === 'swap' ? task.swap : trade
  // What is quoted and bounded is the other token than the one whose amount is exact.
  const [exact, other] = side === 'sell' ? [tokenIn, tokenOut] : [tokenOut, tokenIn]
  return {
    legId: order.legId,
    kind: task.kind === 'swap' ? 'swap' : 'approval',
    purpose: order.purpose ?? 'fill',
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

function phaseOf(state: string): Phase {
  return topState(state) as Phase
}

const etherDecimals = 18

function ether(wei: `${bigint}`): string {
  return formatAmount(baseUnits(BigInt(wei)), etherDecimals)
}
