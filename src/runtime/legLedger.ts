import { LimitReachedError } from '../domain/errors.ts'
import type { LegContext, LegOrder } from '../domain/leg.ts'
import type { Swap } from '../domain/swap.ts'
import type { Token } from '../domain/token.ts'
import type { Attempt, Fees } from '../domain/transaction.ts'
import type { Entry } from './ledger.ts'
import { soldMax } from './legFunds.ts'
import { keyOfLeg } from './legKeys.ts'
import type { Ports } from './ports.ts'

type LedgerPorts = Pick<Ports, 'ledger' | 'clock'>

/** What a swap may sell and lose at most: nothing for an approval. */
export function reservedBy(order: LegOrder): Entry[] {
  const { task, quote, promised } = order
  if (task.kind !== 'swap') return []
  const { swap, limit } = task
  const isSell = swap.side === 'sell'
  const first = BigInt(promised ?? quote?.amount ?? limit)
  const loss = isSell ? first - BigInt(limit) : BigInt(limit) - first
  return [
    { ...scopeOf(order), kind: 'sold', token: swap.tokenIn.address, amount: soldMax(task) },
    { ...scopeOf(order), kind: 'loss', token: otherOf(swap).address, amount: loss > 0n ? loss : 0n },
  ]
}

function scopeOf({ tradeId, acceptedAtMs = 0, venue, pair = '' }: LegOrder) {
  return { tradeId, acceptedAtMs, venue, pair }
}

/** The token that a swap's quotes are in. */
function otherOf({ side, tokenIn, tokenOut }: Swap): Token {
  return side === 'sell' ? tokenOut : tokenIn
}

/** Puts back what a live leg has reserved: it was checked when the leg was planned. */
export function holdReserved({ ledger }: Pick<Ports, 'ledger'>, context: LegContext): void {
  if (ledger.isIdle) return
  const { order, offer, attempts, gasCostWei } = context
  const key = keyOfLeg(order)
  for (const entry of reservedBy(order)) ledger.hold(key, entry)
  let most = gasMax(offer)
  for (const attempt of attempts) if (attempt.purpose === 'call' && gasMax(attempt) > most) most = gasMax(attempt)
  ledger.hold(key, gasEntry(order, BigInt(gasCostWei) + most))
}

/**
 * Reserves what the gas of an offer may come to, on top of what the leg has paid already: of all that is signed for one nonce the
 * dearest may be what mines. Cancellations are not reserved for, since a nonce has to be closed; what they cost counts once it is
 * paid.
 *
 * @throws LimitReachedError
 */
export function reserveGas(
  { ledger, clock }: LedgerPorts,
  { order, gasCostWei }: LegContext,
  offer: LegContext['offer'],
): void {
  if (ledger.isIdle) return
  ledger.reserve([{ key: keyOfLeg(order), entry: gasEntry(order, BigInt(gasCostWei) + gasMax(offer)) }], clock.now())
}

/** The same for a dearer attempt; false where a budget has no room for it. */
export function mayPay(ports: LedgerPorts, context: LegContext, fees: Fees): boolean {
  const { offer } = context
  try {
    reserveGas(ports, context, offer === null ? null : { ...offer, ...fees })
    return true
  } catch (error) {
    if (error instanceof LimitReachedError) return false
    throw error
  }
}

/** Keeps the ledger in step with a leg: what it had reserved is spent, or free again, once it has ended. */
export function noteLedger({ ledger, clock }: LedgerPorts, to: string, { order, fill, gasCostWei }: LegContext): void {
  if (ledger.isIdle || (to !== 'done' && to !== 'failed')) return
  const [key, nowMs] = [keyOfLeg(order), clock.now()]
  // A swap whose fill could not be read took all that it might.
  const sold = fill === null ? (to === 'done' ? ledger.reserved(key, 'sold') : 0n) : BigInt(fill.amountIn)
  ledger.settle(key, 'gas', BigInt(gasCostWei), nowMs)
  ledger.settle(key, 'sold', sold, nowMs)
  ledger.settle(key, 'loss', lossOf(order, fill), nowMs)
}

/** What a fill fell short of what was first quoted for as much, in the units of the quote; 0 where it did not. */
function lossOf({ task, quote, promised }: LegOrder, fill: LegContext['fill']): bigint {
  if (task.kind !== 'swap' || fill === null || quote === null) return 0n
  const first = BigInt(promised ?? quote.amount)
  const loss = task.swap.side === 'sell' ? first - BigInt(fill.amountOut) : BigInt(fill.amountIn) - first
  return loss > 0n ? loss : 0n
}

function gasEntry(order: LegOrder, amount: bigint): Entry {
  return { ...scopeOf(order), kind: 'gas', token: 'native', amount }
}

function gasMax(offer: Pick<Attempt, 'gasLimit' | 'maxFeePerGas'> | null): bigint {
  return offer === null ? 0n : BigInt(offer.gasLimit) * BigInt(offer.maxFeePerGas)
}
