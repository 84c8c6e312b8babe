import { baseUnits } from '../domain/amount.ts'
import type { Clock } from '../domain/clock.ts'
import { EndpointError } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import type { Read, ReadReply } from '../domain/read.ts'
import type { Receipt } from '../domain/transaction.ts'
import { agreedCount, bestHead, noteHeads } from './agreement.ts'
import type { Block, Chain } from './chain.ts'
import { findNonceUser, hasMined } from './nonceSearch.ts'
import type { RpcEndpoint } from './rpcEndpoint.ts'
import { isMethodMissing, RpcError } from './rpcFaults.ts'
import { amount, count, parseBlock, parseReceipt, quantity, readRequest, refusal } from './rpcValues.ts'
import { sendToAll } from './sending.ts'
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
  const { chainId, relays, clock, ready, onNewHead, onBestHead, close } = parts
  const sources = joinSources(parts.sources, clock)
  const isAlone = parts.sources.length === 1
  const withoutBlockReceipts = new Set<RpcEndpoint>()

  /** Of one endpoint nothing more is asked than its answer; several are compared. */
  async function latestBlock(): Promise<Block | null> {
    const question = (endpoint: RpcEndpoint) => blockAt(endpoint, 'latest')
    if (isAlone) return sources.ask(question)
    const given = await sources.askAll(question)
    if (given.length === 0) throw new EndpointError('No endpoint answers.')
    const heads = given.flatMap(({ source, answer }) =>
      answer === null ? [] : [{ source, number: answer.number, block: answer }],
    )
    const best = bestHead(heads)
    if (best === undefined) return null
    noteHeads(heads, best.number)
    // What this head leads to is asked of an endpoint that has it.
    sources.prefer(best.source)
    onBestHead(best.number)
    return best.block
  }

  async function latestCount(wallet: Hex): Promise<number> {
    const question = async (endpoint: RpcEndpoint) =>
      count(await endpoint.request('eth_getTransactionCount', [wallet, 'latest']))
    if (isAlone) return sources.ask(question)
    const agreed = agreedCount((await sources.askAll(question)).map(({ answer }) => answer))
    if (agreed === undefined) throw new EndpointError('No endpoint answers.')
    return agreed
  }

  /** All receipts that are wanted of one block; null where this endpoint does not have them all. */
  async function receiptsOf(
    endpoint: RpcEndpoint,
    block: Block,
    wanted: (hash: Hex) => boolean,
  ): Promise<Receipt[] | null> {
    const hashes = block.transactions.filter(wanted)
    const whole = withoutBlockReceipts.has(endpoint) ? undefined : await wholeBlock(endpoint, block, wanted)
    const found = whole === undefined ? await receiptsAt(endpoint, hashes) : whole
    const receipts = (found ?? []).flatMap((receipt) => (receipt?.blockHash === block.hash ? [receipt] : []))
    return receipts.length < hashes.length ? null : receipts
  }

  /** Undefined where the endpoint does not do so: by hash it may still work. */
  async function wholeBlock(
    endpoint: RpcEndpoint,
    block: Block,
    wanted: (hash: Hex) => boolean,
  ): Promise<Receipt[] | null | undefined> {
    try {
      const raws = await endpoint.request('eth_getBlockReceipts', [quantity(block.number)])
      if (raws === null) return null
      return (raws as { transactionHash: Hex }[])
        .filter(({ transactionHash }) => wanted(transactionHash))
        .map(parseReceipt)
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      // A node that says that it has no such method is not asked again.
      if (isMethodMissing(error)) withoutBlockReceipts.add(endpoint)
      return undefined
    }
  }

  return {
    chainId,
    ready,
    ...(onNewHead === undefined ? {} : { onNewHead }),

    read: (reads) =>
      reads.length === 0
        ? Promise.resolve([])
        : sources.ask((endpoint) => Promise.all(reads.map((read) => answer(endpoint, read)))),

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

    async nonceUser(wallet, nonce, blocks) {
      const by = { source: parts.sources[0] }
      const user = await sources.askOn(async (endpoint, source) => {
        by.source = source
        return findNonceUser(endpoint, { wallet, nonce, ...blocks })
      })
      if (user === null || isAlone) return user
      const { hash } = user
      // A leg gives its nonce up for this: what another endpoint does not have either is not proven.
      const others = await sources.askAll(
        (endpoint) => hasMined(endpoint, { wallet, nonce, hash }),
        by.source === undefined ? [] : [by.source],
      )
      return others.length === 0 || others.some(({ answer }) => answer) ? user : null
    },

    block: (at) => (at === 'latest' ? latestBlock() : sources.askOn((endpoint) => blockAt(endpoint, at))),

    blockReceipts: (block, wanted) => sources.askOn((endpoint) => receiptsOf(endpoint, block, wanted)),

    async receipts(hashes) {
      const first = await sources.ask(async (endpoint, source) => ({
        source,
        receipts: await receiptsAt(endpoint, hashes),
      }))
      const missing = hashes.filter((_, index) => first.receipts[index] === null)
      if (missing.length === 0 || isAlone) return first.receipts
      const others = await sources.askAll((endpoint) => receiptsAt(endpoint, missing), [first.source])
      const found = new Map(others.flatMap(({ answer }) => answer.map((receipt) => [receipt?.hash, receipt] as const)))
      return hashes.map((hash, index) => first.receipts[index] ?? found.get(hash) ?? null)
    },

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

function receiptsAt(endpoint: RpcEndpoint, hashes: readonly Hex[]): Promise<(Receipt | null)[]> {
  return Promise.all(
    hashes.map(async (hash) => {
      const raw = await endpoint.request('eth_getTransactionReceipt', [hash])
      if (raw === null) return null
      const receipt = parseReceipt(raw)
      if (receipt.hash !== hash) throw new TypeError('Another receipt than was asked for.')
      return receipt
    }),
  )
}

async function answer(endpoint: RpcEndpoint, read: Read): Promise<ReadReply> {
  try {
    return { ok: true, value: (await endpoint.request(...readRequest(read))) as Hex }
  } catch (error) {
    return refusal(error)
  }
}
