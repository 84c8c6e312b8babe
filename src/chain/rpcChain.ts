import { baseUnits } from '../domain/amount.ts'
import type { Clock } from '../domain/clock.ts'
import { EndpointError } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import { agreedCount, bestHead, isBehind, noteHeads, rememberHead } from './agreement.ts'
import type { Block, Chain } from './chain.ts'
import { agreedNonceUser } from './nonceSearch.ts'
import { readAll } from './reading.ts'
import type { RpcEndpoint } from './rpcEndpoint.ts'
import { blockReceiptReader, receiptsAnywhere } from './rpcReceipts.ts'
import { amount, count, parseBlock, quantity, refusal } from './rpcValues.ts'
import { sendToAll } from './sending.ts'
import { callSimulator } from './simulating.ts'
import { joinSources, type Source } from './sources.ts'

/** What a chain is made of. */
export interface RpcChainParts {
  readonly chainId: number
  /** Who is read from; and, where `relays` is empty, who is sent to. */
  readonly sources: readonly Source[]
  /** Who is sent to, and nobody else: what a private relay is given must not leak to public nodes. */
  readonly relays: readonly Source[]
  readonly clock: Clock
  readonly ready: Chain['ready']
  readonly onNewHead?: Chain['onNewHead']
  /** Told of the newest head that the endpoints agree on. */
  readonly onBestHead: (number: number) => void
  /** The chain's Multicall3 contract, as far as that is known: `findMulticall` looks for it. */
  readonly multicall?: () => Hex | null
  readonly close: () => Promise<void>
}

/**
 * One EVM chain over one or more JSON-RPC endpoints. Reads go to the healthiest, transactions to all. What one endpoint does
 * not have is asked of the others before its absence is believed.
 *
 * @example
 * const chain = rpcChain({ chainId: 1, sources, relays: [], clock, ready, onBestHead, close })
 */
export function rpcChain(parts: RpcChainParts): Chain {
  const { chainId, relays, clock, ready, onNewHead, onBestHead, multicall = noMulticall, close } = parts
  const sources = joinSources(parts.sources, clock)
  const isAlone = parts.sources.length === 1
  const receiptsOf = blockReceiptReader()
  const simulated = callSimulator()
  const memory = rememberHead()

  /** Of one endpoint nothing more is asked than its answer; several are compared. */
  async function latestBlock(): Promise<Block | null> {
    const question = (endpoint: RpcEndpoint) => blockAt(endpoint, 'latest')
    if (isAlone) return sources.ask(question)
    const upMin = parts.sources.filter(isUp).length
    const given = await sources.askAll(question)
    if (given.length === 0) throw new EndpointError('No endpoint answers.')
    const heads = given.flatMap(({ source, answer }) =>
      answer === null ? [] : [{ source, number: answer.number, block: answer }],
    )
    const best = bestHead(heads, memory.known())
    if (best === undefined) return null
    memory.note(best.number, given.length >= upMin)
    const known = memory.known()
    noteHeads(heads, known)
    onBestHead(known)
    // What this head leads to is asked of an endpoint that has it.
    if (!isBehind(best.number, known)) sources.prefer(best.source)
    return best.block
  }

  async function latestCount(wallet: Hex): Promise<number> {
    const question = async (endpoint: RpcEndpoint) =>
      count(await endpoint.request('eth_getTransactionCount', [wallet, 'latest']))
    if (isAlone) return sources.ask(question)
    const given = await sources.askAll(question)
    // One that lags counts what was.
    const level = given.filter(({ source }) => source.health.standing !== 'lagging')
    const agreed = agreedCount(level.map(({ answer }) => answer))
    if (agreed === undefined) throw new EndpointError('No endpoint answers.')
    return agreed
  }

  return {
    chainId,
    ready,
    ...(onNewHead === undefined ? {} : { onNewHead }),

    read: (reads, at) =>
      reads.length === 0
        ? Promise.resolve([])
        : sources.ask((endpoint) => readAll(endpoint, reads, { at, multicall: multicall() })),

    simulate: (calls, at, overrides) =>
      calls.length === 0 ? Promise.resolve([]) : sources.ask((endpoint) => simulated(endpoint, calls, at, overrides)),

    estimateGas: (call) =>
      sources.ask(async (endpoint) => {
        try {
          const request = { from: call.from, to: call.to, data: call.data, value: quantity(call.value) }
          return { ok: true, gas: count(await endpoint.request('eth_estimateGas', [request])) } as const
        } catch (error) {
          return refusal(error)
        }
      }),

    minedNonce: (wallet, at) =>
      at === undefined
        ? latestCount(wallet)
        : sources.ask(async (endpoint) =>
            count(await endpoint.request('eth_getTransactionCount', [wallet, quantity(at)])),
          ),

    nonceUser: (wallet, nonce, blocks) => agreedNonceUser(sources, { wallet, nonce, ...blocks }),

    block: (at) => (at === 'latest' ? latestBlock() : sources.askOn((endpoint) => blockAt(endpoint, at))),

    blockReceipts: (block, wanted) => sources.askOn((endpoint) => receiptsOf(endpoint, block, wanted)),

    receipts: (hashes) => receiptsAnywhere(sources, hashes),

    medianTip: () =>
      sources.ask(async (endpoint) => {
        const history = await endpoint.request('eth_feeHistory', ['0x5', 'latest', [50]])
        const { reward } = history as { reward?: Hex[][] }
        const tips = (reward ?? [])
          .flat()
          .map(BigInt)
          .sort((a, b) => (a < b ? -1 : 1))
        return baseUnits(tips[Math.floor(tips.length / 2)] ?? 0n)
      }),

    gasPrice: () => sources.ask(async (endpoint) => amount(await endpoint.request('eth_gasPrice', []))),

    broadcast: (raw) => sendToAll(relays.length > 0 ? relays : parts.sources, raw),

    close,
  }
}

async function blockAt(endpoint: RpcEndpoint, at: 'latest' | number | Hex): Promise<Block | null> {
  const raw =
    typeof at === 'string' && at !== 'latest'
      ? await endpoint.request('eth_getBlockByHash', [at, false])
      : await endpoint.request('eth_getBlockByNumber', [at === 'latest' ? at : quantity(at as number), false])
  return raw === null ? null : parseBlock(raw, at)
}

function isUp({ health }: Source): boolean {
  return health.standing !== 'down' && health.standing !== 'barred'
}

function noMulticall(): null {
  return null
}
