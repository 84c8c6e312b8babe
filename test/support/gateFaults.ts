import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fate } from './gatePlan.ts'
import type { RpcReply } from './gateRpc.ts'
import { randomNumbers } from './random.ts'

/** One HTTP request on its way. */
export interface Passage {
  readonly response: ServerResponse
  readonly isBatch: boolean
  /** Puts the request to the node. */
  readonly ask: () => Promise<RpcReply[]>
  /** Milliseconds: what is late is so late at most. */
  readonly lateMaxMs: number
}

/** Lets one request come to its end in the way that was decided. Resolves when the client has its answer, or never gets one. */
export async function suffer({ kind, share }: Fate, { response, isBatch, ask, lateMaxMs }: Passage): Promise<void> {
  const body = (replies: readonly RpcReply[]): string => JSON.stringify(isBatch ? replies : replies[0])
  const answer = (text: string, status = 200, headers = {}): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)
  }
  switch (kind) {
    case 'none':
      return answer(body(await ask()))
    case 'lostRequest':
      return void response.destroy()
    case 'busy':
      return answer('{"error":"too many requests"}', 429, { 'retry-after': '1' })
    case 'unavailable':
      return answer('<html>503 Service Unavailable</html>', 503, { 'content-type': 'text/html' })
    case 'hanging':
      return untilGivenUp(response)
    case 'lostReply':
      await ask()
      return void response.destroy()
    case 'badGateway':
      await ask()
      return answer('<html>502 Bad Gateway</html>', 502, { 'content-type': 'text/html' })
    case 'hangingReply':
      await ask()
      return untilGivenUp(response)
    case 'lateReply': {
      const text = body(await ask())
      await sleep(share * lateMaxMs)
      return answer(text)
    }
    case 'shuffled':
      return answer(body(shuffled(await ask(), share)))
    case 'truncated': {
      const text = body(await ask())
      return answer(text.slice(0, Math.floor(share * text.length)))
    }
    case 'garbled':
      await ask()
      return answer('<html>It works!</html>')
    case 'faulty':
      return answer(body((await ask()).map(({ id }) => ({ id, error: { code: -32603, message: 'Internal error' } }))))
    case 'lateRequest':
      await sleep(share * lateMaxMs)
      return answer(body(await ask()))
    case 'repeated': {
      const [first, second] = [await ask(), await ask()]
      return answer(body(share < 0.5 ? first : second))
    }
  }
}

function untilGivenUp(response: ServerResponse): Promise<void> {
  return response.closed ? Promise.resolve() : new Promise((resolve) => response.once('close', resolve))
}

/** Never in their own order, where there is another. */
function shuffled(replies: readonly RpcReply[], share: number): RpcReply[] {
  const random = randomNumbers(share * 2 ** 32)
  const order = replies.map((reply) => ({ reply, place: random() })).sort((a, b) => a.place - b.place)
  const mixed = order.map(({ reply }) => reply)
  return mixed.every((reply, index) => reply === replies[index]) ? mixed.reverse() : mixed
}
