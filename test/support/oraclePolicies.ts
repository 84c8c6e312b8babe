import { Transaction } from 'ethers'
import { parseAmount } from '../../src/domain/amount.ts'
import type { OpenOptions } from '../../src/index.ts'
import type { LegStatus, TradeStatus } from '../../src/runtime/status.ts'
import type { Sent } from './gate.ts'
import type { Ledger, Leg } from './oracleLedger.ts'

/** How often a leg's trade had been split before. */
export function roundOf({ legId }: Pick<LegStatus, 'legId'>): number {
  return Number(/#(\d+)/.exec(legId)?.[1] ?? 0)
}

/** True for a leg that fills its order, or a part of it. */
export function isFilling({ kind, purpose }: Pick<LegStatus, 'kind' | 'purpose'>): boolean {
  return kind === 'swap' && purpose === 'fill'
}

/** What a leg sells and buys, by symbol: one that unwinds goes the other way. */
export function directionOf({ trade, status }: Pick<Leg, 'trade' | 'status'>): readonly [sold: string, bought: string] {
  return status.purpose === 'unwind' ? [trade.tokenOut, trade.tokenIn] : [trade.tokenIn, trade.tokenOut]
}

/**
 * The part of an order that its legs account for: what was filled before its last split, and all that was given out in that.
 *
 * @returns The legs whose amounts add up to the order, with its rest.
 */
export function accountedFor({ legs }: TradeStatus): readonly LegStatus[] {
  const fills = legs.filter(isFilling)
  const last = Math.max(0, ...fills.map(roundOf))
  return fills.filter((leg) => roundOf(leg) === last || leg.status === 'done')
}

/** What its fill policy makes of a trade, by what was filled of it. */
export function endOf({ legs, unfilled, fillPolicy }: TradeStatus): TradeStatus['status'] {
  const isFilled = legs.some((leg) => isFilling(leg) && leg.status === 'done')
  return isFilled && (fillPolicy !== 'unwind' || unfilled === '0') ? 'done' : 'failed'
}

/** Fill policies and limits on the native coin, by what reached the node and what was mined. */
export function keptTo(ledger: Ledger): string[] {
  return [...inTurn(ledger), ...unwound(ledger), ...withinLimits(ledger)]
}

/** What is split again, or sold back, waits until nothing that fills the order from before can be mined any more. */
function inTurn({ legs, confirmations }: Ledger): string[] {
  return legs.flatMap((leg) => {
    const [first] = leg.sent
    const isBack = leg.status.purpose === 'unwind'
    const before = legs.filter(
      ({ trade, status }) =>
        trade === leg.trade && status.purpose === 'fill' && (isBack || roundOf(status) < roundOf(leg.status)),
    )
    const open = before.find((other) => first !== undefined && !isFinal(other, first, confirmations))
    return open === undefined ? [] : [`At most once: ${leg.name} left before ${open.name} was final.`]
  })
}

/** True where every nonce of a leg was used up, deep enough, when another transaction arrived. */
function isFinal({ sent, mined }: Leg, { head }: Sent, confirmations: number): boolean {
  return sent.every(({ nonce }) => {
    const user = mined.find((one) => one.sent.nonce === nonce)?.receipt
    return user !== undefined && head - user.blockNumber + 1 >= confirmations
  })
}

/** All that was bought in vain is sold back, or what stays is said. */
function unwound({ trades }: Ledger): string[] {
  return trades.flatMap(({ status }) => {
    const { tradeId, fillPolicy, failure, amountOut, exposed } = status
    const isShort = fillPolicy === 'unwind' && status.status === 'failed'
    const bought = status.legs.some((leg) => isFilling(leg) && leg.status === 'done')
    const code = amountOut === '0' ? 'UNWOUND' : 'NOT_UNWOUND'
    const found: string[] = []
    if (isShort && bought && failure?.code !== code)
      found.push(`Bounded: ${tradeId} says ${failure?.code}, and is ${code}.`)
    if (isShort && exposed !== amountOut) found.push(`Exact: ${tradeId} has ${amountOut} left, and says ${exposed}.`)
    return found
  })
}

type Limit = NonNullable<OpenOptions['limits']>[number]

/** Limits on the native coin: what may still be sold by swaps that have arrived, and what was sold. No window ends while a test runs. */
function withinLimits(ledger: Ledger): string[] {
  const { legs, limits = [] } = ledger
  const swaps = legs.filter((leg) => isFilling(leg.status) && directionOf(leg)[0] === 'ETH')
  const arrivals = swaps.flatMap(({ sent }) => sent)
  return limits.flatMap(({ token, amount, window }: Limit, index) => {
    if (token !== 'ETH') return []
    return arrivals.flatMap((arrival) => {
      const [open, sold] = exposureAt(ledger, swaps, arrival)
      const found: string[] = []
      if (amount !== undefined && open > wei(amount))
        found.push(`Bounded: limits[${index}].amount is passed by ${open} wei.`)
      if (window !== undefined && open + sold > wei(window.amount))
        found.push(`Bounded: limits[${index}].window is passed by ${open + sold} wei.`)
      return found
    })
  })
}

/** What may still be sold once a transaction has arrived, and what has been, in wei. */
function exposureAt(
  { sent, confirmations }: Ledger,
  swaps: readonly Leg[],
  arrival: Sent,
): readonly [open: bigint, sold: bigint] {
  const place = sent.indexOf(arrival)
  let [open, sold] = [0n, 0n]
  for (const { sent: own, mined } of swaps) {
    const values = new Map<number, bigint>()
    for (const one of own) {
      const { value } = Transaction.from(one.raw)
      if (sent.indexOf(one) <= place && value > (values.get(one.nonce) ?? 0n)) values.set(one.nonce, value)
    }
    for (const [nonce, value] of values) {
      const end = mined.find((one) => one.sent.nonce === nonce)
      const isOver = end !== undefined && arrival.head - end.receipt.blockNumber + 1 >= confirmations
      if (!isOver) open += value
      else if (end.receipt.succeeded) sold += Transaction.from(end.sent.raw).value
    }
  }
  return [open, sold]
}

function wei(amount: string): bigint {
  return BigInt(parseAmount(amount, 18))
}
