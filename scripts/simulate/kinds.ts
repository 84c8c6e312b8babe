/** Every kind of fault, and what it is. */
export const kinds = {
  lostRequest: 'a request never arrives',
  lostReply: 'a reply never arrives',
  duplicate: 'a transaction arrives twice',
  rateLimit: 'an endpoint refuses for a while: 429',
  serverError: 'an endpoint answers 5xx, or with an error of its own',
  hang: 'a request hangs until its time-out',
  slow: 'a reply takes seconds, and others overtake it',
  endpointDown: 'one endpoint is down for a while',
  allDown: 'all endpoints are down for a while',
  lag: 'an endpoint stays behind',
  lie: 'one endpoint of three is far ahead of the chain',
  skew: 'the chain’s clock is not ours',
  nullReceipt: 'an endpoint has no receipts for a while',
  wrongText: 'a node takes a transaction and says something else',
  reorg: 'the newest blocks are replaced',
  vanish: 'a node forgets a pending transaction',
  refuse: 'all nodes refuse swaps for good, for a while',
  poor: 'the wallet cannot pay for all that it begins',
  foreign: 'another program uses the same key',
  foreignReorg: 'a reorg may drop the other program’s transaction',
  spike: 'the base fee rises above the ceiling',
  poolMove: 'strangers move the price beyond the bound',
  poolDry: 'a pool has next to nothing for a while',
  venueRefuses: 'swaps of a venue revert for a while, trials included',
  venueReverts: 'swaps of a venue revert for a while, and no trial shows it',
  emptyBlock: 'a block without transactions',
  kill: 'the process dies',
  restart: 'the process closes in good order, and starts again',
  longPause: 'minutes pass before the process is started again',
  diskFull: 'the disk refuses writes for a while',
  signerDies: 'a signing worker dies',
  signerSlow: 'a signature takes seconds',
  cancel: 'the caller cancels',
  stranger: 'a second process opens the same store',
  repeat: 'the caller submits the same order twice, and another one under the same id',
  overload: 'more orders than trades may run',
  noBaseFee: 'a chain without EIP-1559',
  backup: 'a restart finds an older backup in place of the store',
} as const

export type Kind = keyof typeof kinds

/** Counts what was done to the runtime. */
export interface Faults {
  /** Whether a kind may happen in this seed at all. */
  isOn(kind: Kind): boolean
  note(kind: Kind): void
  /** Those that happened, with how often. */
  counts(): ReadonlyMap<Kind, number>
}

/** A tally over the kinds that a seed has. */
export function tallyFaults(chosen: ReadonlySet<Kind>): Faults {
  const counts = new Map<Kind, number>()
  return {
    isOn: (kind) => chosen.has(kind),
    note: (kind) => void counts.set(kind, (counts.get(kind) ?? 0) + 1),
    counts: () => counts,
  }
}
