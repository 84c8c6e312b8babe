/** One call to a node, by JSON-RPC over HTTP. The result is whatever the node says: the caller knows its shape. */
export type Rpc = (method: string, params?: readonly unknown[]) => Promise<unknown>

/** The node answered with an error. */
export class RpcError extends Error {
  readonly code: number
  readonly data: unknown

  constructor(method: string, { code, message, data }: { code: number; message: string; data?: unknown }) {
    super(`${method}: ${message}`)
    this.name = 'RpcError'
    this.code = code
    this.data = data
  }
}

type Reply = { result: unknown } | { error: { code: number; message: string; data?: unknown } }

// Long enough for a busy machine, short enough that a node that hangs fails its own test and no other.
const timeoutMs = 20_000

/**
 * A JSON-RPC client for a node under test.
 *
 * @throws RpcError where the node answers with an error; `TimeoutError` after 20 seconds of silence.
 *
 * @example
 * const rpc = rpcClient('http://127.0.0.1:8545')
 * await rpc('eth_getBalance', ['0x…', 'latest']) // '0x21e19e0c9bab2400000'
 */
export function rpcClient(url: string): Rpc {
  let id = 0
  return async (method, params = []) => {
    id += 1
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
      signal: AbortSignal.timeout(timeoutMs),
    })
    const reply = (await response.json()) as Reply
    if ('error' in reply) throw new RpcError(method, reply.error)
    return reply.result
  }
}
