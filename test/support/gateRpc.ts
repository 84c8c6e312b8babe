/** One call as a client sent it. */
export interface RpcCall {
  readonly id: unknown
  readonly method: string
  readonly params: readonly unknown[]
}

/** What a node said to one call. */
export interface RpcReply {
  readonly id: unknown
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
}

/**
 * Puts calls to a node in one request. Replies come in the order of the calls.
 *
 * @throws Error where the node does not answer, or leaves one out.
 */
export async function postCalls(url: string, calls: readonly RpcCall[]): Promise<RpcReply[]> {
  if (calls.length === 0) return []
  const body = JSON.stringify(calls.map((call, id) => ({ jsonrpc: '2.0', ...call, id })))
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const replies = [(await response.json()) as RpcReply | RpcReply[]].flat()
  return calls.map(({ id: own }, id) => {
    const reply = replies.find((one) => one.id === id)
    if (reply === undefined) throw new Error('The node left out a reply.')
    return { ...reply, id: own }
  })
}

/** One call of the gate's own. @throws Error with the node's words where it refuses. */
export async function askNode(url: string, method: string, params: readonly unknown[] = []): Promise<unknown> {
  const [reply] = await postCalls(url, [{ id: 0, method, params }])
  if (reply?.error !== undefined) throw new Error(`${method}: ${reply.error.message}`)
  return reply?.result
}

/**
 * A number as nodes write it.
 *
 * @example
 * quantity(16) // '0x10'
 */
export function quantity(value: number | bigint): string {
  return `0x${value.toString(16)}`
}
