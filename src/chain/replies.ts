import type { BroadcastReply } from './chain.ts'

type Verdict = BroadcastReply['verdict']

/**
 * What a node's words about a transaction mean, first match wins. Whatever is not here is `unknown`: the node may have
 * it, so the same bytes are sent again and the hash is watched.
 */
const rows: readonly (readonly [Verdict, RegExp])[] = [
  [
    'accepted',
    /already known|known transaction|alreadyknown|already imported|ownnoncealreadyused|already in the txpool|already exists in cache/i,
  ],
  [
    'underpriced',
    /underpriced|could not replace existing tx|existing transaction had higher priority|another transaction with same nonce|replacement gas too low|feetoolow|below configured minimum|gas price below minimum|max fee per gas less than block base fee/i,
  ],
  ['nonceTooLow', /nonce too low|oldnonce|invalid transaction nonce|invalid nonce; got|pool\(stale\)/i],
  ['cannotPay', /insufficient funds|upfront cost exceeds account balance|doesn't have enough funds/i],
  [
    'never',
    /intrinsic gas too (low|high)|exceeds block gas limit|gaslimitexceeded|invalid sender|oversized data|invalid chain id for signer/i,
  ],
]

/**
 * Reads a node's error message to a broadcast.
 *
 * @example
 * readBroadcastError('already known').verdict // 'accepted'
 */
export function readBroadcastError(message: string): BroadcastReply {
  const row = rows.find(([, pattern]) => pattern.test(message))
  return { verdict: row?.[0] ?? 'unknown', message }
}

const ranks: readonly Verdict[] = ['accepted', 'unknown', 'nonceTooLow', 'underpriced', 'cannotPay', 'never']

/**
 * One verdict out of several endpoints': the most hopeful, since one node that has the transaction is enough for it to
 * be mined.
 *
 * @example
 * bestReply([{ verdict: 'never', message: '' }, { verdict: 'accepted', message: '' }]).verdict // 'accepted'
 */
export function bestReply(replies: readonly BroadcastReply[]): BroadcastReply {
  const [best] = [...replies].sort((a, b) => ranks.indexOf(a.verdict) - ranks.indexOf(b.verdict))
  return best ?? { verdict: 'unknown', message: 'No endpoint answered.' }
}
