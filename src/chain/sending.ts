import type { Hex } from '../domain/hex.ts'
import type { BroadcastReply } from './chain.ts'
import { bestReply, readBroadcastError } from './replies.ts'
import { RpcError } from './rpcFaults.ts'
import { putTo, type Source } from './sources.ts'

/**
 * Hands a signed transaction to every endpoint that was seen to serve the right chain: those that are down may take it all the
 * same. One that has it is enough. Those that are down are not waited for where another one has answered.
 *
 * @example
 * (await sendToAll(sources, '0x02f8…')).verdict // 'accepted'
 */
export async function sendToAll(sources: readonly Source[], raw: Hex): Promise<BroadcastReply> {
  const targets = sources.filter(({ health }) => health.standing !== 'barred')
  const [only] = targets
  if (targets.length === 1 && only !== undefined) return send(only, raw)
  // Whoever was not heard of may have it.
  const heard = targets.map((): BroadcastReply => ({ verdict: 'unknown', message: 'No reply yet.' }))
  const isAwaited = targets.map(({ health }) => health.standing !== 'down')
  if (!isAwaited.includes(true)) isAwaited.fill(true)
  return new Promise((resolve) => {
    if (targets.length === 0) resolve(bestReply([]))
    targets.forEach((source, index) => {
      void send(source, raw).then((reply) => {
        heard[index] = reply
        isAwaited[index] = false
        // One node that has it is enough: the slowest is not waited for.
        if (reply.verdict === 'accepted') resolve(reply)
        else if (!isAwaited.includes(true)) resolve(bestReply(heard))
      })
    })
  })
}

async function send(source: Source, raw: Hex): Promise<BroadcastReply> {
  try {
    await putTo(source, (endpoint) => endpoint.request('eth_sendRawTransaction', [raw]))
    return { verdict: 'accepted', message: '' }
  } catch (error) {
    if (error instanceof RpcError) return readBroadcastError(error.message, error.data)
    return { verdict: 'unknown', message: error instanceof Error ? error.message : String(error) }
  }
}
