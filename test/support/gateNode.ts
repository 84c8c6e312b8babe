import { Transaction } from 'ethers'
import { lowerHex } from '../../src/domain/hex.ts'
import { askNode, postCalls, type RpcCall, type RpcReply } from './gateRpc.ts'
import { type Pooled, type Rules, refusal } from './gateRules.ts'

interface Content {
  readonly pending: Senders
  readonly queued: Senders
}
type Senders = Readonly<Record<string, Readonly<Record<string, RawPooled>>>>
interface RawPooled {
  readonly hash: string
  readonly gasPrice?: string
  readonly maxFeePerGas?: string
  readonly maxPriorityFeePerGas?: string
}

/**
 * Asks a node as if it were another client: what that client would not take into its pool never gets there, and is
 * refused in that client's words.
 *
 * @returns One reply a call, in their order.
 */
export async function askAs(rules: Rules, url: string, calls: readonly RpcCall[]): Promise<RpcReply[]> {
  const isBroadcast = calls.some(({ method }) => method === 'eth_sendRawTransaction')
  if (rules === 'anvil' || !isBroadcast) return postCalls(url, calls)
  const replies: RpcReply[] = []
  // One after the other: each finds the pool as the one before it left it.
  for (const call of calls) replies.push(await askOne(rules, url, call))
  return replies
}

async function askOne(rules: Rules, url: string, call: RpcCall): Promise<RpcReply> {
  const words = call.method === 'eth_sendRawTransaction' ? await wordsFor(rules, url, String(call.params[0])) : null
  if (words !== null) return { id: call.id, error: { code: -32000, message: words } }
  const [reply] = await postCalls(url, [call])
  if (reply === undefined) throw new Error('The node left out a reply.')
  return translated(reply)
}

async function wordsFor(rules: Rules, url: string, raw: string): Promise<string | null> {
  const transaction = Transaction.from(raw)
  const { hash, from, nonce, gasPrice } = transaction
  const sender = lowerHex(from ?? '')
  const [content, count] = await Promise.all([
    askNode(url, 'txpool_content') as Promise<Content>,
    askNode(url, 'eth_getTransactionCount', [sender, 'latest']),
  ])
  const incoming: Pooled = {
    hash: lowerHex(hash ?? ''),
    nonce,
    maxFeePerGas: transaction.maxFeePerGas ?? gasPrice ?? 0n,
    maxPriorityFeePerGas: transaction.maxPriorityFeePerGas ?? gasPrice ?? 0n,
  }
  return refusal(rules, incoming, {
    rival: rivalIn(content, sender, nonce),
    nonceNext: Number(count),
    size: sizeOf(content),
  })
}

function rivalIn({ pending, queued }: Content, sender: string, nonce: number): Pooled | undefined {
  for (const senders of [pending, queued]) {
    for (const [address, byNonce] of Object.entries(senders)) {
      const found = address.toLowerCase() === sender ? byNonce[String(nonce)] : undefined
      if (found !== undefined) return pooled(found, nonce)
    }
  }
  return undefined
}

function pooled(
  { hash, gasPrice = '0', maxFeePerGas = gasPrice, maxPriorityFeePerGas = gasPrice }: RawPooled,
  nonce: number,
): Pooled {
  return {
    hash: hash.toLowerCase(),
    nonce,
    maxFeePerGas: BigInt(maxFeePerGas),
    maxPriorityFeePerGas: BigInt(maxPriorityFeePerGas),
  }
}

function sizeOf({ pending, queued }: Content): number {
  return [pending, queued].flatMap((senders) => Object.values(senders).flatMap(Object.keys)).length
}

/** anvil's own words in those of the others. */
function translated(reply: RpcReply): RpcReply {
  if (reply.error?.message !== 'transaction already imported') return reply
  return { ...reply, error: { ...reply.error, message: 'already known' } }
}
