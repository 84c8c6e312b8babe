import type { BroadcastReply } from '../chain/chain.ts'
import { type Failure, InsufficientBalanceError, toFailure, WouldRevertError } from '../domain/errors.ts'
import { type LegContext, walletOf } from '../domain/leg.ts'
import type { Attempt } from '../domain/transaction.ts'
import { keyOfLeg } from './legKeys.ts'
import { known, type Ports } from './ports.ts'
import { until } from './until.ts'

/** What handing over a leg's newest attempt came to. */
export type Sent =
  | { readonly type: 'leg.sent'; readonly reply: 'taken' | 'outbid' }
  | { readonly type: 'leg.refused'; readonly failure: Failure }

type Verdict = BroadcastReply['verdict']

/**
 * Hands the newest attempt of a leg to the nodes. Only where nothing but it was ever signed for its nonce is a refusal believed;
 * where nodes will not have a replacement, what it was to replace goes out again, in case they have dropped that.
 */
export async function broadcastLeg(context: LegContext, ports: Ports, signal: AbortSignal): Promise<Sent> {
  const { order, attempts } = context
  const newest = attempts.at(-1)
  // What the chain would refuse as too late is not sent (again): it is cancelled.
  if (newest === undefined || (newest.purpose === 'call' && isExpired(context, ports.clock.now())))
    return { type: 'leg.sent', reply: 'taken' }
  // Before it is sent: its block may come before the reply.
  ports.follower.expect(
    keyOfLeg(order),
    attempts.map(({ hash }) => hash),
  )
  const { verdict, message } = await sendPastGaps(context, newest, ports, signal)
  if (verdict === 'nonceTooLow') known(ports.lanes, walletOf(order), 'wallet').noteUsedUp(keyOfLeg(order))
  if (attempts.length === 1 && (verdict === 'cannotPay' || verdict === 'never'))
    return { type: 'leg.refused', failure: refusals[verdict](message) }
  const replaced = attempts.findLast(({ purpose, hash }) => purpose === newest.purpose && hash !== newest.hash)
  if (replaced !== undefined && refusedReplacement.includes(verdict)) await ports.chain.broadcast(replaced.raw)
  return { type: 'leg.sent', reply: wantMore.includes(verdict) ? 'outbid' : 'taken' }
}

/** True once the offer's time is over: on the chain's own clock its swap expires then. */
export function isExpired({ offer }: Pick<LegContext, 'offer'>, nowMs: number): boolean {
  return offer !== null && nowMs >= offer.deadlineMs
}

/** Heads that a transaction waits for those before it, at a node that takes none out of turn. */
const headsMax = 8

/** A node may refuse what comes before its turn: gaps are closed, and the same bytes go out again at the next heads. */
async function sendPastGaps(
  { order, nonce, offer }: LegContext,
  { raw, purpose }: Attempt,
  ports: Ports,
  signal: AbortSignal,
): Promise<BroadcastReply> {
  const { chain, clock, gaps } = ports
  const wallet = walletOf(order)
  for (let heads = 0; ; heads += 1) {
    const reply = await chain.broadcast(raw)
    if (reply.verdict !== 'nonceTooHigh' || heads === headsMax || nonce === null || signal.aborted) return reply
    const mined = await chain.minedNonce(wallet).catch(() => nonce)
    if (mined < nonce && !signal.aborted) gaps.closeGaps(wallet, mined)
    await until(ports, clock.now() + order.policy.bumpIntervalMs, signal, 'head')
    if (signal.aborted || (purpose === 'call' && isExpired({ offer }, clock.now()))) return reply
  }
}

const refusedReplacement: readonly Verdict[] = ['cannotPay', 'never', 'feeCap']

const wantMore: readonly Verdict[] = ['outbid', 'underpriced', 'belowBaseFee']

const refusals = {
  cannotPay: (message: string) =>
    toFailure(new InsufficientBalanceError('The wallet cannot pay for the gas.', { node: message })),
  never: (message: string) => toFailure(new WouldRevertError('No node takes the transaction.', { node: message })),
}
