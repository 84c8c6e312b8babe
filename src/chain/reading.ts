import type { Hex } from '../domain/hex.ts'
import type { Read, ReadReply } from '../domain/read.ts'
import { bundle, isBundled, unbundle } from './multicall.ts'
import type { RpcEndpoint } from './rpcEndpoint.ts'
import { isStateMissing, RpcError } from './rpcFaults.ts'
import { blockTag, readRequest, refusal } from './rpcValues.ts'

/** How one endpoint is read. */
export interface Reading {
  /** Number of the block whose state is read; the latest without it. */
  readonly at: number | undefined
  /** The chain's multicall contract; null where it has none. */
  readonly multicall: Hex | null
}

/** Quoters burn gas, and nodes cap what one call may burn. */
const bundleMax = 60
type Tag = Hex | 'latest'

/**
 * Reads all at one endpoint, in one request: what a multicall contract can read travels in calls to it. What such a call does
 * not answer is asked once more by itself, in a second request. Replies are the same as one by one, but for what contracts say of
 * the gas they took: it is less behind others that read the same.
 *
 * @throws RpcError where the endpoint does not have the block, or has another trouble of its own; EndpointError where it does
 * not answer.
 *
 * @example
 * await readAll(endpoint, [{ kind: 'balance', address: '0x…' }], { at: 19_000_000, multicall: null })
 */
export async function readAll(
  endpoint: RpcEndpoint,
  reads: readonly Read[],
  { at, multicall }: Reading,
): Promise<ReadReply[]> {
  const tag = blockTag(at)
  const bundled = reads.filter(isBundled)
  const replies =
    multicall === null || bundled.length < 2
      ? await Promise.all(reads.map((read) => readOne(endpoint, read, tag)))
      : await readBundled(endpoint, reads, { tag, multicall })
  if (at !== undefined && replies.some((reply, index) => isNothing(reply, reads[index])))
    await requireBlock(endpoint, at)
  return replies
}

async function readOne(endpoint: RpcEndpoint, read: Read, tag: Tag): Promise<ReadReply> {
  try {
    return { ok: true, value: (await endpoint.request(...readRequest(read, tag))) as Hex }
  } catch (error) {
    return refusal(error)
  }
}

async function readBundled(
  endpoint: RpcEndpoint,
  reads: readonly Read[],
  { tag, multicall }: { tag: Tag; multicall: Hex },
): Promise<ReadReply[]> {
  const bundled = reads.filter(isBundled)
  const bundles: Promise<(ReadReply | null)[]>[] = []
  for (let start = 0; start < bundled.length; start += bundleMax) {
    bundles.push(readBundle(endpoint, bundled.slice(start, start + bundleMax), { tag, multicall }))
  }
  const alone = Promise.all(reads.map((read) => (isBundled(read) ? null : readOne(endpoint, read, tag))))
  const [single, ...answers] = await Promise.all([alone, ...bundles])
  const told = answers.flat()[Symbol.iterator]()
  return Promise.all(
    reads.map((read, index) => {
      const reply = isBundled(read) ? told.next().value : single[index]
      return reply ?? readOne(endpoint, read, tag)
    }),
  )
}

async function readBundle(
  endpoint: RpcEndpoint,
  reads: readonly Read[],
  { tag, multicall }: { tag: Tag; multicall: Hex },
): Promise<(ReadReply | null)[]> {
  try {
    const value = await endpoint.request('eth_call', [{ to: multicall, data: bundle(reads, multicall) }, tag])
    return unbundle(value as Hex, reads)
  } catch (error) {
    // Too much for the node, or no such function: each by itself may still do.
    if (error instanceof RpcError && !isStateMissing(error)) return reads.map(() => null)
    throw error
  }
}

function isNothing(reply: ReadReply, read: Read | undefined): boolean {
  return read?.kind === 'call' && reply.ok && reply.value === '0x'
}

/** Older Erigons have nothing to say against a block that they do not have: every call returns nothing there. */
async function requireBlock(endpoint: RpcEndpoint, at: number): Promise<void> {
  const block = await endpoint.request('eth_getBlockByNumber', [blockTag(at), false])
  if (block === null) throw new RpcError({ code: -32_000, message: 'header not found' })
}
