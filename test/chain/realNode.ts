import type { Chain } from '../../src/chain/chain.ts'
import { rpcChain } from '../../src/chain/rpcChain.ts'
import { openRpcEndpoint, type RpcEndpoint } from '../../src/chain/rpcEndpoint.ts'
import type { Source } from '../../src/chain/sources.ts'
import type { Hex } from '../../src/domain/hex.ts'
import { realClock } from '../../src/runtime/realClock.ts'
import { postCalls, type RpcReply } from '../support/gateRpc.ts'
import { type Serve, type ServedCall, sendJson } from './rpcServer.ts'

/** Says in the node's place what it answers to a call; undefined where the node itself is to answer. */
export type Instead = (call: ServedCall) => Omit<RpcReply, 'id'> | undefined

/** Passes everything on to a real node but what is answered in its place. */
export function passing(target: string, instead: Instead = () => undefined): Serve {
  return (calls, response) => {
    const own = calls.map((call) => instead(call))
    const others = calls.filter((_, index) => own[index] === undefined)
    void postCalls(target, others).then((replies) => {
      const told = replies[Symbol.iterator]()
      const all = calls.map(({ id }, index) => ({ jsonrpc: '2.0', ...(own[index] ?? told.next().value), id }))
      sendJson(response, all)
    })
  }
}

/** A node without a method, in geth's words. */
export function lacking(method: string): Instead {
  const error = { code: -32601, message: `the method ${method} does not exist/is not available` }
  return (call) => (call.method === method ? { error } : undefined)
}

/** The chain over endpoints that are always well. Close them when it is not needed any more. */
export function chainOver(
  urls: readonly string[],
  multicall: Hex | null = null,
): { readonly chain: Chain; readonly endpoints: readonly RpcEndpoint[] } {
  const clock = realClock()
  const endpoints = urls.map((url) => openRpcEndpoint({ url, requestTimeoutMs: 20_000, clock }))
  const sources = endpoints.map((endpoint): Source => ({ endpoint, health: { standing: 'healthy', note: () => {} } }))
  const chain = rpcChain({
    chainId: 31_337,
    sources,
    relays: [],
    clock,
    ready: () => Promise.resolve(),
    onBestHead: () => {},
    multicall: () => multicall,
    close: async () => void (await Promise.all(endpoints.map((endpoint) => endpoint.close()))),
  })
  return { chain, endpoints }
}
