import { AbiCoder, getAddress, keccak256, toBeHex } from 'ethers'
import type { Hex } from '../../src/domain/hex.ts'
import type { Contract, Deployer } from './deployer.ts'
import { decimals } from './market.ts'
import { readArtifact } from './packages.ts'
import type { Rpc } from './rpc.ts'

const file = '@aragon/minime/build/contracts/MiniMeToken.json'
const nobody: Hex = '0x0000000000000000000000000000000000000000'
/** Where the token keeps its balances: a list for each holder. */
const balancesSlot = 8

/**
 * Deploys a token with USDT's digits that, like USDT, refuses to change an allowance from one amount to another: it has to be
 * taken back to nothing between. USDT itself is not published; this is MiniMe, the other well-known token that does so.
 *
 * @throws Error where a transaction reverts.
 *
 * @example
 * const usdt = await deployUsdt(deployer, 10n ** 30n)
 */
export async function deployUsdt(deployer: Deployer, supply: bigint): Promise<Contract> {
  const token = await deployer.deploy(readArtifact(file), [
    nobody,
    nobody,
    0,
    'Tether USD',
    decimals.USDT,
    'USDT',
    true,
  ])
  await deployer.send(token, 'generateTokens', [deployer.address, supply])
  return token
}

/**
 * Makes every balance of the token one from the beginning. It notes at which block a balance changed, and a world begins again at
 * block 0: there, what was noted while it was built would lie in the future.
 *
 * @example
 * await settleUsdt(rpc, usdt)
 */
export async function settleUsdt(rpc: Rpc, { address: to, abi }: Contract): Promise<void> {
  const filter = { address: to, fromBlock: '0x0', topics: [abi.getEvent('Transfer')?.topicHash] }
  const transfers = (await rpc('eth_getLogs', [filter])) as { topics: Hex[] }[]
  const holders = new Set(transfers.flatMap(({ topics: [, sender, receiver] }) => [sender, receiver]))
  for (const word of holders) {
    const holder = getAddress(`0x${word?.slice(-40)}`)
    const data = abi.encodeFunctionData('balanceOf', [holder])
    const balance = BigInt((await rpc('eth_call', [{ to, data }, 'latest'])) as Hex)
    const list = keccak256(AbiCoder.defaultAbiCoder().encode(['address', 'uint256'], [holder, balancesSlot]))
    // One entry: the block in the lower half of the word, the balance in the upper one.
    await rpc('anvil_setStorageAt', [to, list, toBeHex(1, 32)])
    await rpc('anvil_setStorageAt', [to, keccak256(list), toBeHex(balance << 128n, 32)])
  }
}
