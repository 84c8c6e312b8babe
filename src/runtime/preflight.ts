import type { SimulatedCall, SimulationReply } from '../chain/chain.ts'
import { approveCall, balanceRead } from '../dex/erc20.ts'
import { decodeRevert } from '../dex/reverts.ts'
import { type BaseUnits, baseUnits } from '../domain/amount.ts'
import {
  type BaseError,
  GasLimitError,
  InsufficientBalanceError,
  NoLiquidityError,
  WouldRevertError,
} from '../domain/errors.ts'
import { type LegOrder, walletOf } from '../domain/leg.ts'
import type { Fill } from '../domain/swap.ts'
import type { Call } from '../domain/transaction.ts'
import { amountOf } from './allowances.ts'
import { insist } from './insist.ts'
import { limitOf } from './legPlan.ts'
import type { Portion } from './portion.ts'
import { known, type Ports } from './ports.ts'

/** Gas units that each call is tried with: more than a swap needs, so that what it does need shows. */
const trialGas = 5_000_000

/** What trying a plan came to. */
export interface Tried {
  /** The legs, with what was found out about each. */
  readonly plan: readonly LegOrder[]
  readonly faults: readonly Fault[]
}

/** Why a venue's leg would fail. */
export interface Fault {
  readonly venue: string
  readonly code: string
  readonly reason: string
}

/** A leg as it is tried: with what its swap is bound by in the trial. */
interface Trial {
  readonly leg: LegOrder
  readonly limit: BaseUnits
}

/** How one leg did: its gas and what it would fill, or why it would fail. */
type Outcome =
  | { readonly ok: true; readonly gas: number; readonly fill: Fill | null }
  | { readonly ok: false; readonly code: string; readonly reason: string }

/**
 * Tries a whole plan on the chain's state before any of it is signed: approvals and swaps in the order of their nonces, each seeing
 * what those before it did. So the gas of each is known, those behind an approval included.
 *
 * A token that takes a fee for its own transfer shows here: its leg takes the route for such tokens, and the quote that a trial of
 * it comes to.
 */
export async function preflight(
  ports: Ports,
  portion: Portion,
  plan: readonly LegOrder[],
  signal: AbortSignal,
): Promise<Tried> {
  if (plan.length === 0) return { plan, faults: [] }
  const first = await tryOut(ports, plan.map(asPlanned), signal)
  const isTaxed = plan.map((leg, index) => mayBeTaxed(ports, leg, first[index]))
  if (signal.aborted || !isTaxed.includes(true)) return verdict(plan, first)

  const rerouted = plan.map((leg, index) => (isTaxed[index] ? onTaxRoute(ports, leg) : asPlanned(leg)))
  const second = await tryOut(ports, rerouted, signal)
  const requoted = rerouted.map(({ leg }, index) => (isTaxed[index] ? asFilled(portion, leg, second[index]) : leg))
  return verdict(requoted, second)
}

function asPlanned(leg: LegOrder): Trial {
  return { leg, limit: leg.task.kind === 'swap' ? leg.task.limit : '0' }
}

async function tryOut(ports: Ports, trials: readonly Trial[], signal: AbortSignal): Promise<Outcome[]> {
  const calls = trials.map((trial) => ({ from: walletOf(trial.leg), ...callOf(ports, trial), gas: trialGas }))
  const replies = await simulate(ports, calls, signal)
  const outcomes = trials.map(({ leg }, index) => outcomeOf(ports, leg, replies[index]))
  const isBlind = replies.some((reply) => reply.ok && reply.logs === null)
  return isBlind ? await withBalances(ports, trials, calls, outcomes, signal) : outcomes
}

function simulate({ chain, follower, clock }: Ports, calls: readonly SimulatedCall[], signal: AbortSignal) {
  return insist({ chain, follower, clock }, signal, () => chain.simulate(calls, follower.head().number))
}

/** Where a node keeps its logs to itself, what a swap brings shows in the balance before and after it: of tokens, that is. */
async function withBalances(
  ports: Ports,
  trials: readonly Trial[],
  calls: readonly SimulatedCall[],
  outcomes: readonly Outcome[],
  signal: AbortSignal,
): Promise<Outcome[]> {
  const looks = trials.map(({ leg: { task } }): SimulatedCall[] => {
    if (task.kind !== 'swap') return []
    const read = balanceRead(task.swap.wallet, task.swap.tokenOut.address)
    return read.kind === 'call' ? [{ from: task.swap.wallet, to: read.to, data: read.data, value: '0' }] : []
  })
  const replies = await simulate(
    ports,
    calls.flatMap((call, index) => [...(looks[index] ?? []), call, ...(looks[index] ?? [])]),
    signal,
  )
  let next = 0
  return outcomes.map((outcome, index) => {
    const task = trials[index]?.leg.task
    const isSeen = (looks[index]?.length ?? 0) > 0
    const [before, after] = isSeen ? [replies[next], replies[next + 2]] : []
    next += isSeen ? 3 : 1
    if (!outcome.ok || task?.kind !== 'swap' || !before?.ok || !after?.ok) return outcome
    const amountOut = baseUnits(BigInt(after.value) - BigInt(before.value))
    // What it takes is bounded by the call itself.
    return { ...outcome, fill: { amountIn: task.swap.side === 'sell' ? task.swap.amount : '0', amountOut } }
  })
}

function callOf({ allowances, dexes, clock, follower }: Ports, { leg, limit }: Trial): Call {
  const { task, venue, quote, policy } = leg
  if (task.kind === 'approval') return approveCall(task, amountOf(allowances, task, task.amount ?? 'needed'))
  if (task.kind !== 'swap' || quote === null) throw new TypeError('A leg without a quote was to be tried.')
  const nowMs = Math.max(clock.now(), follower.head().timestampS * 1000)
  const deadlineS = Math.ceil((nowMs + policy.timeoutMs) / 1000)
  return known(dexes, venue, 'venue').swapCall(task.swap, { quote, limit, deadlineS })
}

function outcomeOf({ dexes }: Ports, { task, venue }: LegOrder, reply: SimulationReply | undefined): Outcome {
  if (reply === undefined) return { ok: false, code: 'UNKNOWN', reason: 'The simulation has no reply for it.' }
  const swap = task.kind === 'swap' ? task.swap : undefined
  if (!reply.ok) return { ok: false, ...decodeRevert(reply.data, reply.message, swap) }
  if (swap === undefined || reply.logs === null) return { ok: true, gas: reply.gasNeeded, fill: null }
  return { ok: true, gas: reply.gasNeeded, fill: known(dexes, venue, 'venue').fill(swap, { logs: reply.logs }) }
}

/** A sale that a pool refuses for a fee on the transfer, or that would bring less than its router believes. */
function mayBeTaxed({ dexes }: Ports, { task, venue, quote }: LegOrder, outcome: Outcome | undefined): boolean {
  if (task.kind !== 'swap' || task.swap.side !== 'sell' || outcome === undefined) return false
  const route = known(dexes, venue, 'venue').feeOnTransferRoute
  if (route === undefined || quote?.route === route) return false
  if (!outcome.ok) return outcome.code === 'FEE_ON_TRANSFER'
  return outcome.fill !== null && BigInt(outcome.fill.amountOut) < BigInt(task.limit)
}

/** The same sale for whatever it brings: what that is, is to be found out. */
function onTaxRoute({ dexes }: Ports, leg: LegOrder): Trial {
  const { feeOnTransferRoute: route } = known(dexes, leg.venue, 'venue')
  if (leg.quote === null || route === undefined) return asPlanned(leg)
  return { leg: { ...leg, quote: { ...leg.quote, route } }, limit: '1' }
}

/** In a later split the bound stays what it was: it comes from the first quotes. */
function asFilled(portion: Portion, leg: LegOrder, outcome: Outcome | undefined): LegOrder {
  const { task, quote } = leg
  if (outcome?.ok !== true || outcome.fill === null || quote === null || task.kind !== 'swap') return leg
  const measured = { ...quote, amount: outcome.fill.amountOut }
  const limit = portion.bound === null ? limitOf(portion, measured, null) : task.limit
  return { ...leg, quote: measured, task: { ...task, limit } }
}

function verdict(plan: readonly LegOrder[], outcomes: readonly Outcome[]): Tried {
  const faults: Fault[] = []
  const legs = plan.map((leg, index) => {
    const outcome = outcomes[index]
    const fault = outcome === undefined ? null : faultOf(leg, outcome)
    if (fault !== null) faults.push({ venue: leg.venue, ...fault })
    return outcome?.ok ? { ...leg, gasExpected: outcome.gas } : leg
  })
  return { plan: legs, faults }
}

/** The error that says best why legs would fail: that of all faults, where they are of one kind. */
export function preflightError(faults: readonly Fault[]): BaseError {
  const [code, ...others] = new Set(faults.map((fault) => fault.code))
  const Reason = (others.length === 0 && errorsByCode[code ?? '']) || WouldRevertError
  return new Reason(
    'Legs of the trade would fail.',
    Object.fromEntries(faults.map(({ venue, reason }) => [venue, reason])),
  )
}

type ErrorClass = new (summary: string, facts: Record<string, string>) => BaseError

const errorsByCode: Readonly<Record<string, ErrorClass>> = {
  LIQUIDITY: NoLiquidityError,
  BALANCE: InsufficientBalanceError,
  GAS_LIMIT: GasLimitError,
}

/** Why a leg must not be sent. A router's bound does not see a fee that the bought token takes: what arrives counts. */
function faultOf(
  { task, policy }: LegOrder,
  outcome: Outcome,
): { readonly code: string; readonly reason: string } | null {
  if (!outcome.ok) return outcome
  if (outcome.gas > policy.gasLimitMax) {
    const reason = `It needs ${outcome.gas} gas units, and config.gasLimit is ${policy.gasLimitMax}.`
    return { code: 'GAS_LIMIT', reason }
  }
  if (task.kind !== 'swap' || outcome.fill === null) return null
  const { amountIn, amountOut } = outcome.fill
  const [got, isMet] =
    task.swap.side === 'sell'
      ? [amountOut, BigInt(amountOut) >= BigInt(task.limit)]
      : [amountIn, BigInt(amountIn) <= BigInt(task.limit) && BigInt(amountOut) >= BigInt(task.swap.amount)]
  return isMet
    ? null
    : { code: 'SHORT', reason: `It would come to ${baseUnits(BigInt(got))} base units, beyond its bound.` }
}
