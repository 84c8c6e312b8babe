import type { BroadcastReply } from './chain.ts'

type Verdict = BroadcastReply['verdict']

/**
 * What a node's words about a transaction mean, first match wins: what is said of a replacement comes before what is said of
 * any transaction. Whatever is not here is `unknown`: the node may have it, so the same bytes are sent again and the hash is
 * watched.
 */
const rows: readonly (readonly [Verdict, RegExp])[] = [
  [
    'accepted',
    /already known|\bknown transaction|alreadyknown|already imported|ownnoncealreadyused|already in the (txpool|mempool|system)|already in mempool|already exists in cache/i,
  ],
  [
    'outbid',
    /replacement (transaction )?underpriced|could not replace existing tx|insufficient gas price to replace|existing transaction had higher priority|replaced by transaction with higher tip|another (transaction with|tx which has the) same nonce|replacement gas too low|replacementnotallowed|priority is too low/i,
  ],
  [
    'nonceTooHigh',
    /nonce( is)? too high|noncegap|nonce ?too ?far ?in ?(the ?)?future|exceeds next nonce|nonce out of range|too distant from current sender nonce|gapped-nonce|future transaction tries to replace pending/i,
  ],
  [
    'nonceTooLow',
    /nonce( is)? too low|oldnonce|invalid transaction nonce|invalid nonce; got|pool\(stale\)|transaction is outdated|transaction already finalized/i,
  ],
  [
    'belowBaseFee',
    /(max fee per gas|gas price) less than block base fee|maxfeepergas too low|below current base fee|too low for the next block/i,
  ],
  ['poolFull', /pool (is )?full|queue (is )?full|too many transactions in the queue|pool size constraints/i],
  ['poolFull', /account limit exceeded|in-flight transaction limit reached|identified as a spammer/i],
  [
    'underpriced',
    /underpriced|feetoolow|below (configured )?minimum|gas price( is)? too low|below chain minimum|unacceptable gas price/i,
  ],
  ['feeCap', /tx fee \(.*\) exceeds the configured cap|transaction fee cap exceeded/i],
  [
    'cannotPay',
    /insufficient ?(funds|balance)|upfront cost exceeds account balance|(doesn't|does not) have enough funds|not enough funds|would cause overdraft|insufficient_payer_balance/i,
  ],
  [
    'never',
    /intrinsic gas too (low|high)|intrinsic gas exceeds|exceeds block('s)? gas limit|gaslimitexceeded|gas limit too high|requires at least \d+ gas|floor data gas cost|invalid sender|invalid signature|oversized data|(invalid|wrong) chain ?id|transaction type not supported|negative value|gas uint64 overflow|initcode size|sender not an eoa|priority fee per gas (higher than|exceeds) max fee/i,
  ],
]

/**
 * Reads a node's error to a broadcast: its message, and what it adds to it, since some say the reason only there.
 *
 * @example
 * readBroadcastError('already known').verdict // 'accepted'
 */
export function readBroadcastError(message: string, data?: unknown): BroadcastReply {
  const added = typeof data === 'string' ? data : Object(data).message
  const text = typeof added === 'string' ? `${message}: ${added}` : message
  const row = rows.find(([, pattern]) => pattern.test(text))
  return { verdict: row?.[0] ?? 'unknown', message: text }
}

/**
 * From the most hopeful to the least. Those before `unknown` ask for nothing that is wrong where another node has the
 * transaction all the same: to look for it, to outbid it on its own nonce, to send it again. Those after it would give it up,
 * so one node that may have it outweighs them.
 */
const ranks: readonly Verdict[] = [
  'accepted',
  'nonceTooLow',
  'outbid',
  'poolFull',
  'underpriced',
  'belowBaseFee',
  'nonceTooHigh',
  'unknown',
  'feeCap',
  'cannotPay',
  'never',
]

/**
 * One verdict out of several endpoints': the most hopeful, since one node that has the transaction is enough for it to
 * be mined. So `cannotPay` and `never` come out only where every endpoint said such a thing.
 *
 * @example
 * bestReply([{ verdict: 'never', message: '' }, { verdict: 'accepted', message: '' }]).verdict // 'accepted'
 */
export function bestReply(replies: readonly BroadcastReply[]): BroadcastReply {
  const [best] = [...replies].sort((a, b) => ranks.indexOf(a.verdict) - ranks.indexOf(b.verdict))
  return best ?? { verdict: 'unknown', message: 'No endpoint answered.' }
}
