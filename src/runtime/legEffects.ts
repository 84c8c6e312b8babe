import type { LegEffect, LegEvent } from '../../machines/legEvents.ts'
import { ExpiredError } from '../domain/errors.ts'
import { bumpFees, offerFees } from '../domain/fees.ts'
import type { Hex } from '../domain/hex.ts'
import { type LegContext, type MinedAttempt, walletOf } from '../domain/leg.ts'
import type { Attempt, Call, Fees, Receipt } from '../domain/transaction.ts'
import { broadcastLeg, isExpired } from './broadcasting.ts'
import { keyOfLeg } from './legKeys.ts'
import { mayPay } from './legLedger.ts'
import { holdLeg, priceLeg } from './offering.ts'
import { known, type Ports } from './ports.ts'
import { requote } from './requoting.ts'
import type { Effects } from './runner.ts'
import { until } from './until.ts'
import { watchPending } from './watching.ts'

/** Gas of a plain transfer: what a cancellation needs. */
const transferGas = 21_000

/** What the runner does for a leg, by the effect that its state names. Each ends in one event and may run again. */
export function legEffects(ports: Ports): Effects<LegContext, LegEffect, LegEvent> {
  const { chain, follower, dexes, signer, lanes, clock, halting, onTrouble } = ports
  const laneOf = ({ order }: LegContext) => known(lanes, walletOf(order), 'wallet')

  async function sign(context: LegContext, purpose: Attempt['purpose'], fees: Fees): Promise<Attempt> {
    const { order, offer, nonce } = context
    if (nonce === null) throw new TypeError('A leg without a nonce was to be signed.')
    // The last gate: whatever a leg has heard so far, it gets no signature for a call.
    if (purpose === 'call') halting.check()
    const wallet = walletOf(order)
    const call = purpose === 'call' ? offer?.call : nothingTo(wallet)
    if (call === undefined) throw new TypeError('A leg without an offer was to be signed.')
    const gasLimit = purpose === 'call' && offer !== null ? offer.gasLimit : transferGas
    const legacy = isLegacy(context)
    const paid = legacy ? { ...fees, maxPriorityFeePerGas: fees.maxFeePerGas } : fees
    const unsigned = { chainId: chain.chainId, nonce, gasLimit, legacy, ...call, ...feesOf(paid) }
    const signed = await signer.sign(wallet, unsigned)
    return { ...signed, ...feesOf(paid), purpose, nonce, gasLimit, ...(legacy && { legacy }) }
  }

  /** All that is signed for one nonce has the form of the first, whatever a node says of its head meanwhile. */
  function isLegacy({ attempts }: LegContext): boolean {
    const last = attempts.at(-1)
    return last === undefined ? follower.head().baseFeePerGas === null : last.legacy === true
  }

  async function replace(context: LegContext, purpose: Attempt['purpose']) {
    const { attempts, order } = context
    const ceiling = purpose === 'call' ? order.policy.maxFeePerGas : order.policy.maxCancelFeePerGas
    const last = attempts.at(-1)
    const fees = last === undefined ? offerFees(follower.market(), ceiling) : bumpFees(last, follower.market(), ceiling)
    // Beyond the ceiling, or a budget: the same bytes go out again, until it is time to cancel.
    if (fees === null || (purpose === 'call' && !mayPay(ports, context, fees)))
      return { type: 'leg.unchanged' } as const
    return { type: 'leg.signed', attempt: await sign(context, purpose, fees) } as const
  }

  function minedAttempt({ order, attempts }: LegContext, receipt: Receipt): MinedAttempt {
    const { logs, ...mined } = receipt
    const isFill = receipt.succeeded && attempts.find(({ hash }) => hash === receipt.hash)?.purpose === 'call'
    if (!isFill || order.task.kind !== 'swap') return { ...mined, fill: null }
    try {
      return { ...mined, fill: known(dexes, order.venue, 'venue').fill(order.task.swap, receipt) }
    } catch (error) {
      // That it was mined stays true, whatever its logs look like.
      onTrouble(error, `reading the fill of ${keyOfLeg(order)} from ${receipt.hash}`)
      return { ...mined, fill: null }
    }
  }

  return {
    admit: (context, signal) => {
      const admitted = laneOf(context).admit(keyOfLeg(context.order), signal)
      return admitted === undefined ? { type: 'leg.admitted' } : admitted.then(() => ({ type: 'leg.admitted' }))
    },

    quote: async ({ order }, signal) => {
      const { task, venue, quote: first } = order
      if (task.kind !== 'swap') throw new TypeError('An approval has no quote.')
      const quote = await requote(order, task.swap, ports, signal)
      // A token that takes a fee for its transfers still does; the router’s own quote knows nothing of it.
      const isTaxed = first?.route !== undefined && first.route === known(dexes, venue, 'venue').feeOnTransferRoute
      return { type: 'leg.quoted', quote: isTaxed ? { ...quote, route: first.route } : quote }
    },

    price: (context, signal) => priceLeg(context, ports, signal),

    hold: (context, signal) => holdLeg(context, ports, signal),

    reserve: (context) => ({ type: 'leg.reserved', nonce: laneOf(context).reserve(keyOfLeg(context.order)) }),

    sign: async (context) => {
      if (context.offer === null) throw new TypeError('A leg without an offer was to be signed.')
      if (isExpired(context, clock.now())) throw new ExpiredError('The offer expired before it was signed.')
      // Put back to an older record it may remember a nonce that it gave back since.
      if (!laneOf(context).owns(keyOfLeg(context.order), context.nonce ?? -1))
        throw new ExpiredError('The nonce is not this leg’s any more.')
      return { type: 'leg.signed', attempt: await sign(context, 'call', context.offer) }
    },

    release: (context) => {
      const { nonce, order } = context
      if (nonce === null) return { type: 'leg.released' }
      return { type: laneOf(context).giveBack(keyOfLeg(order), nonce) ? 'leg.released' : 'leg.holed' }
    },

    broadcast: (context, signal) => broadcastLeg(context, ports, signal),

    watch: async (context, signal) => {
      const outcome = await watchPending(ports, context, signal)
      if (outcome.type !== 'mined') return outcome.event
      const { receipt, found } = outcome
      if (found === undefined) return { type: 'leg.mined', mined: minedAttempt(context, receipt) }
      const attempts = [found, ...context.attempts]
      return { type: 'leg.mined', mined: minedAttempt({ ...context, attempts }, receipt), found }
    },

    bump: (context) => replace(context, context.attempts.at(-1)?.purpose ?? 'cancel'),

    cancel: (context) => replace(context, 'cancel'),

    confirm: ({ order, mined }, signal) =>
      new Promise((resolve) => {
        if (mined === null) throw new TypeError('A leg without a receipt was to be confirmed.')
        const callOff = follower.whenDeep(mined, order.policy.confirmations, (outcome) =>
          resolve({ type: outcome === 'deep' ? 'leg.confirmed' : 'leg.orphaned' }),
        )
        signal.addEventListener('abort', callOff)
      }),

    wait: async ({ wakeAtMs }, signal) => {
      await until(ports, wakeAtMs, signal)
      return { type: 'leg.woken' }
    },
  }
}

function nothingTo(wallet: Hex): Call {
  return { to: wallet, data: '0x', value: '0' }
}

function feesOf({ maxFeePerGas, maxPriorityFeePerGas }: Fees): Fees {
  return { maxFeePerGas, maxPriorityFeePerGas }
}
