/** Whose rules a transaction must pass before it gets into the pool. */
export type Rules = 'geth' | 'reth' | 'anvil'

/** What a pool knows of a transaction. Fees are in wei per gas unit. */
export interface Pooled {
  readonly hash: string
  readonly nonce: number
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
}

/** The pool as an incoming transaction finds it. */
export interface PoolView {
  /** Of the same sender and nonce. */
  readonly rival: Pooled | undefined
  /** The sender's lowest nonce that is still free. */
  readonly nonceNext: number
  /** Transactions of all senders. */
  readonly size: number
}

/** As many as geth keeps of all senders together, pending and queued. */
const gethPoolMax = 5_120 + 1_024

/**
 * What a client of that kind answers to a transaction in place of its hash, in its own words; null where it takes it.
 *
 * anvil's own rules are no rules: whatever it says is said by itself.
 *
 * @example
 * refusal('reth', { ...pooled, maxFeePerGas: 110n }, { rival: { ...pooled, maxFeePerGas: 100n }, nonceNext: 0, size: 1 })
 * // 'replacement transaction underpriced'
 */
export function refusal(rules: Rules, incoming: Pooled, { rival, nonceNext, size }: PoolView): string | null {
  if (rules === 'anvil') return null
  if (rival?.hash === incoming.hash) return 'already known'
  const floor = rules === 'geth' ? belowGethsFloor(incoming) : belowRethsFloor(incoming)
  if (floor !== null) return floor
  if (incoming.maxPriorityFeePerGas > incoming.maxFeePerGas) {
    return 'max priority fee per gas higher than max fee per gas'
  }
  if (incoming.nonce < nonceNext) return `nonce too low: next nonce ${nonceNext}, tx nonce ${incoming.nonce}`
  if (rival === undefined) return rules === 'geth' && size >= gethPoolMax ? 'txpool is full' : null
  const replaces = rules === 'geth' ? replacesInGeth : replacesInReth
  return replaces(rival, incoming) ? null : 'replacement transaction underpriced'
}

/** It wants a tip of one wei. */
function belowGethsFloor({ maxPriorityFeePerGas: tip }: Pooled): string | null {
  return tip >= 1n ? null : `transaction gas price below minimum: gas tip cap ${tip}, minimum needed 1`
}

/** It takes any tip, and no fee that no base fee can be below. */
function belowRethsFloor({ maxFeePerGas }: Pooled): string | null {
  return maxFeePerGas >= 7n ? null : 'transaction underpriced'
}

/** A tenth more on both fields, rounded down, and more at all. */
function replacesInGeth(rival: Pooled, incoming: Pooled): boolean {
  const isMore = (before: bigint, after: bigint): boolean => after > before && after >= (before * 110n) / 100n
  return (
    isMore(rival.maxFeePerGas, incoming.maxFeePerGas) &&
    isMore(rival.maxPriorityFeePerGas, incoming.maxPriorityFeePerGas)
  )
}

/** More than a tenth more; of the tips only where both pay one. */
function replacesInReth(rival: Pooled, incoming: Pooled): boolean {
  const isMore = (before: bigint, after: bigint): boolean => after > (before * 110n) / 100n
  const hasTips = rival.maxPriorityFeePerGas > 0n && incoming.maxPriorityFeePerGas > 0n
  return (
    isMore(rival.maxFeePerGas, incoming.maxFeePerGas) &&
    (!hasTips || isMore(rival.maxPriorityFeePerGas, incoming.maxPriorityFeePerGas))
  )
}
