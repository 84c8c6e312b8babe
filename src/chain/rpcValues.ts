import { type BaseUnits, baseUnits } from '../domain/amount.ts'
import { type Hex, lowerHex } from '../domain/hex.ts'
import type { Read, ReadReply } from '../domain/read.ts'
import type { Log, Receipt } from '../domain/transaction.ts'
import type { Block } from './chain.ts'
import { addedWords, isStateMissing, RpcError } from './rpcFaults.ts'

// What JSON-RPC writes and we read, and the other way round. What makes no sense is a TypeError here, and a fault of the
// endpoint where it is asked.

/**
 * A number as JSON-RPC writes it.
 *
 * @example
 * quantity('255') // '0xff'
 */
export function quantity(value: BaseUnits | number): Hex {
  return `0x${BigInt(value).toString(16)}`
}

/**
 * A number that JSON-RPC wrote, where it fits into one.
 *
 * @throws TypeError where it is none.
 *
 * @example
 * count('0xff') // 255
 */
export function count(raw: unknown): number {
  if (typeof raw !== 'string' || !/^0x[0-9a-f]{1,13}$/i.test(raw)) throw new TypeError('Not a number of JSON-RPC.')
  return Number(raw)
}

/**
 * An amount that JSON-RPC wrote, in base units.
 *
 * @throws TypeError where it is none.
 *
 * @example
 * amount('0xff') // '255'
 */
export function amount(raw: unknown): BaseUnits {
  if (typeof raw !== 'string' || !/^0x[0-9a-f]{1,64}$/i.test(raw)) throw new TypeError('Not an amount of JSON-RPC.')
  return baseUnits(BigInt(raw))
}

interface RawBlock {
  readonly number: Hex
  readonly hash: Hex
  readonly parentHash: Hex
  readonly timestamp: Hex
  readonly baseFeePerGas?: Hex | null
  readonly gasUsed: Hex
  readonly gasLimit: Hex
  readonly transactions: Hex[]
}

/**
 * A block's header, with the hashes of what it holds.
 *
 * @param at - What was asked for: another block is none.
 * @throws TypeError where it is no block, or another one.
 *
 * @example
 * parseBlock(await endpoint.request('eth_getBlockByNumber', ['latest', false]), 'latest').number // 19000000
 */
export function parseBlock(value: unknown, at: 'latest' | number | Hex): Block {
  const raw = value as RawBlock
  const number = count(raw.number)
  if (typeof raw.hash !== 'string' || !Array.isArray(raw.transactions)) throw new TypeError('Not a block.')
  if (at !== 'latest' && at !== number && at !== raw.hash) throw new TypeError('Another block than was asked for.')
  return {
    number,
    hash: raw.hash,
    parentHash: raw.parentHash,
    timestampS: count(raw.timestamp),
    baseFeePerGas: raw.baseFeePerGas === undefined || raw.baseFeePerGas === null ? null : amount(raw.baseFeePerGas),
    gasUsed: amount(raw.gasUsed),
    gasLimit: amount(raw.gasLimit),
    transactions: raw.transactions,
  }
}

interface RawReceipt {
  readonly transactionHash: Hex
  readonly blockNumber: Hex
  readonly blockHash: Hex
  readonly status: Hex
  readonly gasUsed: Hex
  readonly effectiveGasPrice: Hex
  readonly logs: readonly Log[]
}

/**
 * One transaction's receipt.
 *
 * @throws TypeError where it is none.
 *
 * @example
 * parseReceipt(await endpoint.request('eth_getTransactionReceipt', ['0x1b2c…'])).succeeded // true
 */
export function parseReceipt(value: unknown): Receipt {
  const raw = value as RawReceipt
  return {
    hash: raw.transactionHash,
    blockNumber: count(raw.blockNumber),
    blockHash: raw.blockHash,
    succeeded: count(raw.status) === 1,
    gasUsed: count(raw.gasUsed),
    effectiveGasPrice: amount(raw.effectiveGasPrice),
    logs: raw.logs.map(parseLog),
  }
}

/**
 * One event of a transaction, without its place in the chain.
 *
 * @example
 * parseLog(receipt.logs[0]).address // '0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2'
 */
export function parseLog({ address, topics, data }: Log): Log {
  return { address: lowerHex(address), topics, data }
}

/**
 * The block whose state is meant, as JSON-RPC names it.
 *
 * @example
 * blockTag(undefined) // 'latest'
 */
export function blockTag(at: number | undefined): Hex | 'latest' {
  return at === undefined ? 'latest' : quantity(at)
}

/**
 * One thing to be read, as a request.
 *
 * @example
 * readRequest({ kind: 'code', address: '0x…' }, 'latest') // ['eth_getCode', ['0x…', 'latest']]
 */
export function readRequest(read: Read, tag: Hex | 'latest'): [method: string, params: readonly unknown[]] {
  switch (read.kind) {
    case 'balance':
      return ['eth_getBalance', [read.address, tag]]
    case 'code':
      return ['eth_getCode', [read.address, tag]]
    case 'call': {
      const { to, data, from, value } = read
      return ['eth_call', [{ to, data, from, value: value === undefined ? undefined : quantity(value) }, tag]]
    }
  }
}

/**
 * What a contract says in place of a value. A contract's refusal is an answer; a node's own trouble is not, and another
 * endpoint may do better.
 *
 * @throws The error itself, where it is no refusal.
 *
 * @example
 * refusal(new RpcError({ code: 3, message: 'execution reverted' })) // { ok: false, message: 'execution reverted' }
 */
export function refusal(error: unknown): Extract<ReadReply, { ok: false }> {
  if (!(error instanceof RpcError) || isStateMissing(error)) throw error
  const data = revertData(error.data)
  const message = refusalWords(error)
  const isRefusal = error.rpcCode === 3 || (data !== undefined && data !== '0x') || refusals.test(message)
  if (!isRefusal) throw error
  return data === undefined ? { ok: false, message } : { ok: false, message, data }
}

const refusals =
  /revert|out of gas|invalid opcode|bad instruction|stack ?(under|over)flow|stack limit|insufficient (funds|balance)|gas required exceeds|invalid jump/i

/** The node's message; what it adds as well, where only that says what the contract did. */
function refusalWords(error: RpcError): string {
  const { message } = error
  const added = addedWords(error)
  if (added === '' || refusals.test(message)) return message
  // Nethermind writes `revert` or `revert: …`; `Reverted 0x…`, as OpenEthereum too, has the contract's own text within.
  const [isRevert, , text = ''] = /^revert(ed)?\b:?\s*(.*)$/is.exec(added) ?? []
  if (isRevert === undefined) return `${message}: ${added}`
  return text === '' || text.startsWith('0x') ? 'execution reverted' : `execution reverted: ${text}`
}

/**
 * What a contract returned with a revert, wherever its node puts that; undefined where it does not say.
 *
 * @example
 * revertData({ message: 'reverted', data: '0x08c379a0…' }) // '0x08c379a0…'
 */
export function revertData(data: unknown): Hex | undefined {
  if (typeof data === 'string') return /^(?:reverted )?(0x.*)$/i.exec(data)?.[1] as Hex | undefined
  if (typeof data === 'object' && data !== null && 'data' in data) return revertData(data.data)
  return undefined
}
