import type { SimulationReply } from '../chain/chain.ts'
import { approveCall } from '../dex/erc20.ts'
import { decodeRevert } from '../dex/reverts.ts'
import { type BaseUnits, baseUnits } from '../domain/amount.ts'
import { NoLiquidityError, WouldRevertError } from '../domain/errors.ts'
import { type LegOrder, type LegTask, walletOf } from '../domain/leg.ts'
import type { Fill } from '../domain/swap.ts'
import type { Call } from '../domain/transaction.ts'
import { amountOf } from './allowances.ts'
import { insist } from './insist.ts'
import { limitOf } from './legPlan.ts'
import type { Portion } from './portion.ts'
import { known, type Ports } from './ports.ts'

/** What trying a plan came to. */
export interface Tried {
  /** The legs, with what was found out about each. */
  readonly plan: readonly LegOrder[]
  /** Venues whose legs would fail, and why. */
  readonly failed: readonly string[]
  readonly error: unknown
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
  if (plan.length === 0) return { plan, failed: [], error: null }
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
  const { chain, follower } = ports
  const calls = trials.map((trial) => {
    const { leg } = trial
    return { from: walletOf(leg), ...callOf(ports, trial), gas: leg.policy.gasLimitMax }
  })
  const replies = await insist(ports, signal, () => chain.simulate(calls, follower.head().number))
  return trials.map(({ leg }, index) => outcomeOf(ports, leg, replies[index]))
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

function asFilled(portion: Portion, leg: LegOrder, outcome: Outcome | undefined): LegOrder {
  const { task, quote } = leg
  if (outcome?.ok !== true || outcome.fill === null || quote === null || task.kind !== 'swap') return leg
  const measured = { ...quote, amount: outcome.fill.amountOut }
  return { ...leg, quote: measured, task: { ...task, limit: limitOf(portion, task.swap.amount, measured) } }
}

function verdict(plan: readonly LegOrder[], outcomes: readonly Outcome[]): Tried {
  const faults = plan.flatMap((leg, index) => {
    const outcome = outcomes[index]
    const fault = outcome === undefined ? null : faultOf(leg.task, outcome)
    return fault === null ? [] : [{ venue: leg.venue, ...fault }]
  })
  const known = plan.map((leg, index) => {
    const outcome = outcomes[index]
    return outcome?.ok ? { ...leg, gasExpected: outcome.gas } : leg
  })
  const reasons = Object.fromEntries(faults.map(({ venue, reason }) => [venue, reason]))
  const isDry = faults.every(({ code }) => code === 'LIQUIDITY')
  const summary = 'Legs of the trade would fail.'
  const error = isDry ? new NoLiquidityError(summary, reasons) : new WouldRevertError(summary, reasons)
  return { plan: known, failed: Object.keys(reasons), error }
}

/** Why a leg must not be sent. A router's bound does not see a fee that the bought token takes: what arrives counts. */
function faultOf(task: LegTask, outcome: Outcome): { readonly code: string; readonly reason: string } | null {
  if (!outcome.ok) return outcome
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
