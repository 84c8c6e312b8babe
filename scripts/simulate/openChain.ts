import type { Chain } from '../../src/chain/chain.ts'
import type { RpcEndpoint, RpcEndpointOptions } from '../../src/chain/rpcEndpoint.ts'
import type { Settings } from '../../src/config.ts'
import { openChain } from '../../src/runtime/openChain.ts'
import type { OnTrouble } from '../../src/runtime/trouble.ts'
import type { Incarnation } from './incarnation.ts'
import { simEndpoint } from './network.ts'
import type { Witness } from './witness.ts'
import type { World } from './world.ts'

/** The real chain, failover and all, over simulated endpoints. */
export function openSimChain(
  world: World,
  life: Incarnation,
  witness: Witness,
  settings: Settings['chain'],
  onTrouble: OnTrouble,
): Promise<Chain> {
  const openEndpoint = ({ url, requestTimeoutMs }: RpcEndpointOptions): RpcEndpoint => {
    const node = world.nodes[Number(new URL(url).port) - firstPort]
    if (node === undefined) throw new RangeError(`No node listens at ${url}.`)
    return simEndpoint(world, life, witness, { node, requestTimeoutMs })
  }
  return openChain(settings, { clock: life.clock, onTrouble, openEndpoint })
}

const firstPort = 8_000

/**
 * The URL of a simulated node.
 *
 * @example
 * urlOf(0) // 'http://node.sim:8000'
 */
export function urlOf(index: number): string {
  return `http://node.sim:${firstPort + index}`
}
