import { approveCall } from '../dex/erc20.ts'
import { decodeRevert } from '../dex/reverts.ts'
import { baseUnits, formatAmount } from '../domain/amount.ts'
import type { Failure } from '../domain/errors.ts'
import {
  GasLimitError,
  InsufficientAllowanceError,
  InsufficientBalanceError,
  NoLiquidityError,
  SlippageError,
  WouldRevertError,
} from '../domain/errors.ts'
import { gasLimitFor, isAffordable, isAffordableAgain, offerFees } from '../domain/fees.ts'
import { type LegContext, type LegOrder, type Offer, walletOf } from '../domain/leg.ts'
import { batchOf } from '../domain/read.ts'
import type { Swap } from '../domain/swap.ts'
import type { Call } from '../domain/transaction.ts'
import { amountOf } from './allowances.ts'
import { grantRequest, grantsOf } from './grants.ts'
import { insist } from './insist.ts'
import { moneyOf, soldMax } from './legFunds.ts'
import { keyOfLeg } from './legKeys.ts'
import { reserveGas } from './legLedger.ts'
import { balanceRequest } from './payers.ts'
import { known, type Ports } from './ports.ts'
import { until } from './until.ts'

/** What pricing a leg came to. */
export type Priced =
  | { readonly type: 'leg.priced'; readonly offer: Offer }
  | { readonly type: 'leg.unquoted' }
  | { readonly type: 'leg.dear' }

/**
 * Builds a leg's call and decides its fees, gas limit and deadline. Reads nothing where the gas limit is known already.
 *
 * @throws What stands in the way for good, or for this try, as its class says.
 */
export function priceLeg(context: LegContext, ports: Ports, signal: AbortSignal): Priced | Promise<Priced> {
  const { clock, follower } = ports
  const { policy } = context.order
  if (!hasFreshQuote(context, clock.now())) return { type: 'leg.unquoted' }
  const market = follower.market()
  if (!isAffordable(market, policy.maxFeePerGas)) return { type: 'leg.dear' }
  const deadlineMs = clock.now() + policy.timeoutMs
  const call = callOf(context, ports, policy.timeoutMs)
  const fees = offerFees(market, policy.maxFeePerGas)
  const priced = (gasLimit: number): Priced | Promise<Priced> => {
    const offer: Offer = { call, gasLimit, deadlineMs, ...fees }
    reserveGas(ports, context, offer)
    if (hasFunds(context, ports, offer)) return { type: 'leg.priced', offer }
    return checkFunds(context, ports, offer, signal)
  }
  const gasLimit = knownGasLimit(context, ports)
  return gasLimit !== null ? priced(gasLimit) : estimate(context, ports, call, signal).then(priced)
}

/** Waits while gas is too dear, or what would pay for it is promised to others, up to the leg's limit. */
export async function holdLeg(
  { holdUntilMs, order }: LegContext,
  ports: Ports,
  signal: AbortSignal,
): Promise<{ type: 'leg.affordable' } | { type: 'leg.expired'; failure: Failure }> {
  const { follower, clock } = ports
  const { maxFeePerGas } = order.policy
  const untilMs = holdUntilMs ?? clock.now()
  // Who waits for money, and not for the price, waits for a head at least: else it would be back at once.
  let isOver = isAffordableAgain(follower.market(), maxFeePerGas) && !mayLackFunds(order, ports)
  while (!isOver && clock.now() < untilMs && !signal.aborted) {
    await until(ports, untilMs, signal, 'head')
    isOver = isAffordableAgain(follower.market(), maxFeePerGas)
  }
  // At the end there is no more flapping: pricing decides.
  const isCheap = isAffordable(follower.market(), maxFeePerGas)
  return isCheap ? { type: 'leg.affordable' } : { type: 'leg.expired', failure: tooDear }
}

/** For trades that were stored before their policy said it. */
const usualQuoteAgeMs = 5_000

/** An older quote is read again before anything is built on it. */
function hasFreshQuote({ order, quote, quotedAtMs }: LegContext, nowMs: number): boolean {
  const { quoteAgeMaxMs = usualQuoteAgeMs } = order.policy
  return order.task.kind !== 'swap' || (quote !== null && nowMs - quotedAtMs <= quoteAgeMaxMs)
}

/** True where the wallet can pay for all that the offer may come to, beside all that its other live legs may take. */
function hasFunds({ order }: LegContext, { funds }: Ports, offer: Offer): boolean {
  const free = funds.free(walletOf(order), 'native', keyOfLeg(order))
  return free === undefined || free >= costMax(offer)
}

/** True where the wallet may not be able to pay for the leg beside all else, were it to take all the gas that it may. */
function mayLackFunds(order: LegOrder, { funds, follower }: Ports): boolean {
  const { gasLimitMax, maxFeePerGas } = order.policy
  const free = funds.free(walletOf(order), 'native', keyOfLeg(order))
  const needed = moneyOf(order, { ...offerFees(follower.market(), maxFeePerGas), gasLimit: gasLimitMax })
  const native = needed.reduce((sum, { token, amount }) => (token === 'native' ? sum + amount : sum), 0n)
  return free !== undefined && free < native
}

function costMax({ gasLimit, maxFeePerGas, call }: Offer): bigint {
  return BigInt(gasLimit) * BigInt(maxFeePerGas) + BigInt(call.value)
}

/** What was known may be old: asks again before a leg is held back, or fails. */
async function checkFunds(context: LegContext, ports: Ports, offer: Offer, signal: AbortSignal): Promise<Priced> {
  const wallet = walletOf(context.order)
  const { reads, answer } = balanceRequest(ports, [wallet], ['native'])
  answer(await insist(ports, signal, () => ports.chain.read(reads)))
  if (hasFunds(context, ports, offer)) return { type: 'leg.priced', offer }
  const balance = ports.funds.balance(wallet, 'native') ?? 0n
  const { holdUntilMs } = context
  const isHeldBack = holdUntilMs === null || ports.clock.now() < holdUntilMs
  if (balance >= costMax(offer) && isHeldBack) return { type: 'leg.dear' }
  throw new InsufficientBalanceError('The wallet cannot pay for the transaction beside all that it has in flight.', {
    wallet,
    'balance, wei': String(balance),
    'free, wei': String(ports.funds.free(wallet, 'native', keyOfLeg(context.order)) ?? balance),
    'value and gas, wei': String(costMax(offer)),
  })
}

/** The transaction's message. An approval covers all live legs on the same token and spender. */
function callOf({ order, quote }: LegContext, { dexes, allowances, follower, clock }: Ports, timeoutMs: number): Call {
  const { task, venue } = order
  if (task.kind === 'approval') return approveCall(task, amountOf(allowances, task, task.amount ?? 'needed'))
  if (task.kind !== 'swap' || quote === null) throw new TypeError('A leg without a quote was to be priced.')
  // The chain's clock is the one that decides on chain; it may run ahead of ours.
  const nowMs = Math.max(clock.now(), follower.head().timestampS * 1000)
  const deadlineS = Math.ceil((nowMs + timeoutMs) / 1000)
  return known(dexes, venue, 'venue').swapCall(task.swap, { quote, limit: task.limit, deadlineS })
}

/** A gas limit that takes no call to find, or null. Behind an approval that is not mined yet nothing can be estimated. */
function knownGasLimit({ order, gasLimitFloor, retries }: LegContext, { gasBook }: Ports): number | null {
  const ceiling = order.policy.gasLimitMax
  const { task, venue } = order
  const known = task.kind === 'approval' ? approvalGas : gasBook.expected(venue, pairOf(order))
  // What the pre-flight found holds for the first try: the state that it saw is older then.
  const expected = known ?? (retries === 0 ? (order.gasExpected ?? null) : null)
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
  return task.kind === 'swap' ? gasKeyOf(task.swap) : 'approval'
}

/** The same for a swap that has no leg yet. */
export function gasKeyOf({ tokenIn, tokenOut, side }: Pick<Swap, 'tokenIn' | 'tokenOut' | 'side'>): string {
  return `${tokenIn.symbol}>${tokenOut.symbol} ${side}`
}

async function estimate(context: LegContext, ports: Ports, call: Call, signal: AbortSignal): Promise<number> {
  const { order, gasLimitFloor } = context
  const reply = await insist(ports, signal, () => ports.chain.estimateGas({ from: walletOf(order), ...call }))
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
  // Most routers hide the token's own reason: whatever the wallet lacks looks like an allowance.
  if (code === 'ALLOWANCE' || code === 'BALANCE') await checkMeans(order, ports, signal)
  if (code === 'BALANCE') throw new InsufficientBalanceError('The wallet cannot pay for the swap.', facts)
  throw new WouldRevertError('The swap would revert.', facts)
}

/** Reads whether the wallet can pay for a swap and allows the venue to take it: what it lacks is not the venue's fault. */
async function checkMeans({ task, venue }: LegOrder, ports: Ports, signal: AbortSignal): Promise<void> {
  if (task.kind !== 'swap') return
  const { wallet, tokenIn } = task.swap
  const { reads, answer } = batchOf([
    balanceRequest(ports, [wallet], [tokenIn.address]),
    grantRequest(ports, [wallet], [venue], tokenIn),
  ])
  answer(await insist(ports, signal, () => ports.chain.read(reads)))
  const inWords = (amount: bigint): string => `${formatAmount(baseUnits(amount), tokenIn.decimals)} ${tokenIn.symbol}`
  const payment = soldMax(task)
  const balance = ports.funds.balance(wallet, tokenIn.address) ?? payment
  const facts = { venue, wallet, payment: inWords(payment) }
  if (balance < payment) {
    const held = { ...facts, balance: inWords(balance) }
    throw new InsufficientBalanceError('The wallet does not hold what the swap sells.', held)
  }
  const missing = grantsOf(ports, venue, wallet, tokenIn).find((grant) => !ports.allowances.isEnough(grant))
  if (missing === undefined) return
  throw new InsufficientAllowanceError('The wallet does not allow the venue to take what the swap sells.', {
    ...facts,
    spender: missing.spender,
    ...(missing.via !== undefined && { via: missing.via }),
  })
}

const tooDear: Failure = {
  code: 'GAS_PRICE_TOO_HIGH',
  message: 'The gas price stayed above maxGasPrice until the timeout. Nothing was sent.',
  retryable: false,
}
