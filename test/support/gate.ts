import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Transaction } from 'ethers'
import { type Hex, lowerHex } from '../../src/domain/hex.ts'

/** One call as a client sent it. */
export interface RpcCall {
  readonly id: unknown
  readonly method: string
  readonly params: readonly unknown[]
}

interface RpcReply {
  readonly id: unknown
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string }
}

/** One arrival of a signed transaction. The same bytes may arrive again. */
export interface Sent {
  readonly raw: Hex
  readonly hash: Hex
  readonly from: Hex
  readonly to: Hex
  readonly nonce: number
  readonly data: Hex
  /** Wei per gas unit. */
  readonly maxFeePerGas: bigint
  readonly atMs: number
  /** The node's newest block at that time. */
  readonly head: number
  /** What `isOnDisk` said at the moment of arrival, before the node saw anything. */
  readonly wasOnDisk: boolean
  /** Null until the node has answered. */
  reply: RpcReply | null
}

/** What is done to a call on its way. In a batch it is done to the whole batch. */
export interface Treatment {
  /** The node gets it after this. */
  readonly hold?: Promise<unknown>
  /** The client gets the reply after this. */
  readonly delay?: Promise<unknown>
  /** The node gets it; the client's connection breaks in place of the reply. */
  readonly drop?: boolean
}

/** Stands between a client and a node, and keeps every transaction that was handed over. */
export interface Gate {
  readonly url: string
  /** In the order of their arrival. */
  readonly sent: readonly Sent[]
  /** Forgets what was sent, and goes by other eyes and hands from now on. */
  reset(options?: GateOptions): void
  stop(): Promise<void>
}

export interface GateOptions {
  /** Asked at the moment that bytes arrive; true where they are safe already. */
  readonly isOnDisk?: (sent: Pick<Sent, 'raw' | 'hash'>) => boolean
  /** Decides for each call; nothing is done without it. */
  readonly treat?: (call: RpcCall) => Treatment | undefined
  /** Told of each arrival, before the node is. */
  readonly onSent?: (sent: Sent) => void
  /** Told when the node has answered, before the client is. */
  readonly onReply?: (sent: Sent) => void
}

/**
 * Starts a recording gate on a free port of 127.0.0.1.
 *
 * @param target - The node's URL.
 *
 * @example
 * const gate = await startGate(world.url)
 * const chain = { chainId: world.chainId, rpcUrls: [gate.url] }
 */
export async function startGate(target: string): Promise<Gate> {
  let options: GateOptions = {}
  let sent: Sent[] = []
  const parsed = new Map<string, Transaction>()

  const server = createServer((request, response) => {
    // A client that was killed in the middle is no fault of the gate.
    pass(request, response).catch(() => response.destroy())
  })

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request)
    const parsedBody = JSON.parse(body) as RpcCall | RpcCall[]
    const calls = [parsedBody].flat()
    const arrivals = await note(calls)
    const treatments = calls.flatMap((call) => options.treat?.(call) ?? [])
    for (const { hold } of treatments) await hold
    const text = await post(target, body)
    settle(arrivals, text)
    for (const { delay } of treatments) await delay
    if (treatments.some(({ drop }) => drop)) response.destroy()
    else response.writeHead(200, { 'content-type': 'application/json' }).end(text)
  }

  /** Looks at the disk first of all: whatever takes time after it can only make a late write look early. */
  async function note(calls: readonly RpcCall[]): Promise<Map<unknown, Sent>> {
    const arrivals = new Map<unknown, Sent>()
    const broadcasts = calls.filter(({ method }) => method === 'eth_sendRawTransaction')
    if (broadcasts.length === 0) return arrivals
    const { isOnDisk = () => true } = options
    const atMs = Date.now()
    const found = broadcasts.map((call) => {
      const raw = String(call.params[0]) as Hex
      const transaction = parsed.get(raw) ?? Transaction.from(raw)
      parsed.set(raw, transaction)
      return { call, raw, transaction, wasOnDisk: isOnDisk({ raw, hash: lowerHex(transaction.hash ?? '') }) }
    })
    const head = Number(resultOf(await post(target, headRequest)))
    for (const { call, raw, transaction, wasOnDisk } of found) {
      const one: Sent = { raw, ...factsOf(transaction), atMs, head, wasOnDisk, reply: null }
      arrivals.set(call.id, one)
      sent.push(one)
      options.onSent?.(one)
    }
    return arrivals
  }

  function settle(arrivals: ReadonlyMap<unknown, Sent>, text: string): void {
    if (arrivals.size === 0) return
    for (const reply of [JSON.parse(text) as RpcReply | RpcReply[]].flat()) {
      const one = arrivals.get(reply.id)
      if (one === undefined) continue
      one.reply = reply
      options.onReply?.(one)
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    get sent() {
      return sent
    },
    reset(next = {}) {
      options = next
      sent = []
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

const headRequest = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'eth_blockNumber', params: [] })

function resultOf(text: string): unknown {
  return (JSON.parse(text) as RpcReply).result
}

function factsOf({ hash, from, to, nonce, data, maxFeePerGas }: Transaction) {
  return {
    hash: lowerHex(hash ?? ''),
    from: lowerHex(from ?? ''),
    to: lowerHex(to ?? ''),
    nonce,
    data: lowerHex(data),
    maxFeePerGas: maxFeePerGas ?? 0n,
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

async function post(url: string, body: string): Promise<string> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  return response.text()
}
