import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Transaction } from 'ethers'
import { type Hex, lowerHex } from '../../src/domain/hex.ts'
import { suffer } from './gateFaults.ts'
import { askAs } from './gateNode.ts'
import type { Fate, FaultPlan } from './gatePlan.ts'
import { askNode, type RpcCall, type RpcReply } from './gateRpc.ts'
import type { Rules } from './gateRules.ts'
import { staleCall, staleReply, type View, withoutReceipts } from './gateView.ts'

/** One arrival of a signed transaction. The same bytes may arrive again. */
export interface Sent {
  readonly raw: Hex
  readonly hash: Hex
  readonly from: Hex
  readonly to: Hex
  readonly nonce: number
  readonly data: Hex
  /** Wei per gas unit; of a transaction without it, its gas price. */
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
  /** The node never gets it; the client's connection breaks. */
  readonly lose?: boolean
}

/** Stands between a client and a node, keeps every transaction that was handed over, and is as bad a node as it is told to be. */
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
  /** Whose rules a transaction must pass; the node's own without them. */
  readonly rules?: Rules
  /** Decides what befalls each request; nothing does without it. */
  readonly faults?: FaultPlan
  /** Milliseconds: what a fault makes late is so late at most; a second without it. */
  readonly lateMaxMs?: number
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
  const heads = new WeakMap<View, Promise<number>>()

  const server = createServer((request, response) => {
    // A client that was killed in the middle is no fault of the gate.
    pass(request, response).catch(() => response.destroy())
  })

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parsedBody = JSON.parse(await bodyOf(request)) as RpcCall | RpcCall[]
    const calls = [parsedBody].flat()
    const arrivals = await note(calls)
    const treatments = calls.flatMap((call) => options.treat?.(call) ?? [])
    for (const { hold } of treatments) await hold
    const fate = treatments.some(({ lose }) => lose) ? lost : (options.faults?.next() ?? none)
    const ask = async (): Promise<RpcReply[]> => {
      const replies = await askThrough(fate.view, calls)
      settle(arrivals, replies)
      for (const { delay } of treatments) await delay
      return replies
    }
    const kind = treatments.some(({ drop }) => drop) ? 'lostReply' : fate.kind
    const { lateMaxMs = 1_000 } = options
    await suffer({ ...fate, kind }, { response, isBatch: Array.isArray(parsedBody), ask, lateMaxMs })
  }

  async function askThrough(view: View | null, calls: readonly RpcCall[]): Promise<RpcReply[]> {
    const { rules = 'anvil' } = options
    if (view === null) return askAs(rules, target, calls)
    if (view.kind === 'nullReceipts') {
      const replies = await askAs(rules, target, calls)
      return calls.map((call, index) => withoutReceipts(call, replies[index] as RpcReply))
    }
    const head = await headSeen(view)
    const stale = calls.map((call) => staleCall(call, head))
    const replies = await askAs(rules, target, stale)
    return stale.map((call, index) => staleReply(call, replies[index] as RpcReply, head))
  }

  /** The same block for as long as the view lasts. */
  function headSeen(view: Extract<View, { kind: 'staleHead' }>): Promise<number> {
    const head =
      heads.get(view) ?? askNode(target, 'eth_blockNumber').then((now) => Math.max(0, Number(now) - view.lag))
    heads.set(view, head)
    return head
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
    const head = Number(await askNode(target, 'eth_blockNumber'))
    for (const { call, raw, transaction, wasOnDisk } of found) {
      const one: Sent = { raw, ...factsOf(transaction), atMs, head, wasOnDisk, reply: null }
      arrivals.set(call.id, one)
      sent.push(one)
      options.onSent?.(one)
    }
    return arrivals
  }

  function settle(arrivals: ReadonlyMap<unknown, Sent>, replies: readonly RpcReply[]): void {
    for (const reply of replies) {
      const one = arrivals.get(reply.id)
      // The first reply says what became of it; the same bytes once more are always known.
      if (one === undefined || one.reply !== null) continue
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

const none: Fate = { kind: 'none', share: 0, view: null }
const lost: Fate = { ...none, kind: 'lostRequest' }

function factsOf({ hash, from, to, nonce, data, maxFeePerGas, gasPrice }: Transaction) {
  return {
    hash: lowerHex(hash ?? ''),
    from: lowerHex(from ?? ''),
    to: lowerHex(to ?? ''),
    nonce,
    data: lowerHex(data),
    maxFeePerGas: maxFeePerGas ?? gasPrice ?? 0n,
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
