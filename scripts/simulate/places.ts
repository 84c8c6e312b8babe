import type { Evidence, Leg } from './evidence.ts'
import { fillOf } from './evidence.ts'
import { type RouterCall, readRouterCall } from './router.ts'
import { isNothing, type WireTransaction } from './wire.ts'
import type { Departure } from './witness.ts'
import type { World } from './world.ts'

/** One call of a leg on its way to the wire: the first for its nonce, or a dearer one. */
export interface Attempt {
  /** In the order of all departures. */
  readonly turn: number
  readonly atMs: number
  /** What its gas comes to at most. */
  readonly worstWei: bigint
}

/** A nonce that calls of one leg were sent for: none, or one of them, is mined. */
export interface Place {
  readonly leg: Leg
  /** Null for an approval. */
  readonly swap: RouterCall | null
  /** At least one, oldest first. */
  readonly attempts: readonly Attempt[]
  /** When the nonce was finally used up: from then on no call can be mined any more. Infinity where it never was. */
  readonly finalAtMs: number
  /** What its swap paid and received; nothing where another transaction used the nonce, or where it failed. */
  readonly fill: { readonly amountIn: bigint; readonly amountOut: bigint } | null
  /** Gas that a call of it was really charged; what a cancellation costs is not in it. */
  readonly paidWei: bigint
}

/** All places of all legs, in the order in which they were first taken. */
export function placesOf({ world, witness, legs }: Evidence): Place[] {
  const finalAtMs = finalTimes(world)
  const turns = new Map([...witness.departures.keys()].map((hash, turn) => [hash, turn]))
  const places = legs.flatMap((leg): Place[] => {
    const calls = leg.sent.filter(({ transaction }) => !isNothing(transaction))
    const byNonce = new Map<string, Departure[]>()
    for (const call of calls) {
      const { from, nonce } = call.transaction
      byNonce.set(`${from} ${nonce}`, [...(byNonce.get(`${from} ${nonce}`) ?? []), call])
    }
    return [...byNonce.values()].flatMap((sent): Place[] => {
      const [first] = sent
      if (first === undefined) return []
      const attempts = sent.map(({ transaction, atMs }) => ({
        turn: turns.get(transaction.hash) ?? 0,
        atMs,
        worstWei: BigInt(transaction.gasLimit) * transaction.maxFee,
      }))
      const mined = leg.mined.find((one) => sent.some(({ transaction }) => transaction.hash === one.transaction.hash))
      return [
        {
          leg,
          swap: readRouterCall(first.transaction) ?? null,
          attempts: attempts.sort((a, b) => a.turn - b.turn),
          finalAtMs: finalAtMs(first.transaction),
          fill: mined?.outcome.succeeded ? (fillOf(leg) ?? null) : null,
          paidWei: mined === undefined ? 0n : BigInt(mined.outcome.gasUsed) * mined.outcome.gasPrice,
        },
      ]
    })
  })
  return places.sort((a, b) => (a.attempts[0]?.turn ?? 0) - (b.attempts[0]?.turn ?? 0))
}

/** When the block that used a nonce up was as deep as it has to be. */
function finalTimes({ ledger, plan }: World): (transaction: WireTransaction) => number {
  const times = new Map<string, number>()
  for (let block = ledger.tip(); block.parent !== null; block = block.parent) {
    const atMs = ledger.reachedAtMs(block.number + plan.confirmations - 1)
    for (const { from, nonce } of block.transactions) times.set(`${from} ${nonce}`, atMs)
  }
  return ({ from, nonce }) => times.get(`${from} ${nonce}`) ?? Number.POSITIVE_INFINITY
}
