import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { World } from '../../scripts/world/world.ts'
import { multicallAddress } from '../../src/chain/multicall.ts'

/**
 * Puts the real Multicall3 where nearly every chain has it.
 *
 * @example
 * await placeMulticall(world())
 */
export async function placeMulticall({ rpc }: Pick<World, 'rpc'>): Promise<void> {
  // The package keeps the contract to itself: what creates it is read from its source.
  const main = createRequire(import.meta.url).resolve('viem')
  const source = readFileSync(main.replace(/index\.js$/, 'constants/contracts.js'), 'utf8')
  const creation = /multicall3Bytecode = '(0x[0-9a-f]+)'/.exec(source)?.[1]
  if (creation === undefined) throw new Error('There is no Multicall3 in viem any more.')
  const code = await rpc('eth_call', [{ data: creation }, 'latest'])
  await rpc('anvil_setCode', [multicallAddress, code])
}
