import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from 'vitest'

/** One call of a request. */
export interface ServedCall {
  readonly id: number
  readonly method: string
  readonly params: readonly unknown[]
}

/** An HTTP endpoint on this machine that answers as a test says. */
export interface RpcServer {
  readonly url: string
  /** Requests with their calls, in the order of their arrival. */
  readonly requests: ServedCall[][]
  stop(): Promise<void>
}

export type Serve = (calls: ServedCall[], response: ServerResponse) => void

/** Starts servers for the tests of a file, and stops them after each. */
export function useServers(): (serve: Serve) => Promise<RpcServer> {
  const started: RpcServer[] = []
  afterEach(async () => {
    await Promise.all(started.splice(0).map((server) => server.stop()))
  })
  return async (serve) => {
    const server = await startServer(serve)
    started.push(server)
    return server
  }
}

/** Answers every call by its method. An Error is a node's error; what is missing is a method that it does not have. */
export function answering(answers: Record<string, unknown>): Serve {
  return (calls, response) =>
    sendJson(
      response,
      calls.map((call) => replyTo(call, answers[call.method])),
    )
}

/** The JSON-RPC reply to a call: its result, or the error that a function or an Error stands for. */
export function replyTo({ id, params }: ServedCall, answer: unknown): Record<string, unknown> {
  const result = typeof answer === 'function' ? answer(...params) : answer
  if (result === undefined) return { jsonrpc: '2.0', id, error: { code: -32601, message: 'method not found' } }
  if (result instanceof Error) return { jsonrpc: '2.0', id, error: { code: -32000, message: result.message } }
  return { jsonrpc: '2.0', id, result }
}

/** One reply goes alone, several as a batch. */
export function sendJson(response: ServerResponse, replies: readonly unknown[]): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(replies.length === 1 ? replies[0] : replies))
}

async function startServer(serve: Serve): Promise<RpcServer> {
  const requests: ServedCall[][] = []
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const calls = [JSON.parse(body) as ServedCall | ServedCall[]].flat()
      requests.push(calls)
      serve(calls, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
