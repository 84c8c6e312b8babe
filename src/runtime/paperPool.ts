import type { BroadcastReply } from '../chain/chain.ts'
import type { Hex } from '../domain/hex.ts'
import type { PaperTransaction } from '../domain/paper.ts'

/** A paper transaction that waits for its block, with its bytes. */
export interface Pending extends PaperTransaction {
  readonly raw: Hex
}

/** What was sent and is not in a block: by wallet and nonce, as a node keeps it. In memory: a restart sends it again. */
export interface PaperPool {
  has(hash: Hex): boolean
  /** @param nonce - The next one of the wallet. */
  add(sent: Pending, nonce: number): BroadcastReply
  /** What a block of this base fee takes: of each wallet what comes next, in the order of its nonces. Null: it has none. */
  payable(baseFeePerGas: bigint | null, nonceOf: (wallet: Hex) => number): Pending[]
  /** The wallet's nonces below this one are used up. */
  drop(wallet: Hex, below: number): void
}

/** As many as a usual node keeps. */
const transactionsMax = 4_096

/** An empty pool. */
export function paperPool(): PaperPool {
  const wallets = new Map<Hex, Map<number, Pending>>()

  function size(): number {
    return [...wallets.values()].reduce((sum, { size }) => sum + size, 0)
  }

  function* nextOf(wallet: Hex, nonce: number): Iterable<Pending> {
    const pending = wallets.get(wallet)
    for (let next = pending?.get(nonce); next !== undefined; next = pending?.get(next.transaction.nonce + 1)) yield next
  }

  return {
    has: (hash) => [...wallets.values()].some((pending) => [...pending.values()].some((one) => one.hash === hash)),

    add(sent, nonce) {
      const { wallet, hash, transaction } = sent
      if (transaction.nonce < nonce) return { verdict: 'nonceTooLow', message: 'nonce too low' }
      const pending = wallets.get(wallet) ?? new Map<number, Pending>()
      const before = pending.get(transaction.nonce)
      if (before?.hash === hash) return { verdict: 'accepted', message: 'already known' }
      if (before !== undefined && !replaces(sent, before)) {
        return { verdict: 'outbid', message: 'replacement transaction underpriced' }
      }
      if (before === undefined && size() >= transactionsMax) return { verdict: 'poolFull', message: 'txpool is full' }
      wallets.set(wallet, pending.set(transaction.nonce, sent))
      return { verdict: 'accepted', message: '' }
    },

    payable(baseFeePerGas, nonceOf) {
      const found: Pending[] = []
      for (const wallet of wallets.keys()) {
        for (const next of nextOf(wallet, nonceOf(wallet))) {
          if (baseFeePerGas !== null && BigInt(next.transaction.maxFeePerGas) < baseFeePerGas) break
          found.push(next)
        }
      }
      return found
    },

    drop(wallet, below) {
      const pending = wallets.get(wallet)
      for (const nonce of [...(pending?.keys() ?? [])]) if (nonce < below) pending?.delete(nonce)
    },
  }
}

/** Nodes ask for a tenth more of both fees. */
function replaces({ transaction: after }: Pending, { transaction: before }: Pending): boolean {
  const isMore = (one: string, other: string): boolean => BigInt(one) * 10n >= BigInt(other) * 11n
  return (
    isMore(after.maxFeePerGas, before.maxFeePerGas) && isMore(after.maxPriorityFeePerGas, before.maxPriorityFeePerGas)
  )
}
