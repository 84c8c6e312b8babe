import type { LegEvent } from '../../machines/legEvents.ts'
import { NonceUnprovenError } from '../domain/errors.ts'
import type { LegContext } from '../domain/leg.ts'
import { walletOf } from '../domain/leg.ts'
import type { Receipt } from '../domain/transaction.ts'
import { known, type Ports } from './ports.ts'

/** What watching a pending nonce came to. */
export type Watched =
  | { readonly type: 'mined'; readonly receipt: Receipt }
  | { readonly type: 'event'; readonly event: { type: 'leg.overdue' } | Displaced }

type Displaced = Omit<Extract<LegEvent, { type: 'leg.displaced' }>, 'atMs'>

/**
 * Resolves at `atMs`, at the next head where `head` is given, or when `signal` aborts.
 *
 * @example
 * await until(ports, Date.now() + 1_000, signal)
 */
export function until({ clock, follower }: Ports, atMs: number, signal: AbortSignal, head?: 'head'): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      callOffTime()
      callOffHead()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const callOffTime = clock.at(atMs, end)
    const callOffHead = head === undefined ? () => {} : follower.onHead(end)
    signal.addEventListener('abort', end)
  })
}

/**
 * Watches every hash of a leg's nonce: resolves with the first receipt, or when it is time to look closer and nothing
 * was found.
 *
 * Looking closer asks for the receipts by hash, in case their block was missed, and then for who else used the nonce. Only
 * a transaction found in a block at depth proves that it was somebody else; anything missing proves nothing.
 */
export function watchPending(ports: Ports, context: LegContext, signal: AbortSignal): Promise<Watched> {
  const { follower, clock } = ports
  const hashes = context.attempts.map(({ hash }) => hash)
  follower.expect(`${context.order.tradeId}/${context.order.legId}`, hashes)
  return new Promise((resolve) => {
    const end = (): void => {
      callOffTime()
      callOffMined()
      signal.removeEventListener('abort', end)
    }
    let callOffMined = (): void => {}
    // Before `whenMined`, which calls back at once where the receipt is known already.
    const callOffTime = clock.at(context.checkAtMs, () => {
      void lookCloser(ports, context).then((event) => {
        end()
        resolve({ type: 'event', event })
      })
    })
    signal.addEventListener('abort', end)
    callOffMined = follower.whenMined(hashes, (receipt) => {
      end()
      resolve({ type: 'mined', receipt })
    })
  })
}

async function lookCloser(ports: Ports, context: LegContext): Promise<{ type: 'leg.overdue' } | Displaced> {
  const { chain, follower, lanes, onTrouble } = ports
  const { order, nonce, attempts } = context
  const what = `looking for the transaction of ${order.tradeId}/${order.legId}`
  try {
    await follower.lookUp(attempts.map(({ hash }) => hash))
    if (nonce === null) return { type: 'leg.overdue' }
    const wallet = walletOf(order)
    const to = follower.head().number - order.policy.confirmations + 1
    if (to < 0 || (await chain.minedNonce(wallet, to)) <= nonce) return { type: 'leg.overdue' }
    const user = await chain.nonceUser(wallet, nonce, { from: Math.max(0, to - searchBlocks), to })
    if (user === null)
      onTrouble(new NonceUnprovenError('The nonce is used up, and nobody shows by what.', { nonce }), what)
    if (user === null || attempts.some(({ hash }) => hash === user)) return { type: 'leg.overdue' }
    await known(lanes, wallet, 'wallet').resync()
    const message = `Another program used the nonce of this leg.\n  nonce: ${nonce}\n  transaction: ${user}`
    return { type: 'leg.displaced', failure: { code: 'NONCE_TAKEN', message, retryable: true } }
  } catch (error) {
    onTrouble(error, what)
    return { type: 'leg.overdue' }
  }
}

/** Where a foreign transaction is looked for first: nodes keep the state of at least so many blocks. */
const searchBlocks = 120
