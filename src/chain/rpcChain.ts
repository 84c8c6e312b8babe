import { type BaseUnits, baseUnits } from '../domain/amount.ts'
import { EndpointError, WrongChainError } from '../domain/errors.ts'
import { type Hex, lowerHex } from '../domain/hex.ts'
import type { Read, ReadReply } from '../domain/read.ts'
import type { Receipt } from '../domain/transaction.ts'
import type { Block, BroadcastReply, Chain } from './chain.ts'
import { findNonceUser } from './nonceSearch.ts'
import { bestReply, readBroadcastError } from './replies.ts'
import { openRpcEndpoint, type RpcEndpoint, RpcError } from './rpcEndpoint.ts'

export interface RpcChainOptions {
  readonly chainId: number
  readonly rpcUrls: readonly string[]
  readonly requestTimeoutMs: number
}

/**
 * One EVM chain over one or more JSON-RPC endpoints. Reads go to the endpoint that answered last, then to the others in
 * turn; transactions go to all.
 *
 * @throws EndpointError where no endpoint answers; WrongChainError where one serves another chain.
 *
 * @example
 * const chain = await openRpcChain({ chainId: 1, rpcUrls: ['http://127.0.0.1:8545'], requestTimeoutMs: 10_000 })
 */
export async function openRpcChain(
  { chainId, rpcUrls, requestTimeoutMs }: RpcChainOptions,
  openEndpoint: (options: { url: string; requestTimeoutMs: number }) => RpcEndpoint = openRpcEndpoint,
): Promise<Chain> {
  const endpoints = rpcUrls.map((url) => openEndpoint({ url, requestTimeoutMs }))
  try {
    await checkChainIds(endpoints, chainId)
  } catch (error) {
    await Promise.all(endpoints.map((endpoint) => endpoint.close()))
    throw error
  }
  return rpcChain(endpoints, chainId)
}

async function checkChainIds(endpoints: readonly RpcEndpoint[], chainId: number): Promise<void> {
  const replies = await Promise.allSettled(endpoints.map((endpoint) => endpoint.request('eth_chainId', [])))
  for (const [index, reply] of replies.entries()) {
    if (reply.status === 'fulfilled' && Number(reply.value) !== chainId) {
      const served = Number(reply.value)
      throw new WrongChainError('An endpoint serves another chain than chain.chainId.', {
        field: `chain.rpcUrls[${index}]`,
        served,
        'chain.chainId': chainId,
      })
    }
  }
  if (replies.some(({ status }) => status === 'fulfilled')) return
  const reasons = replies.map((reply) => (reply.status === 'rejected' ? String(reply.reason?.message) : ''))
  throw new EndpointError('No endpoint of chain.rpcUrls answers.', { endpoints: reasons.join('; ') })
}

function rpcChain(endpoints: readonly RpcEndpoint[], chainId: number): Chain {
  let preferred = 0
  let blockReceiptsMissing = false

  /** Puts all requests to one endpoint, and to the next where that one fails. */
  async function ask<Answer>(put: (endpoint: RpcEndpoint) => Promise<Answer>): Promise<Answer> {
    let lost: unknown
    for (let turn = 0; turn < endpoints.length; turn += 1) {
      const index = (preferred + turn) % endpoints.length
      const endpoint = endpoints[index]
      if (endpoint === undefined) break
      try {
        const answer = await put(endpoint)
        preferred = index
        return answer
      } catch (error) {
        if (error instanceof RpcError && missingMethod.includes(error.rpcCode)) throw error
        lost = error
      }
    }
    throw lost instanceof EndpointError ? lost : new EndpointError('Every endpoint failed.', {}, lost)
  }

  const one = <Answer>(method: string, params: readonly unknown[]): Promise<Answer> =>
    ask((endpoint) => endpoint.request(method, params) as Promise<Answer>)

  return {
    chainId,

    read: (reads) =>
      reads.length === 0
        ? Promise.resolve([])
        : ask((endpoint) => Promise.all(reads.map((read) => answer(endpoint, read)))),

    estimateGas: (call) =>
      ask(async (endpoint) => {
        try {
          const request = { from: call.from, to: call.to, data: call.data, value: quantity(call.value) }
          return { ok: true, gas: Number(await endpoint.request('eth_estimateGas', [request])) } as const
        } catch (error) {
          return refusal(error)
        }
      }),

    minedNonce: async (wallet, at) =>
      Number(await one('eth_getTransactionCount', [wallet, at === undefined ? 'latest' : quantity(at)])),

    nonceUser: (wallet, nonce, blocks) => ask((endpoint) => findNonceUser(endpoint, { wallet, nonce, ...blocks })),

    async block(at) {
      const raw =
        typeof at === 'string' && at !== 'latest'
          ? await one<RawBlock | null>('eth_getBlockByHash', [at, false])
          : await one<RawBlock | null>('eth_getBlockByNumber', [at === 'latest' ? at : quantity(at as number), false])
      return raw === null ? null : parseBlock(raw)
    },

    async blockReceipts(block, wanted) {
      if (!blockReceiptsMissing) {
        try {
          const raws = await one<RawReceipt[] | null>('eth_getBlockReceipts', [quantity(block.number)])
          if (raws === null || raws.some(({ blockHash }) => blockHash !== block.hash)) return null
          return raws.filter(({ transactionHash }) => wanted(transactionHash)).map(parseReceipt)
        } catch (error) {
          // By hash it may still work. A node that says that it has no such method is not asked again.
          blockReceiptsMissing = error instanceof RpcError && missingMethod.includes(error.rpcCode)
        }
      }
      const found = await this.receipts(block.transactions.filter(wanted))
      return found.every((receipt): receipt is Receipt => receipt?.blockHash === block.hash) ? found : null
    },

    receipts: (hashes) =>
      ask((endpoint) =>
        Promise.all(
          hashes.map(async (hash) => {
            const raw = (await endpoint.request('eth_getTransactionReceipt', [hash])) as RawReceipt | null
            return raw === null ? null : parseReceipt(raw)
          }),
        ),
      ),

    async medianTip() {
      const { reward } = await one<{ reward?: Hex[][] }>('eth_feeHistory', ['0x5', 'latest', [50]])
      const tips = (reward ?? [])
        .flat()
        .map(BigInt)
        .sort((a, b) => (a < b ? -1 : 1))
      return baseUnits(tips[Math.floor(tips.length / 2)] ?? 0n)
    },

    async broadcast(raw) {
      const replies = endpoints.map((endpoint) => send(endpoint, raw))
      const accepted = replies.map(async (reply) => {
        const one = await reply
        return one.verdict === 'accepted' ? one : Promise.reject(one)
      })
      // One node that has it is enough: the slowest is not waited for.
      return Promise.any(accepted).catch(async () => bestReply(await Promise.all(replies)))
    },

    close: async () => {
      await Promise.all(endpoints.map((endpoint) => endpoint.close()))
    },
  }
}

/** Method not found, by JSON-RPC; method not supported, by EIP-1474. */
const missingMethod = [-32601, -32004]

async function send(endpoint: RpcEndpoint, raw: Hex): Promise<BroadcastReply> {
  try {
    await endpoint.request('eth_sendRawTransaction', [raw])
    return { verdict: 'accepted', message: '' }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return error instanceof RpcError ? readBroadcastError(message) : { verdict: 'unknown', message }
  }
}

async function answer(endpoint: RpcEndpoint, read: Read): Promise<ReadReply> {
  try {
    return { ok: true, value: (await endpoint.request(...readRequest(read))) as Hex }
  } catch (error) {
    return refusal(error)
  }
}

function readRequest(read: Read): [method: string, params: readonly unknown[]] {
  switch (read.kind) {
    case 'balance':
      return ['eth_getBalance', [read.address, 'latest']]
    case 'code':
      return ['eth_getCode', [read.address, 'latest']]
    case 'call': {
      const { to, data, from, value } = read
      return ['eth_call', [{ to, data, from, value: value === undefined ? undefined : quantity(value) }, 'latest']]
    }
  }
}

/** A contract's refusal is an answer; a node's own trouble is not, and another endpoint may do better. */
function refusal(error: unknown): { ok: false; message: string; data?: Hex } {
  if (!(error instanceof RpcError)) throw error
  const data = revertData(error.data)
  const isRefusal = error.rpcCode === 3 || data !== undefined || refusals.test(error.message)
  if (!isRefusal) throw error
  return data === undefined ? { ok: false, message: error.message } : { ok: false, message: error.message, data }
}

const refusals =
  /revert|out of gas|invalid opcode|stack|insufficient (funds|balance)|gas required exceeds|invalid jump/i

function revertData(data: unknown): Hex | undefined {
  if (typeof data === 'string' && data.startsWith('0x')) return data as Hex
  if (typeof data === 'object' && data !== null && 'data' in data) return revertData(data.data)
  return undefined
}

interface RawBlock {
  readonly number: Hex
  readonly hash: Hex
  readonly parentHash: Hex
  readonly timestamp: Hex
  readonly baseFeePerGas?: Hex
  readonly gasUsed: Hex
  readonly gasLimit: Hex
  readonly transactions: Hex[]
}

function parseBlock(raw: RawBlock): Block {
  return {
    number: Number(raw.number),
    hash: raw.hash,
    parentHash: raw.parentHash,
    timestampS: Number(raw.timestamp),
    baseFeePerGas: raw.baseFeePerGas === undefined ? null : decimal(raw.baseFeePerGas),
    gasUsed: decimal(raw.gasUsed),
    gasLimit: decimal(raw.gasLimit),
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
  readonly logs: { address: Hex; topics: Hex[]; data: Hex }[]
}

function parseReceipt(raw: RawReceipt): Receipt {
  return {
    hash: raw.transactionHash,
    blockNumber: Number(raw.blockNumber),
    blockHash: raw.blockHash,
    succeeded: raw.status === '0x1',
    gasUsed: Number(raw.gasUsed),
    effectiveGasPrice: decimal(raw.effectiveGasPrice),
    logs: raw.logs.map(({ address, topics, data }) => ({ address: lowerHex(address), topics, data })),
  }
}

function decimal(hex: Hex): BaseUnits {
  return baseUnits(BigInt(hex))
}

function quantity(value: BaseUnits | number): Hex {
  return `0x${BigInt(value).toString(16)}`
}
