import { Pool } from 'undici'
import { BaseError, EndpointError } from '../domain/errors.ts'

/** A node's own error reply. What it means depends on what was asked. */
export class RpcError extends BaseError {
  readonly code = 'RPC'
  readonly rpcCode: number
  readonly data: unknown

  constructor({ code, message, data }: { code: number; message: string; data?: unknown }) {
    super(message)
    this.rpcCode = code
    this.data = data
  }
}

/** One JSON-RPC URL. What one turn of the event loop asks for travels as one HTTP request. */
export interface RpcEndpoint {
  /** Without what may be secret in it. */
  readonly name: string
  /** @throws RpcError for the node's own error; EndpointError where there is no usable reply. */
  request(method: string, params: readonly unknown[]): Promise<unknown>
  close(): Promise<void>
}

interface Waiting {
  readonly method: string
  readonly params: readonly unknown[]
  resolve(value: unknown): void
  reject(error: unknown): void
}

interface Reply {
  readonly id?: number
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
}

/** Nodes refuse larger batches: geth takes 1 000 requests. */
const batchMax = 500
const connectionsMax = 16

/**
 * Opens one JSON-RPC URL over HTTP with kept-alive connections.
 *
 * @param requestTimeoutMs - After it a request counts as unanswered.
 *
 * @example
 * const endpoint = openRpcEndpoint({ url: 'http://127.0.0.1:8545', requestTimeoutMs: 10_000 })
 * await endpoint.request('eth_chainId', []) // '0x1'
 */
export function openRpcEndpoint({ url, requestTimeoutMs }: { url: string; requestTimeoutMs: number }): RpcEndpoint {
  const { origin, pathname, search, username, password } = new URL(url)
  const name = pathname.length > 1 || search !== '' ? `${origin}/…` : origin
  const login =
    username === ''
      ? undefined
      : `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`
  const headers = { 'content-type': 'application/json', ...(login === undefined ? {} : { authorization: login }) }
  const pool = new Pool(origin, {
    connections: connectionsMax,
    headersTimeout: requestTimeoutMs,
    bodyTimeout: requestTimeoutMs,
    connectTimeout: requestTimeoutMs,
  })
  let waiting: Waiting[] = []

  function flush(): void {
    const turn = waiting
    waiting = []
    for (let start = 0; start < turn.length; start += batchMax) void post(turn.slice(start, start + batchMax))
  }

  async function post(batch: readonly Waiting[]): Promise<void> {
    try {
      const calls = batch.map(({ method, params }, id) => ({ jsonrpc: '2.0', id, method, params }))
      const body = JSON.stringify(calls.length === 1 ? calls[0] : calls)
      const response = await pool.request({ path: pathname + search, method: 'POST', headers, body })
      const text = await response.body.text()
      settle(batch, parseReplies(text, response.statusCode))
    } catch (error) {
      const lost = error instanceof EndpointError ? error : unanswered(error)
      for (const { reject } of batch) reject(lost)
    }
  }

  function parseReplies(text: string, status: number): Reply[] {
    if (status !== 200) throw new EndpointError('The endpoint refused the request.', { endpoint: name, status })
    const reply: unknown = JSON.parse(text)
    return Array.isArray(reply) ? reply : [{ ...(reply as Reply), id: 0 }]
  }

  function settle(batch: readonly Waiting[], replies: readonly Reply[]): void {
    // An error for the whole batch comes as one object, whatever its id.
    const [first] = replies
    const whole = replies.length === 1 && batch.length > 1 ? first?.error : undefined
    const byId = new Map(replies.map((reply) => [reply.id, reply]))
    batch.forEach(({ resolve, reject }, id) => {
      const reply = byId.get(id)
      const error = whole ?? reply?.error
      if (error !== undefined && error !== null) reject(new RpcError(error))
      else if (reply === undefined || reply.result === undefined) reject(unanswered(undefined))
      else resolve(reply.result)
    })
  }

  function unanswered(cause: unknown): EndpointError {
    const fault = cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.name) : 'no reply'
    return new EndpointError('The endpoint did not answer.', { endpoint: name, fault })
  }

  return {
    name,
    request(method, params) {
      return new Promise((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush)
        waiting.push({ method, params, resolve, reject })
      })
    },
    close: () => pool.destroy(),
  }
}
