import { parseUnits } from 'ethers'
import type { World } from '../../scripts/world/world.ts'
import type { LegStatus, TradeHandle } from '../../src/index.ts'
import { eventually } from './manager.ts'

/** Resolves when a trade has so many legs, and each is on the wire. */
export function areSent(handle: TradeHandle, count: number): Promise<void> {
  return eventually(() => {
    const states = handle.status().legs.map(({ state }) => state)
    return states.length === count && states.every((state) => state === 'submitted.pending')
  }, `${count} legs sent`)
}

/** Mines until the trade has ended. */
export async function mineToEnd(world: World, handle: TradeHandle): Promise<readonly LegStatus[]> {
  let hasEnded = false
  const result = handle.result().finally(() => {
    hasEnded = true
  })
  while (!hasEnded) {
    await world.mine()
    await new Promise((resolve) => setTimeout(resolve, 40))
  }
  return (await result).legs
}

/** Somebody else trades on Uniswap V2: sells so much ETH that the price falls. Pays more, so that it is mined first. */
export async function sellBefore(target: World, ether: string): Promise<void> {
  const [, other] = target.accounts
  const router = target.venues[0].router
  const path = [target.tokens.WETH, target.tokens.USDC].map((token) => token.slice(2).padStart(64, '0')).join('')
  const word = (value: bigint): string => value.toString(16).padStart(64, '0')
  const data = `0x7ff36ab5${word(1n)}${word(128n)}${other?.address.slice(2).toLowerCase().padStart(64, '0')}${word(2n ** 40n)}${word(2n)}${path}`
  const fee = `0x${parseUnits('90', 'gwei').toString(16)}`
  await target.rpc('eth_sendTransaction', [
    {
      from: other?.address,
      to: router,
      value: `0x${parseUnits(ether, 'ether').toString(16)}`,
      data,
      gas: '0x493e0',
      maxFeePerGas: fee,
      maxPriorityFeePerGas: fee,
    },
  ])
}
