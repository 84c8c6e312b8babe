import { allowanceRead } from '../dex/erc20.ts'
import type { AllocationRequest } from '../distribution/distribution.ts'
import { type BaseUnits, baseUnits, maximumInput, minimumOutput } from '../domain/amount.ts'
import { InsufficientBalanceError, NoLiquidityError, toFailure } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import type { LegOrder } from '../domain/leg.ts'
import type { Quote, Swap } from '../domain/swap.ts'
import type { AcceptedOrder } from '../domain/trade.ts'
import { checkedAllocation } from './checkedAllocation.ts'
import { insist } from './insist.ts'
import { approvalIdOf } from './legKeys.ts'
import { dropWants, grantOf, noteWant } from './legUpkeep.ts'
import { balanceReads, candidates, checkHoldings, payerOf } from './payers.ts'
import { known, type Ports } from './ports.ts'
import { until } from './until.ts'

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
 * Splits an order by the caller's own prices, in proportion to what each venue would give. Reads nothing, unless no wallet seems
 * to be able to pay.
 *
 * @throws NoLiquidityError where the prices leave nothing for any venue; InsufficientBalanceError where no wallet can pay.
 */
export function planByQuotes(
  ports: Ports,
  order: AcceptedOrder,
  quotes: Readonly<Record<string, Quote>>,
  signal: AbortSignal,
): Plan | Promise<Plan> {
  try {
    return split(ports, order, quotes)
  } catch (error) {
    if (!(error instanceof InsufficientBalanceError)) throw error
    // What is known of the wallets may be old: they may have been topped up since.
    return readAndSplit(ports, order, quotes, signal)
  }
}

async function readAndSplit(
  ports: Ports,
  order: AcceptedOrder,
  quotes: Readonly<Record<string, Quote>>,
  signal: AbortSignal,
): Promise<Plan> {
  const { reads, note } = balanceReads(candidates(ports, order), [order.tokenIn.address, 'native'])
  return againIfBusy(ports, order, signal, async () => {
    note(ports, await insist(ports, signal, () => ports.chain.read(reads)))
    return signal.aborted ? { plan: [], unallocated: order.amount } : split(ports, order, quotes)
  })
}

/**
 * A wallet may seem short because money is counted twice: taken off by a block that was just mined, and still promised to the leg
 * that took it. So where legs are live, it is looked at once more when the next head is known.
 */
async function againIfBusy(
  ports: Ports,
  order: AcceptedOrder,
  signal: AbortSignal,
  plan: () => Promise<Plan>,
): Promise<Plan> {
  try {
    return await plan()
  } catch (error) {
    const isBusy = candidates(ports, order).some((wallet) => ports.funds.legs(wallet) > 0)
    if (!(error instanceof InsufficientBalanceError) || !isBusy || signal.aborted) throw error
  }
  await until(ports, ports.clock.now() + headPatienceMs, signal, 'head')
  return await plan()
}

/** How long a wallet that seems short waits for the next block. */
const headPatienceMs = 15_000

function split(ports: Ports, order: AcceptedOrder, quotes: Readonly<Record<string, Quote>>): Plan {
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
 * Has the distribution manager split an order. Its quotes, the wallets' balances and what venues may take are read in one
 * round trip.
 *
 * @throws InsufficientBalanceError where no wallet can pay for what is sold; NoLiquidityError where no venue takes any.
 */
export function planByDistribution(ports: Ports, order: AcceptedOrder, signal: AbortSignal): Promise<Plan> {
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
    quote: (amounts) => readQuotes(ports, order, amounts, signal),
  }
  return againIfBusy(ports, order, signal, async () => {
    const { legs, unallocated } = checkedAllocation(await distribution.allocate(request), request)
    // Cancelled meanwhile: nobody will take the plan, so nothing may be noted for it.
    if (signal.aborted) return { plan: [], unallocated }
    return { plan: legsOf(ports, order, legs, true), unallocated }
  })
}

async function readQuotes(ports: Ports, order: AcceptedOrder, amounts: readonly BaseUnits[], signal: AbortSignal) {
  const { chain, dexes, allowances } = ports
  const { tokenIn, venues } = order
  const wallets = candidates(ports, order)
  const spenders = [...new Set(venues.map((venue) => known(dexes, venue, 'venue').spender))]
  const token = tokenIn.address
  const balances = balanceReads(wallets, [token, 'native'])
  const grants =
    token === 'native' ? [] : wallets.flatMap((wallet) => spenders.map((spender) => ({ wallet, token, spender })))
  // Every wallet gets the same quote.
  const [wallet = '0x'] = wallets
  const requests = venues.flatMap((venue) =>
    amounts.map((amount) => ({ venue, ...known(dexes, venue, 'venue').quoteRequest(swapOf(order, wallet, amount)) })),
  )
  const reads = [...balances.reads, ...grants.map(allowanceRead), ...requests.flatMap((request) => request.reads)]
  const replies = await insist(ports, signal, () => chain.read(reads))

  balances.note(ports, replies)
  checkHoldings(ports, order, wallets)
  let next = balances.reads.length
  for (const grant of grants) {
    const reply = replies[next]
    if (reply?.ok) allowances.note(grant, BigInt(reply.value))
    next += 1
  }
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

function swapOf({ tokenIn, tokenOut, side }: AcceptedOrder, wallet: Hex, amount: BaseUnits): Swap {
  return { wallet, tokenIn, tokenOut, side, amount }
}

/**
 * A leg a share, each paid by the least busy wallet that can, and before it an approval where its venue may not yet take enough.
 * All of them or none: what was promised for the first is taken back where a later one cannot be paid for.
 */
function legsOf(ports: Ports, order: AcceptedOrder, shares: readonly Share[], preflight: boolean): LegOrder[] {
  try {
    return paidLegsOf(ports, order, shares, preflight)
  } catch (error) {
    dropWants(ports, order)
    throw error
  }
}

function paidLegsOf(ports: Ports, order: AcceptedOrder, shares: readonly Share[], preflight: boolean): LegOrder[] {
  const { allowances, clock } = ports
  const { tradeId, side, slippageBps, policy } = order
  const approvals = new Map<string, string>()
  return shares.flatMap(({ venue, amount, quote }) => {
    const limit = side === 'sell' ? minimumOutput(quote.amount, slippageBps) : maximumInput(quote.amount, slippageBps)
    const wallet = payerOf(ports, order, venue, side === 'sell' ? amount : limit)
    // The caller's own price is as old as the order.
    const quotedAtMs = preflight ? clock.now() : order.acceptedAtMs
    const common = { tradeId, venue, quotedAtMs, preflight, policy }
    const swap: LegOrder = {
      ...common,
      legId: venue,
      task: { kind: 'swap', swap: swapOf(order, wallet, amount), limit },
      quote,
      after: null,
    }
    noteWant(ports, { order: swap, offer: null })
    const grant = grantOf(ports, swap)
    if (grant === null) return [swap]
    if (allowances.isEnough(grant)) return [swap]
    // Two venues may share a spender: one approval serves both.
    const first = approvals.get(`${wallet} ${grant.spender}`)
    if (first !== undefined) return [{ ...swap, after: first }]
    const legId = approvalIdOf(venue)
    approvals.set(`${wallet} ${grant.spender}`, legId)
    const approval: LegOrder = { ...common, legId, task: { kind: 'approval', ...grant }, quote: null, after: null }
    return [approval, { ...swap, after: legId }]
  })
}
