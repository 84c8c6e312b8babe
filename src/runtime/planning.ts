import type { AllocationRequest } from '../distribution/distribution.ts'
import { type BaseUnits, baseUnits } from '../domain/amount.ts'
import { InsufficientBalanceError, LimitReachedError, NoLiquidityError } from '../domain/errors.ts'
import type { LegOrder } from '../domain/leg.ts'
import { batchOf } from '../domain/read.ts'
import type { Quote } from '../domain/swap.ts'
import type { NativePrice } from '../domain/trade.ts'
import { amountWithin, capOf, poolShareBps, soldScope } from './caps.ts'
import { checkedAllocation } from './checkedAllocation.ts'
import { grantRequest, grantsOf } from './grants.ts'
import { insist } from './insist.ts'
import { keyOfLeg } from './legKeys.ts'
import { legsOf, type Share } from './legPlan.ts'
import { dropWants } from './legUpkeep.ts'
import { balanceRequest, candidates } from './payers.ts'
import type { Portion } from './portion.ts'
import type { Ports } from './ports.ts'
import { type Fault, preflight, preflightError } from './preflight.ts'
import { readDepths, surveyorOf } from './surveying.ts'
import { until } from './until.ts'

/** What the legs of a portion are to be. */
export interface Plan {
  readonly plan: readonly LegOrder[]
  readonly unallocated: BaseUnits
  /** What the native coin was worth when it was split, in the units that quotes are in; null where that is not known. */
  readonly nativePrice: NativePrice | null
}

/**
 * Splits an order by the caller's own prices, in proportion to what each venue would give. Reads nothing, unless it is not known
 * what venues may take of the wallets' tokens, or how deep a pool is that a limit is a share of, or no wallet seems to be able to pay.
 *
 * @throws NoLiquidityError where the prices leave nothing for any venue; InsufficientBalanceError where no wallet can pay;
 * LimitReachedError where limits leave nothing.
 */
export function planByQuotes(
  ports: Ports,
  portion: Portion,
  quotes: Readonly<Record<string, Quote>>,
  signal: AbortSignal,
): Plan | Promise<Plan> {
  if (!isReady(ports, portion)) return readAndSplit(ports, portion, quotes, signal)
  try {
    return split(ports, portion, quotes, {})
  } catch (error) {
    if (!(error instanceof InsufficientBalanceError)) throw error
    // What is known of the wallets may be old: they may have been topped up since.
    return readAndSplit(ports, portion, quotes, signal)
  }
}

/** True where nothing need be read first. */
function isReady(ports: Ports, portion: Portion): boolean {
  const { tokenIn, venues } = portion
  if (isShareOfPoolLimited(ports, portion)) return false
  if (tokenIn.address === 'native') return true
  return candidates(ports, portion).every((wallet) =>
    venues.every((venue) => grantsOf(ports, venue, wallet, tokenIn).every(ports.allowances.isClear)),
  )
}

function isShareOfPoolLimited(ports: Ports, portion: Portion): boolean {
  return portion.venues.some((venue) => poolShareBps(ports, portion, venue) !== null)
}

async function readAndSplit(
  ports: Ports,
  portion: Portion,
  quotes: Readonly<Record<string, Quote>>,
  signal: AbortSignal,
): Promise<Plan> {
  const wallets = candidates(ports, portion)
  const { reads, answer } = batchOf([
    balanceRequest(ports, wallets, [portion.tokenIn.address, 'native']),
    grantRequest(ports, wallets, portion.venues, portion.tokenIn),
  ])
  return againIfBusy(ports, portion, signal, async () => {
    answer(await insist(ports, signal, () => ports.chain.read(reads)))
    const depths = isShareOfPoolLimited(ports, portion) ? await readDepths(ports, portion, signal) : {}
    return signal.aborted ? nothing(portion) : split(ports, portion, quotes, depths)
  })
}

/** Cancelled meanwhile: nobody will take the plan, so nothing may be noted for it. */
function nothing({ amount }: Portion): Plan {
  return { plan: [], unallocated: amount, nativePrice: null }
}

/**
 * A wallet may seem short because money is counted twice: taken off by a block that was just mined, and still promised to the leg
 * that took it. So where legs are live, it is looked at once more when the next head is known.
 */
async function againIfBusy(
  ports: Ports,
  portion: Portion,
  signal: AbortSignal,
  plan: () => Promise<Plan>,
): Promise<Plan> {
  try {
    return await plan()
  } catch (error) {
    const isBusy = candidates(ports, portion).some((wallet) => ports.funds.legs(wallet) > 0)
    if (!(error instanceof InsufficientBalanceError) || !isBusy || signal.aborted) throw error
  }
  await until(ports, ports.clock.now() + headPatienceMs, signal, 'head')
  return await plan()
}

/** How long a wallet that seems short waits for the next block. */
const headPatienceMs = 15_000

function split(
  ports: Ports,
  portion: Portion,
  quotes: Readonly<Record<string, Quote>>,
  depths: Readonly<Record<string, BaseUnits>>,
): Plan {
  const { order, amount: whole } = portion
  const entries = Object.entries(quotes)
  const weights = entries.map(([, { amount }]) => weightOf(portion, amount))
  const total = weights.reduce((all, weight) => all + weight, 0n)
  if (total === 0n) throw new NoLiquidityError('The given quotes are all zero.', { tradeId: order.tradeId })
  const wanted = BigInt(amountWithin(ports, portion))
  const amounts = weights.map((weight) => (wanted * weight) / total)
  // The remainder of the rounding goes to the first: the shares add up to the order.
  amounts[0] = (amounts[0] ?? 0n) + wanted - amounts.reduce((all, amount) => all + amount, 0n)
  const shares = entries.flatMap(([venue, quote], index): Share[] => {
    const depth = depths[venue] ?? null
    const cap = lesser(BigInt(capOf(ports, portion, venue, depth)), boughtMax(ports, portion, { venue, quote, depth }))
    const amount = (amounts[index] ?? 0n) < cap ? (amounts[index] ?? 0n) : cap
    if (amount === 0n) return []
    const part = baseUnits((BigInt(quote.amount) * amount) / BigInt(whole))
    return [{ venue, amount: baseUnits(amount), quote: { ...quote, amount: part } }]
  })
  if (shares.length === 0) throw limitLeft(ports, portion)
  // The caller's own price is as old as the order.
  const plan = legsOf(ports, portion, shares, { quotedAtMs: order.acceptedAtMs, preflight: false })
  const allocated = shares.reduce((all, { amount }) => all + BigInt(amount), 0n)
  return { plan, unallocated: baseUnits(BigInt(whole) - allocated), nativePrice: null }
}

/** What may be bought at the caller's price of a pool that no more than its share is paid into; all of it where nothing limits that. */
function boughtMax(
  ports: Ports,
  portion: Portion,
  { venue, quote, depth }: { readonly venue: string; readonly quote: Quote; readonly depth: BaseUnits | null },
): bigint {
  const share = poolShareBps(ports, portion, venue)
  const whole = BigInt(portion.amount)
  if (portion.side === 'sell' || share === null || depth === null) return whole
  return (whole * BigInt(depth) * share) / (BigInt(quote.amount) * 10_000n)
}

function lesser(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}

// Selling, more output is better; buying, less input is. The scale keeps the inverse an integer.
function weightOf({ side }: Portion, amount: BaseUnits): bigint {
  if (BigInt(amount) <= 0n) return 0n
  return side === 'sell' ? BigInt(amount) : 10n ** 60n / BigInt(amount)
}

/** How often a portion is split anew, where another trade took the room meanwhile or a leg of it would fail. */
const splitsMax = 4

/**
 * Has the distribution manager split a portion, within its limits, and tries the whole of it on the chain's state before any of it
 * is sent.
 *
 * @throws InsufficientBalanceError where no wallet can pay for what is sold; NoLiquidityError where no venue takes any;
 * LimitReachedError where limits leave nothing.
 */
export function planByDistribution(ports: Ports, portion: Portion, signal: AbortSignal): Promise<Plan> {
  return againIfBusy(ports, portion, signal, () => splitUntilItFits(ports, portion, signal))
}

async function splitUntilItFits(ports: Ports, portion: Portion, signal: AbortSignal): Promise<Plan> {
  const faults: Fault[] = []
  let trial = portion
  for (let splits = 1; ; splits += 1) {
    const result = await splitOnce(ports, trial, signal)
    if ('plan' in result) return { ...result, unallocated: restOf(portion, result.plan) }
    if ('limit' in result) {
      if (splits === splitsMax) throw result.limit
      trial = within(trial, result.shares, result.limit)
    } else {
      faults.push(...result.faults)
      const venues = trial.venues.filter((venue) => !faults.some((fault) => fault.venue === venue))
      if (splits === splitsMax || venues.length === 0) throw preflightError(faults)
      trial = { ...trial, venues }
    }
  }
}

/** A plan; or why legs of it would fail; or shares that a limit has no room for. */
type Split =
  | Omit<Plan, 'unallocated'>
  | { readonly faults: readonly Fault[] }
  | { readonly shares: readonly Share[]; readonly limit: LimitReachedError }

async function splitOnce(ports: Ports, portion: Portion, signal: AbortSignal): Promise<Split> {
  const { order, side, tokenIn, tokenOut, venues } = portion
  const surveyor = surveyorOf(ports, portion, signal)
  const request: AllocationRequest = {
    tradeId: order.tradeId,
    pair: order.pair,
    side,
    amount: amountWithin(ports, portion),
    tokenIn,
    tokenOut,
    venues,
    nowMs: ports.clock.now(),
    survey: surveyor.survey,
    quote: surveyor.quote,
  }
  const given = await ports.distribution.allocate(request).catch((error: unknown) => {
    throw surveyor.isLimited() ? limitLeft(ports, portion) : error
  })
  const { legs: shares } = checkedAllocation(given, request)
  const nativePrice = surveyor.nativePrice()
  if (signal.aborted) return { plan: [], nativePrice }
  let plan: readonly LegOrder[]
  try {
    plan = legsOf(ports, portion, shares, { quotedAtMs: surveyor.askedAtMs(), preflight: true })
  } catch (error) {
    if (error instanceof LimitReachedError) return { shares, limit: error }
    throw error
  }
  const tried = await preflight(ports, portion, plan, signal).catch((error: unknown) => {
    dropWants(ports, plan.map(keyOfLeg))
    throw error
  })
  if (!signal.aborted && tried.faults.length === 0) return { plan: tried.plan, nativePrice }
  dropWants(ports, plan.map(keyOfLeg))
  return signal.aborted ? { plan: [], nativePrice } : { faults: tried.faults }
}

/** Why limits leave nothing for any venue of a portion: the tightest that has an amount, else a share. */
function limitLeft(ports: Ports, portion: Portion): LimitReachedError {
  const { amount, tokenIn, venues } = portion
  const rooms = venues.map((venue) => ports.ledger.room(soldScope(portion, venue), ports.clock.now()))
  const field = rooms.find((room) => room?.amount === 0n)?.field ?? 'limits'
  return new LimitReachedError({ field, venue: null, token: tokenIn.address }, BigInt(amount), 0n)
}

/** What is left of a portion beside its legs. */
function restOf({ amount }: Portion, plan: readonly LegOrder[]): BaseUnits {
  const legs = plan.map(({ task }) => (task.kind === 'swap' ? BigInt(task.swap.amount) : 0n))
  return baseUnits(legs.reduce((rest, leg) => rest - leg, BigInt(amount)))
}

/**
 * A portion with less of what a limit has no room for: where the limit is for one venue, that venue's part. What a sale takes is
 * known beforehand, so that another trade took the room meanwhile, and the next split sees what is left. What a purchase costs
 * grows faster than its amount, and so does what a sale may lose: in proportion is little enough.
 */
function within(portion: Portion, shares: readonly Share[], error: LimitReachedError): Portion {
  const { side, bound, promised, caps, amount: whole, tokenIn } = portion
  if (side === 'sell' && error.token === tokenIn.address) return portion
  // A millionth less makes up for what rounding adds.
  const scaled = (amount: bigint): bigint => (amount * error.room * (million - 1n)) / (error.wanted * million)
  const share = shares.find(({ venue }) => venue === error.venue)
  if (share !== undefined) {
    return { ...portion, caps: { ...caps, [share.venue]: baseUnits(scaled(BigInt(share.amount))) } }
  }
  const amount = scaled(shares.reduce((sum, one) => sum + BigInt(one.amount), 0n))
  if (amount === 0n) throw error
  const total = BigInt(whole)
  // Never looser than the whole's: a least output is rounded up, a most input down.
  const part = (all: BaseUnits | null): BaseUnits | null => {
    if (all === null) return null
    return baseUnits((BigInt(all) * amount + (side === 'sell' ? total - 1n : 0n)) / total)
  }
  return { ...portion, amount: baseUnits(amount), bound: part(bound), promised: part(promised) }
}

const million = 1_000_000n
