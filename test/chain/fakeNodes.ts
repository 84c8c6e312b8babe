import type { Chain } from '../../src/chain/chain.ts'
import type { RpcEndpoint } from '../../src/chain/rpcEndpoint.ts'
import { LimitedError, RpcError } from '../../src/chain/rpcFaults.ts'
import { EndpointError, toFailure } from '../../src/domain/errors.ts'
import { openChain } from '../../src/runtime/openChain.ts'
import { type FakeClock, fakeClock } from '../support/fakeClock.ts'

/** A node in memory that a test makes do what it likes. */
export interface FakeNode {
  readonly url: string
  chainId: number
  head: number
  /** What tells its blocks from another node's. */
  fork: string
  state: 'up' | 'down' | 'hanging' | { readonly limitedUntilMs: number | null }
  /** Overrides: a value, or an Error as the node's own error. */
  readonly answers: Map<string, unknown>
  readonly calls: { method: string; params: readonly unknown[] }[]
  /** Methods it was asked since the last time this was called. */
  taken(): string[]
}

/** One thing that the chain reported: null means that it is well again. */
export interface Trouble {
  readonly what: string
  readonly message: string | null
}

export interface FakeNetwork {
  readonly chain: Chain
  readonly nodes: readonly FakeNode[]
  readonly clock: FakeClock
  readonly troubles: readonly Trouble[]
}

/** A node at head 100 of chain 1. */
export function fakeNode(url: string): FakeNode {
  const calls: FakeNode['calls'] = []
  let taken = 0
  return {
    url,
    chainId: 1,
    head: 100,
    fork: 'b',
    state: 'up',
    answers: new Map(),
    calls,
    taken() {
      const news = calls.slice(taken).map(({ method }) => method)
      taken = calls.length
      return news
    },
  }
}

/** What a network may have besides its nodes. */
interface NetworkOptions {
  readonly relays?: readonly FakeNode[]
  /** True where the chain's multicall contract is looked for; else there is none. */
  readonly seeksMulticall?: boolean
}

/** Opens a chain over so many nodes, and relays behind them where `relays` says so. */
export async function openNetwork(
  nodes: readonly FakeNode[],
  { relays = [], seeksMulticall = false }: NetworkOptions = {},
): Promise<FakeNetwork> {
  const clock = fakeClock()
  const troubles: Trouble[] = []
  const all = [...nodes, ...relays]
  const chain = await openChain(
    {
      chainId: 1,
      rpcUrls: nodes.map(({ url }) => url),
      broadcastUrls: relays.map(({ url }) => url),
      requestTimeoutMs: 10_000,
      multicall: seeksMulticall ? undefined : null,
    },
    {
      clock,
      onTrouble: (error, what) => troubles.push({ what, message: error === null ? null : toFailure(error).message }),
      openEndpoint: ({ url }) => endpointOf(all.find((node) => node.url === url) ?? fakeNode(url)),
    },
  )
  for (const node of all) node.taken()
  return { chain, nodes, clock, troubles }
}

/** So many nodes, called after letters. */
export function fakeNodes(count: number): FakeNode[] {
  return Array.from({ length: count }, (_, index) => fakeNode(`http://${'abcdefgh'[index]}.example/KEY`))
}

/** A block of a node, as JSON-RPC has it. */
export function rawBlock(number: number, fork: string, transactions: readonly string[] = []) {
  return {
    number: hex(number),
    hash: `0x${fork}${number}`,
    parentHash: `0x${fork}${number - 1}`,
    timestamp: '0x1',
    baseFeePerGas: '0x7',
    gasUsed: '0x0',
    gasLimit: '0x1c9c380',
    transactions,
  }
}

/** A receipt, as JSON-RPC has it. */
export function rawReceipt(hash: string, number: number, fork = 'b') {
  return {
    transactionHash: hash,
    blockNumber: hex(number),
    blockHash: `0x${fork}${number}`,
    status: '0x1',
    gasUsed: '0x5208',
    effectiveGasPrice: '0x7',
    logs: [],
  }
}

export function hex(number: number): string {
  return `0x${number.toString(16)}`
}

function endpointOf(node: FakeNode): RpcEndpoint {
  const name = new URL(node.url).origin
  return {
    name,
    async request(method, params) {
      node.calls.push({ method, params })
      await Promise.resolve()
      if (node.state === 'hanging') return new Promise(() => {})
      if (node.state === 'down') throw new EndpointError('The endpoint did not answer.', { endpoint: name })
      if (typeof node.state === 'object') throw new LimitedError({ endpoint: name }, node.state.limitedUntilMs)
      return answerOf(node, method, params)
    },
    close: () => Promise.resolve(),
  }
}

function answerOf(node: FakeNode, method: string, params: readonly unknown[]): unknown {
  const given = node.answers.get(method)
  const answer = typeof given === 'function' ? given(...params) : given
  if (answer instanceof Error) throw answer
  if (answer !== undefined) return answer
  switch (method) {
    case 'eth_chainId':
      return hex(node.chainId)
    case 'eth_blockNumber':
      return hex(node.head)
    case 'eth_getBlockByNumber': {
      const number = params[0] === 'latest' ? node.head : Number(params[0])
      return number > node.head ? null : rawBlock(number, node.fork)
    }
    case 'eth_getBlockByHash':
    case 'eth_getTransactionReceipt':
    case 'eth_getTransactionByHash':
      return null
    case 'eth_getTransactionCount':
      return '0x7'
    case 'eth_getBalance':
      return '0x1'
    case 'eth_gasPrice':
      return '0x77'
    case 'eth_sendRawTransaction':
      return '0xaa'
    default:
      throw new RpcError({ code: -32601, message: 'method not found' })
  }
}
