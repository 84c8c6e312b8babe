import { parseAmount } from '../../src/domain/amount.ts'
import type { TradeOrder } from '../../src/runtime/accept.ts'
import type { HistoryEntry } from '../../src/runtime/records.ts'
import type { LegStatus, TradeStatus } from '../../src/runtime/status.ts'
import { tokens } from './contracts.ts'
import type { Outcome } from './evm.ts'
import { findMined } from './ledger.ts'
import { isNothing, type WireTransaction } from './wire.ts'
import type { Departure, Witness } from './witness.ts'
import type { World } from './world.ts'

/** A trade as it was reported, when all had ended. */
export interface Ended {
  readonly order: TradeOrder
  readonly status: TradeStatus
  readonly history: readonly HistoryEntry[]
}

/** A transaction in its block. */
export interface Mined {
  readonly transaction: WireTransaction
  readonly outcome: Outcome
}

/** One leg, with all that was ever sent for it. */
export interface Leg {
  readonly name: string
  readonly status: LegStatus
  readonly trade: TradeStatus
  readonly order: TradeOrder
  readonly sent: readonly Departure[]
  readonly mined: readonly Mined[]
  /** How often its trade had been split before. */
  readonly round: number
  /** What its swap sells and buys, by symbol: one that unwinds goes the other way. */
  readonly tokenIn: string
  readonly tokenOut: string
}

/** All that the invariants are checked against. */
export interface Evidence {
  readonly world: World
  readonly witness: Witness
  readonly endings: readonly Ended[]
  readonly legs: readonly Leg[]
}

/** The legs of a trade, beside what the chain has of them. */
export function legsOf(world: World, witness: Witness, { order, status: trade, history }: Ended): Leg[] {
  return trade.legs.map((status): Leg => {
    const mine = history.filter(({ legId }) => legId === status.legId)
    const hashes = new Set(mine.flatMap(({ hash }) => hash ?? []))
    const sent = [...hashes].flatMap((hash) => witness.departures.get(hash) ?? [])
    const mined = sent.flatMap(({ transaction }) => minedOf(world, transaction))
    const isBack = status.purpose === 'unwind'
    const [tokenIn, tokenOut] = isBack ? [trade.tokenOut, trade.tokenIn] : [trade.tokenIn, trade.tokenOut]
    const round = Number(/#(\d+)/.exec(status.legId)?.[1] ?? 0)
    return { name: `${trade.tradeId}/${status.legId}`, status, trade, order, sent, mined, round, tokenIn, tokenOut }
  })
}

/** Where the chain has it: nowhere, or in one block. */
export function minedOf({ ledger }: World, transaction: WireTransaction): Mined[] {
  const outcome = findMined(ledger, ledger.tip(), transaction.hash)?.outcomes.get(transaction.hash)
  return outcome === undefined ? [] : [{ transaction, outcome }]
}

/** What a leg really paid and received, by its swap's events; undefined where none succeeded. */
export function fillOf({ mined }: Leg): { readonly amountIn: bigint; readonly amountOut: bigint } | undefined {
  const success = mined.find(({ transaction, outcome }) => outcome.succeeded && !isNothing(transaction))
  const [paid, received] = success?.outcome.logs ?? []
  return paid === undefined || received === undefined
    ? undefined
    : { amountIn: BigInt(paid.data), amountOut: BigInt(received.data) }
}

/** True for a leg that fills its order, or a part of it. */
export function isFilling({ status: { kind, purpose } }: Leg): boolean {
  return kind === 'swap' && purpose === 'fill'
}

/** Things of trades, by the ids of those. */
export function byTrade<Thing>(things: readonly Thing[], tradeOf: (thing: Thing) => TradeStatus): Map<string, Thing[]> {
  const found = new Map<string, Thing[]>()
  for (const thing of things) {
    const { tradeId } = tradeOf(thing)
    const same = found.get(tradeId)
    if (same === undefined) found.set(tradeId, [thing])
    else same.push(thing)
  }
  return found
}

/** Base units of a token, by its symbol. */
export function units(amount: string | null, symbol: string): bigint {
  return unitsOf(amount, tokens.find((token) => token.symbol === symbol)?.decimals ?? 0)
}

/** Zero is no amount that anybody could order; below it somebody lost. */
export function unitsOf(amount: string | null, decimals: number): bigint {
  if (amount === null || Number(amount) === 0) return 0n
  return amount.startsWith('-')
    ? -BigInt(parseAmount(amount.slice(1), decimals))
    : BigInt(parseAmount(amount, decimals))
}
