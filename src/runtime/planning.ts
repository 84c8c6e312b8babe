import { allowanceRead, balanceRead } from '../dex/erc20.ts'
import type { AllocationRequest } from '../distribution/distribution.ts'
import { type BaseUnits, baseUnits, formatAmount, maximumInput, minimumOutput } from '../domain/amount.ts'
import { InsufficientBalanceError, NoLiquidityError, toFailure } from '../domain/errors.ts'
import type { LegOrder } from '../domain/leg.ts'
import type { Quote, Swap } from '../domain/swap.ts'
import type { AcceptedOrder } from '../domain/trade.ts'
import { checkedAllocation } from './checkedAllocation.ts'
import { grantOf, noteWant } from './legUpkeep.ts'
import { known, type Ports } from './ports.ts'

/** How an order is split, before it becomes legs. */
interface Share {
  readonly venue: string
  readonly amount: BaseUnits
  readonly quote: Quote
}

/** What a trade's legs are to be. */
export interface Plan {
  readonly plan: readonly LegOrder[]
  readonly unallocated: BaseUnits
}

/**
 * Splits an order by the caller's own prices, in proportion to what each venue would give. Reads nothing.
 *
 * @throws NoLiquidityError where the prices leave nothing for any venue.
 */
export function planByQuotes(ports: Ports, order: AcceptedOrder, quotes: Readonly<Record<string, Quote>>): Plan {
  const entries = Object.entries(quotes)
  const weights = entries.map(([, { amount }]) => weightOf(order, amount))
  const total = weights.reduce((all, weight) => all + weight, 0n)
  if (total === 0n) throw new NoLiquidityError('The given quotes are all zero.', { tradeId: order.tradeId })
  const whole = BigInt(order.amount)
  const amounts = weights.map((weight) => (whole * weight) / total)
  // The remainder of the rounding goes to the first: the shares add up to the order.
  amounts[0] = (amounts[0] ?? 0n) + whole - amounts.reduce((all, amount) => all + amount, 0n)
  const shares = entries.flatMap(([venue, quote], index): Share[] => {
    const amount = amounts[index] ?? 0n
    if (amount === 0n) return []
    const part = baseUnits((BigInt(quote.amount) * amount) / whole)
    return [{ venue, amount: baseUnits(amount), quote: { ...quote, amount: part } }]
  })
  return { plan: legsOf(ports, order, shares, false), unallocated: '0' }
}

// Selling, more output is better; buying, less input is. The scale keeps the inverse an integer.
function weightOf({ side }: AcceptedOrder, amount: BaseUnits): bigint {
  if (BigInt(amount) <= 0n) return 0n
  return side === 'sell' ? BigInt(amount) : 10n ** 60n / BigInt(amount)
}

/**
 * Has the distribution manager split an order. Its quotes, the wallet's balance and what venues may take are read in one
 * round trip.
 *
 * @throws InsufficientBalanceError where the wallet does not hold what is sold; NoLiquidityError where no venue takes any.
 */
export async function planByDistribution(ports: Ports, order: AcceptedOrder, signal: AbortSignal): Promise<Plan> {
  const { distribution } = ports
  const { tradeId, pair, side, amount, tokenIn, tokenOut, venues } = order
  const request: AllocationRequest = {
    tradeId,
    pair,
    side,
    amount,
    tokenIn,
    tokenOut,
    venues,
    quote: (amounts) => readQuotes(ports, order, amounts),
  }
  const { legs, unallocated } = checkedAllocation(await distribution.allocate(request), request)
  // Cancelled meanwhile: nobody will take the plan, so nothing may be noted for it.
  if (signal.aborted) return { plan: [], unallocated }
  return { plan: legsOf(ports, order, legs, true), unallocated }
}

async function readQuotes(ports: Ports, order: AcceptedOrder, amounts: readonly BaseUnits[]) {
  const { chain, dexes, allowances } = ports
  const { wallet, tokenIn, venues } = order
  const spenders = [...new Set(venues.map((venue) => known(dexes, venue, 'venue').spender))]
  const token = tokenIn.address
  const grants = token === 'native' ? [] : spenders.map((spender) => ({ wallet, token, spender }))
  const requests = venues.flatMap((venue) =>
    amounts.map((amount) => ({ venue, ...known(dexes, venue, 'venue').quoteRequest(swapOf(order, amount)) })),
  )
  const replies = await chain.read([
    balanceRead(wallet, token),
    ...grants.map(allowanceRead),
    ...requests.flatMap(({ reads }) => reads),
  ])

  const [balance, ...rest] = replies
  if (balance?.ok) checkBalance(order, BigInt(balance.value))
  grants.forEach((grant, index) => {
    const reply = rest[index]
    if (reply?.ok) allowances.note(grant, BigInt(reply.value))
  })
  let next = 1 + grants.length
  const quotes: Record<string, (Quote | string)[]> = Object.fromEntries(venues.map((venue) => [venue, []]))
  for (const { venue, reads, quote } of requests) {
    quotes[venue]?.push(quoteOrReason(() => quote(replies.slice(next, next + reads.length))))
    next += reads.length
  }
  return quotes
}

function quoteOrReason(quote: () => Quote): Quote | string {
  try {
    return quote()
  } catch (error) {
    if (error instanceof NoLiquidityError) return toFailure(error).message
    throw error
  }
}

function checkBalance({ side, amount, tokenIn, wallet }: AcceptedOrder, balance: bigint): void {
  if (side === 'buy' || balance >= BigInt(amount)) return
  throw new InsufficientBalanceError('amount is beyond what the wallet holds.', {
    field: 'amount',
    amount: `${formatAmount(amount, tokenIn.decimals)} ${tokenIn.symbol}`,
    balance: `${formatAmount(baseUnits(balance), tokenIn.decimals)} ${tokenIn.symbol}`,
    wallet,
  })
}

function swapOf({ wallet, tokenIn, tokenOut, side }: AcceptedOrder, amount: BaseUnits): Swap {
  return { wallet, tokenIn, tokenOut, side, amount }
}

/** A leg a share, and before it an approval where its venue may not yet take enough. */
function legsOf(ports: Ports, order: AcceptedOrder, shares: readonly Share[], preflight: boolean): LegOrder[] {
  const { allowances, clock } = ports
  const { tradeId, side, slippageBps, policy } = order
  const approvals = new Map<string, string>()
  return shares.flatMap(({ venue, amount, quote }) => {
    const limit = side === 'sell' ? minimumOutput(quote.amount, slippageBps) : maximumInput(quote.amount, slippageBps)
    const common = { tradeId, venue, quotedAtMs: clock.now(), preflight, policy }
    const swap: LegOrder = {
      ...common,
      legId: venue,
      task: { kind: 'swap', swap: swapOf(order, amount), limit },
      quote,
      after: null,
    }
    const grant = grantOf(ports, swap)
    if (grant === null) return [swap]
    noteWant(ports, swap)
    if (allowances.isEnough(grant)) return [swap]
    // Two venues may share a spender: one approval serves both.
    const first = approvals.get(grant.spender)
    if (first !== undefined) return [{ ...swap, after: first }]
    const legId = `${venue}:approval`
    approvals.set(grant.spender, legId)
    const approval: LegOrder = { ...common, legId, task: { kind: 'approval', ...grant }, quote: null, after: null }
    return [approval, { ...swap, after: legId }]
  })
}
