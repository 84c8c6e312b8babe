import type { World } from '../../scripts/world/world.ts'
import type { Hex } from '../../src/index.ts'

/** What the chain itself says of one wallet. */
export interface Ledger {
  readonly wei: bigint
  readonly usdc: bigint
  readonly dai: bigint
  /** Transactions mined from it. */
  readonly nonce: number
}

/** Reads a wallet's balances and nonce from the node. */
export async function ledgerOf(world: World, wallet: Hex): Promise<Ledger> {
  const word = wallet.slice(2).toLowerCase().padStart(64, '0')
  const tokens = [world.tokens.USDC, world.tokens.DAI]
  const [wei, nonce, usdc, dai] = await Promise.all([
    world.rpc('eth_getBalance', [wallet, 'latest']),
    world.rpc('eth_getTransactionCount', [wallet, 'latest']),
    ...tokens.map((to) => world.rpc('eth_call', [{ to, data: `0x70a08231${word}` }, 'latest'])),
  ])
  return { wei: BigInt(String(wei)), nonce: Number(nonce), usdc: BigInt(String(usdc)), dai: BigInt(String(dai)) }
}
