import type { Grant } from '../dex/erc20.ts'
import { type BaseUnits, baseUnits, maximumInput, minimumOutput } from '../domain/amount.ts'
import { MinimumFillError, SlippageError } from '../domain/errors.ts'
import type { LegOrder } from '../domain/leg.ts'
import type { Quote } from '../domain/swap.ts'
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
  const legs: LegOrder[] = []
  const approvals = new Map<string, string>()
  try {
    for (const share of shares) legs.push(...legsOfShare(ports, portion, share, origin, approvals))
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

/** An order that must be filled to a part at least is not begun where less than that can be. */
function checkMinimum({ order, purpose, round }: Portion, shares: readonly Share[]): void {
  const { fillPolicy } = order
  if (fillPolicy.kind !== 'minimumFill' || purpose !== 'fill' || round > 0) return
  const taken = shares.reduce((all, share) => all + BigInt(share.amount), 0n)
  // Of the whole order: limits may have made the portion smaller.
  const least = (BigInt(order.amount) * BigInt(fillPolicy.bps) + 9_999n) / 10_000n
  if (taken >= least) return
  throw new MinimumFillError('The venues and limits leave less than the order’s minimum fill. Nothing was sent.', {
    'minimum, base units': String(least),
    'possible, base units': String(taken),
  })
}

function legsOfShare(
  ports: Ports,
  portion: Portion,
  { venue, amount, quote }: Share,
  { quotedAtMs, preflight }: Origin,
  approvals: Map<string, string>,
): LegOrder[] {
  const { order, purpose, round, side } = portion
  const { tradeId, pair, policy } = order
  const limit = limitOf(portion, amount, quote)
  const wallet = payerOf(ports, portion, venue, side === 'sell' ? amount : limit)
  const common = { tradeId, pair, venue, purpose, quotedAtMs, preflight, policy }
  const legId = swapIdOf(venue, round)
  const swap: LegOrder = {
    ...common,
    legId,
    task: { kind: 'swap', swap: swapOf(portion, wallet, amount), limit },
    quote,
    after: null,
  }
  noteWant(ports, { order: swap, offer: null })
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
  let last: string | null = null
  const add = (grant: Grant, amount: 'needed' | 'unlimited' | 'zero'): void => {
    const legId = approvalIdOf(swapId, legs.length)
    const task = amount === 'needed' ? grant : { ...grant, amount }
    legs.push({ ...common, legId, task: { kind: 'approval', ...task }, after: last })
    last = legId
  }
  for (const grant of grants) {
    if (allowances.isEnough(grant)) continue
    const name = JSON.stringify(grant)
    const shared = approvals.get(name)
    if (shared === undefined) {
      if (allowances.needsReset(grant)) add(grant, 'zero')
      add(grant, order.policy.approvals === 'unlimited' ? 'unlimited' : 'needed')
      approvals.set(name, last ?? swapId)
    } else last = shared
  }
  return { legs, last }
}

/**
 * What a leg's fill is bounded by: its own quote less the slippage allowed, and its part of what all of the portion must come to,
 * whichever is tighter.
 *
 * @throws SlippageError where the quote itself is beyond that already.
 */
export function limitOf({ side, amount: whole, bound, order }: Portion, amount: BaseUnits, quote: Quote): BaseUnits {
  const { slippageBps } = order
  const isSell = side === 'sell'
  const own = BigInt(isSell ? minimumOutput(quote.amount, slippageBps) : maximumInput(quote.amount, slippageBps))
  if (bound === null) return baseUnits(own)
  const share = BigInt(bound) * BigInt(amount)
  // Rounded so that all parts together keep the whole bound.
  const part = isSell ? (share + BigInt(whole) - 1n) / BigInt(whole) : share / BigInt(whole)
  const quoted = BigInt(quote.amount)
  if (isSell ? quoted < part : quoted > part) {
    const facts = { quoted: quote.amount, bound: String(part) }
    throw new SlippageError('The price moved beyond the slippage allowed from the first quote.', facts)
  }
  return baseUnits(isSell ? greater(own, part) : lesser(own, part))
}

function greater(one: bigint, other: bigint): bigint {
  return one > other ? one : other
}

function lesser(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}
