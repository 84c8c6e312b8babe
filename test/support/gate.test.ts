import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Wallet } from 'ethers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Gate, type GateOptions, startGate } from './gate.ts'
import type { Fate, FaultKind, FaultPlan } from './gatePlan.ts'
import type { RpcCall, RpcReply } from './gateRpc.ts'
import type { View } from './gateView.ts'

/** A node of a few lines: its head is block 20, and it takes every transaction that it does not know. */
async function startNode() {
  const asked: RpcCall[] = []
  const pool = new Set<unknown>()
  const results: Record<string, (params: readonly unknown[]) => unknown> = {
    eth_blockNumber: () => '0x14',
    eth_getBlockByNumber: ([at]) => ({ number: at === 'latest' ? '0x14' : at }),
    eth_getBlockReceipts: ([at]) => [{ blockNumber: at }],
    eth_getTransactionReceipt: () => ({ blockNumber: '0x13' }),
    eth_getTransactionCount: ([, at]) => (at === 'latest' ? '0x5' : '0x4'),
    txpool_content: () => ({ pending: {}, queued: {} }),
  }
  function replyTo({ id, method, params }: RpcCall): RpcReply {
    const [first] = params
    if (method !== 'eth_sendRawTransaction') return { id, result: results[method]?.(params) ?? null }
    if (pool.has(first)) return { id, error: { code: -32000, message: 'transaction already imported' } }
    pool.add(first)
    return { id, result: '0xhash' }
  }
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const calls = JSON.parse(body) as RpcCall | RpcCall[]
    asked.push(...[calls].flat())
    response.end(JSON.stringify(Array.isArray(calls) ? calls.map(replyTo) : replyTo(calls)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  }
  const times = (wanted: string): number => asked.filter(({ method }) => method === wanted).length
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, times, stop }
}

let node: Awaited<ReturnType<typeof startNode>>
let gate: Gate

beforeEach(async () => {
  node = await startNode()
  gate = await startGate(node.url)
})
afterEach(async () => {
  await gate.stop()
  await node.stop()
})

const wallet = new Wallet(`0x${'11'.repeat(32)}`)
const chainId = { id: 1, method: 'eth_chainIdOf', params: [] }

async function signed(): Promise<string> {
  return wallet.signTransaction({
    type: 2,
    chainId: 1,
    nonce: 5,
    gasLimit: 21_000,
    maxFeePerGas: 10n,
    to: wallet.address,
  })
}

/** Does this to every request, and nothing else. */
function always(fate: Partial<Fate>): GateOptions {
  const faults: FaultPlan = {
    next: () => ({ kind: 'none', share: 0.5, view: null, ...fate }),
    counts: {},
    stop: () => {},
  }
  return { faults, lateMaxMs: 200 }
}

async function post(calls: RpcCall | readonly RpcCall[], timeoutMs = 5_000) {
  const response = await fetch(gate.url, {
    method: 'POST',
    body: JSON.stringify(calls),
    signal: AbortSignal.timeout(timeoutMs),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

async function postOne(method: string, ...params: unknown[]): Promise<RpcReply> {
  return JSON.parse((await post({ id: 9, method, params })).text) as RpcReply
}

describe('a request', () => {
  const broadcast = async (kind: FaultKind, timeoutMs?: number) => {
    gate.reset(always({ kind }))
    const call = { id: 3, method: 'eth_sendRawTransaction', params: [await signed()] }
    return post(call, timeoutMs)
  }

  test.each<[FaultKind, number, RegExp]>([
    ['lostRequest', 0, /fetch failed/],
    ['lostReply', 1, /fetch failed/],
    ['hanging', 0, /timeout/],
    ['hangingReply', 1, /timeout/],
  ])('that suffers %s has no answer, and the node gets it %d times', async (kind, times, words) => {
    // Only a connection that hangs has to be given up on: one that breaks says so, however late.
    const timeoutMs = kind.startsWith('hanging') ? 100 : undefined
    await expect(broadcast(kind, timeoutMs)).rejects.toThrow(words)
    // Its client may leave before the gate has come to it.
    await expect.poll(() => gate.sent.length).toBe(1)
    await expect.poll(() => node.times('eth_sendRawTransaction')).toBe(times)
  })

  test.each<[FaultKind, number, number]>([
    ['busy', 429, 0],
    ['unavailable', 503, 0],
    ['badGateway', 502, 1],
  ])('that suffers %s is answered with %d, and the node gets it %d times', async (kind, status, times) => {
    const reply = await broadcast(kind)

    expect(reply.status).toBe(status)
    expect(reply.headers.get('retry-after')).toBe(kind === 'busy' ? '1' : null)
    expect(node.times('eth_sendRawTransaction')).toBe(times)
  })

  test.each<[FaultKind, RegExp]>([
    ['truncated', /^\{"id":3[^}]*$/],
    ['garbled', /^<html>/],
    ['faulty', /"code":-32603/],
  ])('that suffers %s reaches the node, and its answer says nothing', async (kind, text) => {
    expect((await broadcast(kind)).text).toMatch(text)
    expect(node.times('eth_sendRawTransaction')).toBe(1)
  })

  test('that is repeated reaches the node twice', async () => {
    expect((await broadcast('repeated')).text).toMatch(/already imported/)
    expect(node.times('eth_sendRawTransaction')).toBe(2)
    expect(gate.sent[0]?.reply?.result).toBe('0xhash')
  })

  test.each<FaultKind>(['lateRequest', 'lateReply'])(
    'that suffers %s reaches the node though its client left',
    async (kind) => {
      await expect(broadcast(kind, 50)).rejects.toThrow(/timeout/)
      await expect.poll(() => node.times('eth_sendRawTransaction')).toBe(1)
    },
  )

  test('that is shuffled has all its replies, in another order', async () => {
    gate.reset(always({ kind: 'shuffled' }))
    const { text } = await post([0, 1, 2, 3].map((id) => ({ ...chainId, id })))

    const ids = (JSON.parse(text) as RpcReply[]).map(({ id }) => id)
    expect([...ids].sort()).toEqual([0, 1, 2, 3])
    expect(ids).not.toEqual([0, 1, 2, 3])
  })
})

describe('a node', () => {
  test('without receipts has none by hash and none by block', async () => {
    gate.reset(always({ view: { kind: 'nullReceipts' } }))

    expect(await postOne('eth_getTransactionReceipt', '0x1')).toEqual({ id: 9, result: null })
    expect(await postOne('eth_getBlockReceipts', '0x1')).toEqual({ id: 9, result: null })
    expect(await postOne('eth_blockNumber')).toMatchObject({ result: '0x14' })
  })

  test('with a stale head knows nothing above it', async () => {
    const view: View = { kind: 'staleHead', lag: 2 }
    gate.reset(always({ view }))

    expect(await postOne('eth_blockNumber')).toMatchObject({ result: '0x12' })
    expect(await postOne('eth_getBlockByNumber', 'latest', false)).toMatchObject({ result: { number: '0x12' } })
    expect(await postOne('eth_getBlockByNumber', '0x13', false)).toMatchObject({ result: null })
    expect(await postOne('eth_getTransactionCount', '0xf3', 'latest')).toMatchObject({ result: '0x4' })
    expect(await postOne('eth_getTransactionCount', '0xf3', '0x13')).toMatchObject({ error: { message: /header/ } })
    expect(await postOne('eth_getTransactionReceipt', '0x1')).toMatchObject({ result: null })
    expect(await postOne('eth_getBlockReceipts', '0x11')).toMatchObject({ result: [{ blockNumber: '0x11' }] })
  })

  test('with the rules of another client refuses in its words what never reaches the pool', async () => {
    gate.reset({ rules: 'geth' })

    const first = await postOne('eth_sendRawTransaction', await signed())

    expect(first.error?.message).toMatch(/^transaction gas price below minimum/)
    expect(node.times('eth_sendRawTransaction')).toBe(0)
    expect(gate.sent[0]?.reply?.error).toBeDefined()
  })
})

test('the disk is looked at before the node gets anything, whatever befalls the request', async () => {
  const seen: number[] = []
  const isOnDisk = () => {
    seen.push(node.times('eth_sendRawTransaction'))
    return seen.length > 1
  }
  const call = { id: 3, method: 'eth_sendRawTransaction', params: [await signed()] }

  gate.reset({ ...always({ kind: 'repeated' }), isOnDisk })
  await post(call)
  await post(call)

  expect(seen).toEqual([0, 2])
  expect(gate.sent.map(({ wasOnDisk }) => wasOnDisk)).toEqual([false, true])
})
