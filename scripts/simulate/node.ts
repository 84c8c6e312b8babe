import type { Hex } from '../../src/domain/hex.ts'
import type { Dialect } from './dialects.ts'
import { type Ledger, nextBaseFee, type SimBlock } from './ledger.ts'
import { balanceOf, native, nonceOf } from './state.ts'
import type { WireTransaction } from './wire.ts'

/** One node: its own pool, and its own view of the head. */
export interface SimNode {
  readonly name: string
  readonly dialect: Dialect
  view(): SimBlock
  /** True for blocks that it ever had on its chain. */
  hasSeen(block: SimBlock): boolean
  /** A new end of the chain has reached it. It stays where it is while it lags. */
  hear(tip: SimBlock): void
  /** Until then it stays behind. */
  lag(untilMs: number): void
  /** Null where it has the transaction now; else its own words. */
  take(transaction: WireTransaction): string | null
  forget(hash: Hex): void
  pool(): readonly WireTransaction[]
  /** What comes from users is refused for good while this is set. */
  refusesSwaps: boolean
  /** Until then it has no receipts. */
  nullReceiptsUntilMs: number
  downUntilMs: number
  /** Until then its head and its counts are made up. */
  liesUntilMs: number
}

export interface NodeOptions {
  readonly name: string
  readonly dialect: Dialect
  readonly ledger: Ledger
  readonly poolMax: number
  readonly now: () => number
}

/** A node at the chain's present end. */
export function startNode({ name, dialect, ledger, poolMax, now }: NodeOptions): SimNode {
  const pool = new Map<string, WireTransaction>()
  const seen = new Set<SimBlock>()
  let view = ledger.tip()
  let lagsUntilMs = 0
  see(view)

  function see(tip: SimBlock): void {
    for (let block: SimBlock | null = tip; block !== null && !seen.has(block); block = block.parent) seen.add(block)
  }

  /** Blocks that are on the old chain and not on the new one. */
  function orphans(before: SimBlock, after: SimBlock): SimBlock[] {
    const gone: SimBlock[] = []
    let [old, young]: [SimBlock | null, SimBlock | null] = [before, after]
    while (old !== young && old !== null && young !== null) {
      if (old.number > young.number) {
        gone.push(old)
        old = old.parent
      } else if (young.number > old.number) young = young.parent
      else {
        gone.push(old)
        old = old.parent
        young = young.parent
      }
    }
    return gone
  }

  function tidy(): void {
    const baseFee = nextBaseFee(view)
    for (const [place, transaction] of pool) {
      const { from, nonce, maxFee } = transaction
      const isStale = nonce < nonceOf(view.state, from)
      if (isStale || (dialect.dropsCheap && maxFee < baseFee)) pool.delete(place)
    }
  }

  function refusal(transaction: WireTransaction): string | null {
    const { from, nonce, maxFee, gasLimit, value, data } = transaction
    const next = nonceOf(view.state, from)
    if (nonce < next) return dialect.nonceTooLow
    if (refusesHere(data)) return dialect.never
    if (balanceOf(view.state, native, from) < BigInt(gasLimit) * maxFee + value) return dialect.cannotPay
    if (dialect.belowBaseFee !== null && maxFee < nextBaseFee(view)) return dialect.belowBaseFee
    const older = pool.get(placeOf(transaction))
    if (older !== undefined) return dialect.replaces(older, transaction) ? null : dialect.underpriced
    const isBehindGap = nonce > next && !pool.has(placeOf({ from, nonce: nonce - 1 }))
    if (isBehindGap && dialect.gap !== null) return dialect.gap
    return pool.size >= poolMax && !makesPlace(from, nonce) ? dialect.full : null
  }

  /** What cannot be mined before the new one gives way to it. */
  function makesPlace(from: Hex, nonce: number): boolean {
    const later = [...pool].filter(([, other]) => other.from === from && other.nonce > nonce)
    const [last] = later.sort(([, a], [, b]) => b.nonce - a.nonce)
    return last !== undefined && pool.delete(last[0])
  }

  const refusesHere = (data: Hex): boolean => node.refusesSwaps && data.length > 138

  const node: SimNode = {
    name,
    dialect,
    view: () => view,
    hasSeen: (block) => seen.has(block),
    hear(tip) {
      if (now() < lagsUntilMs || tip.number < view.number || tip === view) return
      const gone = dialect.repools ? orphans(view, tip) : []
      view = tip
      see(tip)
      tidy()
      for (const block of gone) for (const transaction of block.transactions) node.take(transaction)
    },
    lag: (untilMs) => {
      lagsUntilMs = untilMs
    },
    take(transaction) {
      const place = placeOf(transaction)
      if (pool.get(place)?.hash === transaction.hash) return dialect.known
      const words = refusal(transaction)
      if (words === null) pool.set(place, transaction)
      return words
    },
    forget(hash) {
      for (const [place, transaction] of pool) if (transaction.hash === hash) pool.delete(place)
    },
    pool: () => [...pool.values()],
    refusesSwaps: false,
    nullReceiptsUntilMs: 0,
    downUntilMs: 0,
    liesUntilMs: 0,
  }
  return node
}

function placeOf({ from, nonce }: Pick<WireTransaction, 'from' | 'nonce'>): string {
  return `${from} ${nonce}`
}
