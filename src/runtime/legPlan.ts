import type { Grant } from '../dex/erc20.ts'
import { type BaseUnits, baseUnits, maximumInput, minimumOutput } from '../domain/amount.ts'
import { MinimumFillError, SlippageError } from '../domain/errors.ts'
import type { LegOrder } from '../domain/leg.ts'
import type { Quote } from '../domain/swap.ts'
import type { FillPolicy } from '../domain/trade.ts'
import { grantsOf } from './grants.ts'
import { approvalIdOf, keyOfLeg, swapIdOf } from './legKeys.ts'
import { reservedBy } from './legLedger.ts'
import { dropWants, noteWant } from './legUpkeep.ts'
import { payerOf } from './payers.ts'
import { type Portion, swapOf } from './portion.ts'
import type { Ports } from './ports.ts'

/** A venue's part of a portion, before it becomes a leg. */
export interface Share {
  readonly venue: string
  readonly amount: BaseUnits
  readonly quote: Quote
}

/** Where shares come from. */
export interface Origin {
  /** When their quotes were asked for. */
  readonly quotedAtMs: number
  /** False where they are the caller's own. */
  readonly preflight: boolean
}

/**
 * A leg a share, each paid by the least busy wallet that can, and before it the approvals that its venue still needs. All of them
 * or none: what was noted and reserved for the first is taken back where a later one cannot be.
 *
 * @throws InsufficientBalanceError, LimitReachedError, SlippageError where a leg cannot be.
 */
export function legsOf(ports: Ports, portion: Portion, shares: readonly Share[], origin: Origin): LegOrder[] {
  checkMinimum(portion, shares)
  const parts = partsOf(portion, shares)
  const legs: LegOrder[] = []
  const approvals = new Map<string, string>()
  try {
    for (const [index, share] of shares.entries()) {
      legs.push(...legsOfShare(ports, portion, { ...share, ...parts[index] }, origin, approvals))
    }
    reserve(ports, portion, legs)
    return legs
  } catch (error) {
    const ids = shares.map(({ venue }) => swapIdOf(venue, portion.round))
    dropWants(
      ports,
      ids.map((legId) => keyOfLeg({ tradeId: portion.order.tradeId, legId })),
    )
    throw error
  }
}

/** An order that must be filled to a part at least, or as a whole, is not begun where less than that can be. */
function checkMinimum({ order, purpose, round }: Portion, shares: readonly Share[]): void {
  const leastBps = leastOf(order.fillPolicy)
  if (leastBps === 0 || purpose !== 'fill' || round > 0) return
  const taken = shares.reduce((all, share) => all + BigInt(share.amount), 0n)
  // Of the whole order: limits may have made the portion smaller.
  const least = (BigInt(order.amount) * BigInt(leastBps) + 9_999n) / 10_000n
  if (taken >= least) return
  throw new MinimumFillError('The venues and limits leave less than the order’s minimum fill. Nothing was sent.', {
    'minimum, base units': String(least),
    'possible, base units': String(taken),
  })
}

function leastOf(policy: FillPolicy): number {
  if (policy.kind === 'unwind') return 10_000
  return policy.kind === 'minimumFill' ? policy.bps : 0
}

function legsOfShare(
  ports: Ports,
  portion: Portion,
  { venue, amount, quote, bound, promised }: Share & Partial<Part>,
  { quotedAtMs, preflight }: Origin,
  approvals: Map<string, string>,
): LegOrder[] {
  const { order, purpose, round, side } = portion
  const { tradeId, acceptedAtMs, pair, policy } = order
  const limit = limitOf(portion, quote, bound ?? null)
  const wallet = payerOf(ports, portion, venue, side === 'sell' ? amount : limit)
  const common = { tradeId, acceptedAtMs, pair, venue, purpose, quotedAtMs, preflight, policy }
  const legId = swapIdOf(venue, round)
  const swap: LegOrder = {
    ...common,
    legId,
    task: { kind: 'swap', swap: swapOf(portion, wallet, amount), limit },
    quote,
    ...(promised !== undefined && { promised }),
    after: null,
  }
  noteWant(ports, { order: swap, offer: null, mined: null })
  const first = approvalsOf(
    ports,
    portion,
    { ...common, quote: null },
    grantsOf(ports, venue, wallet, portion.tokenIn),
    legId,
    approvals,
  )
  return [...first.legs, { ...swap, after: first.last }]
}

function reserve({ ledger, clock }: Ports, { purpose }: Portion, legs: readonly LegOrder[]): void {
  if (ledger.isIdle) return
  const entries = legs.flatMap((leg) => reservedBy(leg).map((entry) => ({ key: keyOfLeg(leg), entry })))
  // What is sold back was bought within the limits.
  if (purpose === 'unwind') for (const { key, entry } of entries) ledger.hold(key, entry)
  else ledger.reserve(entries, clock.now())
}

type Common = Omit<LegOrder, 'legId' | 'task' | 'after'>

/** The approvals that are missing, each behind the one before it; two venues may share some. */
function approvalsOf(
  { allowances }: Ports,
  { order }: Portion,
  common: Common,
  grants: readonly Grant[],
  swapId: string,
  approvals: Map<string, string>,
): { readonly legs: LegOrder[]; readonly last: string | null } {
  const legs: LegOrder[] = []
  const missing = grants.filter((grant) => !allowances.isEnough(grant))
  // Behind one that another leg has already: a swap waits for the last of its approvals, and so for all of them.
  let last: string | null = null
  for (const grant of missing) last = approvals.get(JSON.stringify(grant)) ?? last
  const add = (grant: Grant, amount: 'needed' | 'unlimited' | 'zero'): void => {
    const legId = approvalIdOf(swapId, legs.length)
    const task = amount === 'needed' ? grant : { ...grant, amount }
    legs.push({ ...common, legId, task: { kind: 'approval', ...task }, after: last })
    last = legId
  }
  for (const grant of missing) {
    const name = JSON.stringify(grant)
    if (approvals.has(name)) continue
    if (allowances.needsReset(grant)) add(grant, 'zero')
    add(grant, order.policy.approvals === 'unlimited' ? 'unlimited' : 'needed')
    approvals.set(name, last ?? swapId)
  }
  return { legs, last }
}

/** A share's part of what all of its portion has to come to, and of what was first promised for it. */
interface Part {
  readonly bound: BaseUnits
  readonly promised: BaseUnits
}

/**
 * Divides what a portion has to come to among its shares in proportion to their quotes: venues at one marginal price differ in their
 * average ones.
 *
 * @returns Nothing where the shares' own quotes are the first.
 * @throws SlippageError where all quotes together are beyond the bound.
 */
function partsOf({ side, amount: whole, bound, promised }: Portion, shares: readonly Share[]): Part[] {
  if (bound === null || shares.length === 0) return []
  const isSell = side === 'sell'
  const allocated = shares.reduce((all, share) => all + BigInt(share.amount), 0n)
  const quoted = shares.reduce((all, share) => all + BigInt(share.quote.amount), 0n)
  // A least output is rounded up, a most input down, so that all parts together keep the whole bound.
  const divide = (all: bigint, part: bigint, total: bigint): bigint =>
    isSell ? (all * part + total - 1n) / total : (all * part) / total
  const limit = divide(BigInt(bound), allocated, BigInt(whole))
  if (isSell ? quoted < limit : quoted > limit) {
    const facts = { quoted: String(quoted), bound: String(limit) }
    throw new SlippageError('The price moved beyond the slippage allowed from the first quote.', facts)
  }
  const first = divide(BigInt(promised ?? quoted), allocated, BigInt(whole))
  return shares.map(({ quote }) => ({
    bound: baseUnits(divide(limit, BigInt(quote.amount), quoted)),
    promised: baseUnits(divide(first, BigInt(quote.amount), quoted)),
  }))
}

/** What a leg's fill is bounded by: its own quote less the slippage allowed, and its part of the bound, whichever is tighter. */
export function limitOf({ side, order }: Portion, quote: Quote, bound: BaseUnits | null): BaseUnits {
  const { slippageBps } = order
  const own = side === 'sell' ? minimumOutput(quote.amount, slippageBps) : maximumInput(quote.amount, slippageBps)
  if (bound === null) return own
  const isOwnTighter = side === 'sell' ? BigInt(own) > BigInt(bound) : BigInt(own) < BigInt(bound)
  return isOwnTighter ? own : bound
}
