import { multicallAddress } from '../../src/chain/multicall.ts'
import type { Hex } from '../../src/domain/hex.ts'
import { chainId } from './contracts.ts'
import { call, estimate } from './evm.ts'
import { ancestorAt, blockGasLimit, findMined, type Ledger, type SimBlock } from './ledger.ts'
import type { SimNode } from './node.ts'
import { RpcError } from './rpcFaults.ts'
import { balanceOf, native, nonceOf } from './state.ts'
import { runExecutor, simulateBlock } from './trials.ts'
import type { WireTransaction } from './wire.ts'
import { quantity } from './words.ts'

/** What one node answers to everything but a new transaction. */
export interface Answers {
  /** @throws RpcError in the node's own words. */
  answer(method: string, params: readonly unknown[]): unknown
}

export interface AnswersOptions {
  readonly node: SimNode
  readonly ledger: Ledger
  readonly now: () => number
  /** Blocks name their base fee. */
  readonly hasBaseFee: boolean
  /** Wei per gas unit. */
  readonly tip: () => bigint
  /** A receipt of a mined transaction was denied. */
  readonly onNull: (hash: Hex) => void
}

export function answersOf({ node, ledger, now, hasBaseFee, tip, onNull }: AnswersOptions): Answers {
  function at(tag: unknown): SimBlock | undefined {
    if (typeof tag !== 'string' || !tag.startsWith('0x')) return node.view()
    return ancestorAt(node.view(), Number(tag))
  }

  function known(tag: unknown): SimBlock {
    const block = at(tag)
    if (block === undefined) throw new RpcError({ code: -32_000, message: node.dialect.noState })
    return block
  }

  function hasReceipts(): boolean {
    return now() >= node.nullReceiptsUntilMs
  }

  /** With `pending`, what waits in the pool without a gap counts, too. */
  function countOf(wallet: Hex, tag: unknown): number {
    let count = nonceOf(known(tag).state, wallet)
    if (tag !== 'pending') return count
    const waiting = new Set(node.pool().flatMap(({ from, nonce }) => (from === wallet ? [nonce] : [])))
    while (waiting.has(count)) count += 1
    return count
  }

  /** How far ahead of the chain it pretends to be. */
  function madeUp(): number {
    return now() < node.liesUntilMs ? 1_000 : 0
  }

  function receiptOf(hash: Hex): unknown {
    const block = findMined(ledger, node.view(), hash)
    if (block !== undefined && hasReceipts()) return receiptIn(block, hash)
    if (findMined(ledger, ledger.tip(), hash) !== undefined) onNull(hash)
    return null
  }

  function run(request: unknown, tag: unknown, overrides: unknown): Hex {
    const { from, to, data } = request as { from: Hex; to: Hex; data: Hex }
    const block = known(tag)
    if (overrides !== undefined) return runExecutor(block, { from, data }, overrides)
    try {
      return call(block.state, { to, data })
    } catch (error) {
      throw new RpcError({ code: 3, message: `execution reverted: ${(error as Error).message}` })
    }
  }

  function gas(request: unknown): Hex {
    const { from, to, data, value = '0x0' } = request as { from: Hex; to: Hex; data: Hex; value?: Hex }
    const { state, timestampS } = node.view()
    const found = estimate(state, { from, to, data, value: BigInt(value) }, timestampS)
    if (typeof found === 'number') return quantity(found)
    throw new RpcError({ code: 3, message: `execution reverted: ${found}` })
  }

  function simulated(wish: unknown, tag: unknown): unknown {
    if (node.dialect.simulates) return simulateBlock(known(tag), wish)
    throw new RpcError({ code: -32_004, message: 'Method eth_simulateV1 is not supported' })
  }

  return {
    answer(method, [first, second, third]) {
      switch (method) {
        case 'eth_chainId':
          return quantity(chainId)
        case 'net_version':
          return String(chainId)
        case 'eth_syncing':
          return false
        case 'eth_blockNumber':
          return quantity(node.view().number + madeUp())
        case 'eth_getBlockByNumber':
          return shown(at(first), second === true)
        case 'eth_getBlockByHash': {
          const block = ledger.byHash(first as Hex)
          return shown(block !== undefined && node.hasSeen(block) ? block : undefined, second === true)
        }
        case 'eth_getBlockReceipts': {
          const block = first === undefined || String(first).length < 66 ? at(first) : ledger.byHash(first as Hex)
          if (block === undefined || !hasReceipts()) return null
          return block.transactions.map(({ hash }) => receiptIn(block, hash))
        }
        case 'eth_getTransactionReceipt':
          return receiptOf(first as Hex)
        case 'eth_getTransactionByHash':
          return transactionOf(first as Hex)
        case 'eth_getTransactionCount':
          return quantity(countOf(first as Hex, second) + madeUp())
        case 'eth_feeHistory':
          if (!hasBaseFee) throw new RpcError({ code: -32_601, message: 'the method eth_feeHistory does not exist' })
          return feeHistory(node.view(), tip())
        case 'eth_gasPrice':
          return quantity(node.view().baseFee + tip())
        case 'eth_maxPriorityFeePerGas':
          return quantity(tip())
        case 'eth_call':
          return run(first, second, third)
        case 'eth_simulateV1':
          return simulated(first, second)
        case 'eth_getBalance':
          return quantity(balanceOf(known(second).state, native, first as Hex))
        case 'eth_getCode':
          return first === multicallAddress ? '0x' : '0x6000'
        case 'eth_estimateGas':
          return gas(first)
        default:
          throw new RpcError({ code: -32_601, message: `the method ${method} does not exist` })
      }
    },
  }

  function shown(block: SimBlock | undefined, isWhole: boolean): unknown {
    const raw = blockOf(block, isWhole)
    if (hasBaseFee || raw === null) return raw
    const { baseFeePerGas, ...rest } = raw
    return rest
  }

  function transactionOf(hash: Hex): unknown {
    const block = findMined(ledger, node.view(), hash)
    const pooled = node.pool().find((one) => one.hash === hash)
    const found = block?.transactions.find((one) => one.hash === hash) ?? pooled
    return found === undefined ? null : transactionIn(block, found)
  }
}

const rawBlocks = new WeakMap<SimBlock, RawBlock>()

type RawBlock = Record<string, unknown>

function blockOf(block: SimBlock | undefined, isWhole: boolean): RawBlock | null {
  if (block === undefined) return null
  if (!isWhole) {
    const found = rawBlocks.get(block)
    if (found !== undefined) return found
  }
  const raw = {
    number: quantity(block.number),
    hash: block.hash,
    parentHash: block.parent?.hash ?? `0x${'0'.repeat(64)}`,
    timestamp: quantity(block.timestampS),
    baseFeePerGas: quantity(block.baseFee),
    gasUsed: quantity(block.gasUsed),
    gasLimit: quantity(blockGasLimit),
    transactions: block.transactions.map((one) => (isWhole ? transactionIn(block, one) : one.hash)),
  }
  if (!isWhole) rawBlocks.set(block, raw)
  return raw
}

function transactionIn(block: SimBlock | undefined, { hash, from, to, nonce, value, data }: WireTransaction): unknown {
  const place = { blockHash: block?.hash ?? null, blockNumber: block === undefined ? null : quantity(block.number) }
  return { hash, from, to, nonce: quantity(nonce), value: quantity(value), input: data, ...place }
}

function receiptIn(block: SimBlock, hash: Hex): unknown {
  const outcome = block.outcomes.get(hash)
  if (outcome === undefined) return null
  return {
    transactionHash: hash,
    blockNumber: quantity(block.number),
    blockHash: block.hash,
    status: outcome.succeeded ? '0x1' : '0x0',
    gasUsed: quantity(outcome.gasUsed),
    effectiveGasPrice: quantity(outcome.gasPrice),
    logs: outcome.logs,
  }
}

function feeHistory(view: SimBlock, tip: bigint): unknown {
  const five = [1, 2, 3, 4, 5]
  return {
    oldestBlock: quantity(Math.max(0, view.number - 4)),
    baseFeePerGas: [...five, 6].map(() => quantity(view.baseFee)),
    gasUsedRatio: five.map(() => 0.5),
    reward: five.map(() => [quantity(tip)]),
  }
}
