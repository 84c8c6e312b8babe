import { Interface } from 'ethers'
import type { World } from '../../scripts/world/world.ts'
import type { Hex } from '../../src/domain/hex.ts'

const erc20 = new Interface([
  'function balanceOf(address) view returns (uint256)',
  'function approve(address, uint256)',
  'function transfer(address, uint256)',
])
const nobody: Hex = '0x000000000000000000000000000000000000dead'

/** What wallets hold together of every token of a world, by symbol, in base units: the chain's own word. */
export async function holdingsOf(world: World, wallets: readonly Hex[]): Promise<Record<string, bigint>> {
  const held: Record<string, bigint> = {}
  for (const [symbol, token] of Object.entries(world.tokens)) {
    held[symbol] = 0n
    for (const wallet of wallets) held[symbol] += await balanceOf(world, token, wallet)
  }
  return held
}

async function balanceOf({ rpc }: World, token: Hex | 'native', wallet: Hex): Promise<bigint> {
  if (token === 'native') return BigInt((await rpc('eth_getBalance', [wallet, 'latest'])) as Hex)
  const call = { to: token, data: erc20.encodeFunctionData('balanceOf', [wallet]) }
  return BigInt((await rpc('eth_call', [call, 'latest'])) as Hex)
}

/** Has a wallet allow a spender so much of a token, before any manager has the wallet. */
export async function allow(
  { rpc }: World,
  { wallet, token, spender, amount }: { wallet: Hex; token: Hex; spender: Hex; amount: bigint },
): Promise<void> {
  await send(rpc, { from: wallet, to: token, data: erc20.encodeFunctionData('approve', [spender, amount]) })
}

/** Takes all of a token from a wallet, before any manager has the wallet. */
export async function giveAway(world: World, wallet: Hex, token: Hex): Promise<void> {
  const data = erc20.encodeFunctionData('transfer', [nobody, await balanceOf(world, token, wallet)])
  await world.rpc('eth_sendTransaction', [{ from: wallet, to: token, data }])
  await world.mine()
}

async function send(rpc: World['rpc'], transaction: { from: Hex; to: Hex; data: string }): Promise<void> {
  const hash = await rpc('eth_sendTransaction', [transaction])
  while ((await rpc('eth_getTransactionReceipt', [hash])) === null)
    await new Promise((resolve) => setTimeout(resolve, 10))
}
