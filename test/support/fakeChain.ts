import type { Block, Chain } from '../../src/chain/chain.ts'
import { EndpointError } from '../../src/domain/errors.ts'
import type { Hex } from '../../src/domain/hex.ts'
import type { Receipt } from '../../src/domain/transaction.ts'

/** A chain in memory that keeps the port's promises: blocks with parents, receipts of what is in them, reorgs. */
export interface FakeChain extends Chain {
  /** Puts a block with these transactions on the head. */
  mine(...transactions: Hex[]): void
  /** Takes `depth` blocks off the head. */
  drop(depth: number): void
  /** Calls by name. */
  readonly calls: Map<string, number>
  isDown: boolean
  /** Receipts are not there yet, though their block is. */
  hasReceipts: boolean
}

export function fakeChain(): FakeChain {
  const calls = new Map<string, number>()
  let blocks: Block[] = []
  let made = 0

  function blockOf(transactions: Hex[]): Block {
    made += 1
    const parent = blocks.at(-1)
    return {
      number: blocks.length,
      hash: `0xb${made.toString(16)}`,
      parentHash: parent?.hash ?? '0x',
      timestampS: 1_000 + blocks.length,
      baseFeePerGas: '1000000000',
      gasUsed: '0',
      gasLimit: '30000000',
      transactions,
    }
  }

  function receiptOf(hash: Hex): Receipt | null {
    const block = blocks.find(({ transactions }) => transactions.includes(hash))
    if (block === undefined || !chain.hasReceipts) return null
    const at = { blockNumber: block.number, blockHash: block.hash }
    return { hash, ...at, succeeded: true, gasUsed: 100_000, effectiveGasPrice: '1', logs: [] }
  }

  function answer<Answer>(name: string, value: Answer): Promise<Answer> {
    calls.set(name, (calls.get(name) ?? 0) + 1)
    return chain.isDown ? Promise.reject(new EndpointError('down')) : Promise.resolve(value)
  }

  const chain: FakeChain = {
    chainId: 1,
    ready: () => Promise.resolve(),
    calls,
    isDown: false,
    hasReceipts: true,
    mine: (...transactions) => void blocks.push(blockOf(transactions)),
    drop(depth) {
      blocks = blocks.slice(0, -depth)
    },
    read: (reads) =>
      answer(
        'read',
        reads.map(() => ({ ok: false, message: 'no contract' }) as const),
      ),
    estimateGas: () => answer('estimateGas', { ok: true, gas: 100_000 } as const),
    simulate: (calls) =>
      answer(
        'simulate',
        calls.map(() => ({ ok: true, gasUsed: 100_000, gasNeeded: 100_000, value: '0x', logs: [] }) as const),
      ),
    minedNonce: () => answer('minedNonce', 0),
    nonceUser: () => answer('nonceUser', null),
    block: (at) =>
      answer(
        'block',
        (at === 'latest' ? blocks.at(-1) : blocks.find(({ number, hash }) => number === at || hash === at)) ?? null,
      ),
    blockReceipts: (block, wanted) => {
      const receipts = block.transactions.filter(wanted).map(receiptOf)
      return answer('blockReceipts', receipts.some((receipt) => receipt === null) ? null : (receipts as Receipt[]))
    },
    receipts: (hashes) => answer('receipts', hashes.map(receiptOf)),
    medianTip: () => answer('medianTip', '1' as const),
    gasPrice: () => answer('gasPrice', '1' as const),
    broadcast: () => answer('broadcast', { verdict: 'accepted', message: '' } as const),
    close: () => Promise.resolve(),
  }
  chain.mine()
  return chain
}
