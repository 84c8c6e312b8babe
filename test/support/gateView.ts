import { quantity, type RpcCall, type RpcReply } from './gateRpc.ts'

/** What a node does not show for a while. `lag`: how many blocks it is behind. */
export type View = { readonly kind: 'nullReceipts' } | { readonly kind: 'staleHead'; readonly lag: number }

/** Which parameter of a method names a block. */
const blockParameter: Readonly<Record<string, number>> = {
  eth_getBlockByNumber: 0,
  eth_getBlockReceipts: 0,
  eth_getBalance: 1,
  eth_getCode: 1,
  eth_getTransactionCount: 1,
  eth_call: 1,
  eth_estimateGas: 1,
  eth_simulateV1: 1,
  eth_feeHistory: 1,
}

/**
 * A call as a node puts it to itself whose newest block is `head`.
 *
 * @example
 * staleCall({ id: 1, method: 'eth_getTransactionCount', params: ['0xf39f…', 'latest'] }, 16).params // ['0xf39f…', '0x10']
 */
export function staleCall(call: RpcCall, head: number): RpcCall {
  const place = blockParameter[call.method]
  if (place === undefined) return call
  const named = call.params[place]
  if (named !== undefined && named !== 'latest' && named !== 'pending') return call
  const params = [...call.params]
  params[place] = quantity(head)
  return { ...call, params }
}

/** What a node says whose newest block is `head`, where one that is further says `reply`. */
export function staleReply({ id, method, params }: RpcCall, reply: RpcReply, head: number): RpcReply {
  if (method === 'eth_blockNumber') return { id, result: quantity(head) }
  const place = blockParameter[method]
  const named = place === undefined ? undefined : params[place]
  if (typeof named === 'string' && named.startsWith('0x') && Number(named) > head) {
    return method.startsWith('eth_getBlock') ? { id, result: null } : { id, error: headerNotFound }
  }
  return blockOf(reply.result) > head ? { id, result: null } : reply
}

const headerNotFound = { code: -32000, message: 'header not found' }

/** Of a block, a receipt, a transaction or a list of them; 0 for anything else. */
function blockOf(result: unknown): number {
  const one = (Array.isArray(result) ? result[0] : result) as
    | { number?: string; blockNumber?: string }
    | null
    | undefined
  return Number(one?.blockNumber ?? one?.number ?? 0)
}

/** What a node says that has not indexed its receipts yet. */
export function withoutReceipts({ id, method }: RpcCall, reply: RpcReply): RpcReply {
  const isReceipts = method === 'eth_getTransactionReceipt' || method === 'eth_getBlockReceipts'
  return isReceipts ? { id, result: null } : reply
}
