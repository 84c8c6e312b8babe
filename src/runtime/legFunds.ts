import { type LegContext, type LegOrder, type LegTask, walletOf } from '../domain/leg.ts'
import type { Fees } from '../domain/transaction.ts'
import type { Money } from './funds.ts'
import { keyOfLeg } from './legKeys.ts'
import type { Ports } from './ports.ts'
import type { Step } from './runner.ts'

/** What a leg may still take from its wallet: what it sells, and all the gas that it offers to pay for. */
export function moneyOf(order: LegOrder, offer: (Fees & { readonly gasLimit: number }) | null): Money[] {
  const { task } = order
  const money: Money[] = []
  if (task.kind === 'swap') money.push({ token: task.swap.tokenIn.address, amount: soldMax(task) })
  if (offer !== null) money.push({ token: 'native', amount: BigInt(offer.gasLimit) * BigInt(offer.maxFeePerGas) })
  return money
}

/** The most that a swap sells, in base units of its `tokenIn`. */
export function soldMax({ swap, limit }: Extract<LegTask, { readonly kind: 'swap' }>): bigint {
  return BigInt(swap.side === 'sell' ? swap.amount : limit)
}

/** Keeps the book of funds in step with a leg: promised while it is open, spent once it is in a block. */
export function noteFunds(
  { funds }: Pick<Ports, 'funds'>,
  { from, to }: Pick<Step, 'from' | 'to'>,
  leg: LegContext,
): void {
  const { order, offer, mined } = leg
  const key = keyOfLeg(order)
  const wallet = walletOf(order)
  if (to === 'done' || to === 'failed') funds.release(key)
  else if (to === 'confirming') {
    funds.release(key)
    if (from !== null && mined !== null) funds.spend(wallet, spentOn(leg))
  } else if (from === 'confirming' && to.startsWith('submitted')) {
    // Out of its block again: what is on the chain now is not known.
    funds.forget(wallet)
    funds.promise(key, wallet, moneyOf(order, offer))
  } else if (to === 'preparing.reserving' || to === 'retrying') {
    funds.promise(key, wallet, moneyOf(order, offer))
  }
}

function spentOn({ order, mined }: LegContext): Money[] {
  if (mined === null) return []
  const money: Money[] = [{ token: 'native', amount: BigInt(mined.gasUsed) * BigInt(mined.effectiveGasPrice) }]
  if (order.task.kind !== 'swap' || mined.fill === null) return money
  const { tokenIn, tokenOut } = order.task.swap
  money.push({ token: tokenIn.address, amount: BigInt(mined.fill.amountIn) })
  money.push({ token: tokenOut.address, amount: -BigInt(mined.fill.amountOut) })
  return money
}
