import { type Dispatcher, Pool } from 'undici'
import type { Clock } from '../domain/clock.ts'
import { EndpointError } from '../domain/errors.ts'
import { isLimit, LimitedError, RpcError, retryTime } from './rpcFaults.ts'

/** One JSON-RPC URL. What one turn of the event loop asks for travels as one HTTP request. */
export interface RpcEndpoint {
  /** Without what may be secret in it. */
  readonly name: string
  /** @throws RpcError for the node's own error; EndpointError where there is no usable reply, LimitedError where it asks for a pause. */
  request(method: string, params: readonly unknown[]): Promise<unknown>
  close(): Promise<void>
}

export interface RpcEndpointOptions {
  readonly url: string
  /** After it a request counts as unanswered, wherever it has got to. */
  readonly requestTimeoutMs: number
  readonly clock: Clock
}

interface Waiting {
  readonly method: string
  readonly params: readonly unknown[]
  resolve(value: unknown): void
  reject(error: unknown): void
}

interface Reply {
  readonly id?: unknown
  readonly result?: unknown
  readonly error?: unknown
}

/** Nodes refuse larger batches: geth takes 1 000 requests. */
const batchMax = 500
const connectionsMax = 16
/** The receipts of the fullest blocks take some megabytes. */
const replyBytesMax = 256 * 1024 * 1024

/**
 * How an endpoint is called in errors and logs: keys hide in paths, queries and user names.
 *
 * @example
 * endpointName('https://one.example/v3/KEY') // 'https://one.example/…'
 */
export function endpointName(url: string): string {
  const { protocol, host, pathname, search } = new URL(url)
  const origin = `${protocol}//${host}`
  return pathname.length > 1 || search !== '' ? `${origin}/…` : origin
}

/**
 * Opens one JSON-RPC URL over HTTP with kept-alive connections.
 *
 * @example
 * const endpoint = openRpcEndpoint({ url: 'http://127.0.0.1:8545', requestTimeoutMs: 10_000, clock })
 * await endpoint.request('eth_chainId', []) // '0x1'
 */
export function openRpcEndpoint({ url, requestTimeoutMs, clock }: RpcEndpointOptions): RpcEndpoint {
  const { origin, pathname, search } = new URL(url)
  const name = endpointName(url)
  const headers = headersFor(url)
  const pool = new Pool(origin, {
    connections: connectionsMax,
    maxResponseSize: replyBytesMax,
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
    const cut = new AbortController()
    // The pool's own time-outs begin anew with every byte: only this one ends a reply that trickles.
    const callOff = clock.at(clock.now() + requestTimeoutMs, () => {
      const late = faultOf('timeout')
      for (const { reject } of batch) reject(late)
      cut.abort()
    })
    try {
      const calls = batch.map(({ method, params }, id) => ({ jsonrpc: '2.0', id, method, params }))
      const body = JSON.stringify(calls.length === 1 ? calls[0] : calls)
      const path = pathname + search
      const response = await pool.request({ path, method: 'POST', headers, body, signal: cut.signal })
      const text = await response.body.text()
      settle(batch, parseReply(text, response))
    } catch (error) {
      const lost = error instanceof EndpointError ? error : faultOf(nameOf(error))
      for (const { reject } of batch) reject(lost)
    } finally {
      callOff()
    }
  }

  /** A batch that is refused as a whole was too large for this endpoint, for all one knows. */
  function postHalves(batch: readonly Waiting[]): void {
    const middle = Math.ceil(batch.length / 2)
    void post(batch.slice(0, middle))
    void post(batch.slice(middle))
  }

  function parseReply(text: string, { statusCode, headers: given }: Dispatcher.ResponseData): unknown {
    const header = given['retry-after']
    const untilMs = retryTime(Array.isArray(header) ? header[0] : header, clock.now())
    const facts = { endpoint: name, status: statusCode }
    if (statusCode === 429 || (statusCode === 503 && untilMs !== null)) throw new LimitedError(facts, untilMs)
    if (statusCode !== 200) throw new EndpointError('The endpoint refused the request.', facts)
    return JSON.parse(text)
  }

  function settle(batch: readonly Waiting[], reply: unknown): void {
    const byId = new Map<unknown, Reply>()
    // One request has one reply, whatever its id; the first of several with the same id counts.
    const replies: readonly unknown[] = Array.isArray(reply)
      ? reply
      : batch.length > 1
        ? []
        : [{ ...Object(reply), id: 0 }]
    for (const one of replies) if (!byId.has(Object(one).id)) byId.set(Object(one).id, Object(one))
    // An error for the whole batch comes as one object.
    const whole = Array.isArray(reply) ? undefined : Object(reply).error
    const refused = readError(whole)
    if (refused !== null && batch.length > 1 && !isLimit(refused)) {
      postHalves(batch)
      return
    }
    // What several share counts once against the endpoint.
    let missing: EndpointError | undefined
    let limited: LimitedError | undefined
    batch.forEach(({ resolve, reject }, id) => {
      const answer = byId.get(id)
      const error = readError(whole ?? answer?.error)
      if (error !== null && isLimit(error)) {
        limited ??= new LimitedError({ endpoint: name }, null)
        reject(limited)
      } else if (error !== null) reject(new RpcError(error))
      else if (answer?.result === undefined) {
        missing ??= faultOf('no reply')
        reject(missing)
      } else resolve(answer.result)
    })
  }

  function faultOf(fault: string): EndpointError {
    return new EndpointError('The endpoint did not answer.', { endpoint: name, fault })
  }

  return {
    name,
    request(method, params) {
      return new Promise((resolve, reject) => {
        if (waiting.length === 0) clock.soon(flush)
        waiting.push({ method, params, resolve, reject })
      })
    },
    close: () => pool.destroy(),
  }
}

function headersFor(url: string): Record<string, string> {
  const { username, password } = new URL(url)
  const content = { 'content-type': 'application/json' }
  if (username === '') return content
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { ...content, authorization: `Basic ${Buffer.from(login).toString('base64')}` }
}

/** What nodes and the proxies before them put where an error belongs; null where there is none. */
function readError(error: unknown): { code: number; message: string; data?: unknown } | null {
  if (error === undefined || error === null) return null
  const { code, message, data } = Object(error)
  return {
    code: Number(code ?? 0),
    message: typeof message === 'string' ? message : String(message ?? JSON.stringify(error)),
    data,
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.name) : 'no reply'
}
