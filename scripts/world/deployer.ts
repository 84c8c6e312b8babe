import { getCreateAddress } from 'ethers'
import { type Hex, lowerHex } from '../../src/domain/hex.ts'
import type { Artifact } from './packages.ts'
import type { Rpc } from './rpc.ts'

/** A contract that is on the chain. */
export interface Contract {
  readonly address: Hex
  readonly abi: Artifact['abi']
}

/** Who builds the world: an account that the node signs for, so that the accounts with keys stay untouched. */
export interface Deployer {
  readonly address: Hex
  deploy(artifact: Artifact, args?: readonly unknown[]): Promise<Contract>
  /** Where the next contract will be, or the one `later` contracts after it. */
  nextAddress(later?: number): Hex
  /** Sends a transaction to a contract and mines it. `valueWei` goes with it. */
  send(contract: Contract, method: string, args: readonly unknown[], valueWei?: bigint): Promise<void>
}

const address: Hex = '0x0000000000000000000000000000000000decade'
const balance = 10n ** 27n
// As much as a block takes by default: nothing here needs half of it.
const gasLimit = 15_000_000

/**
 * An account with a billion ETH on a node that mines by hand.
 *
 * @throws Error from its methods where a transaction reverts.
 *
 * @example
 * const deployer = await startDeployer(anvil.rpc)
 * const weth = await deployer.deploy(readArtifact('@uniswap/v2-periphery/build/WETH9.json'))
 * await deployer.send(weth, 'deposit', [], 10n ** 18n)
 */
export async function startDeployer(rpc: Rpc): Promise<Deployer> {
  await rpc('anvil_impersonateAccount', [address])
  await rpc('anvil_setBalance', [address, hexNumber(balance)])
  let nonce = 0

  async function transact(what: string, transaction: { to?: Hex; data: string; value?: string }): Promise<void> {
    const request = { ...transaction, from: address, nonce: hexNumber(nonce), gas: hexNumber(gasLimit) }
    const hash = await rpc('eth_sendTransaction', [request])
    await rpc('evm_mine')
    const receipt = (await rpc('eth_getTransactionReceipt', [hash])) as { status: string } | null
    if (receipt?.status !== '0x1') throw new Error(`${what} ${receipt === null ? 'was not mined' : 'reverted'}.`)
    nonce += 1
  }

  const nextAddress = (later = 0) => lowerHex(getCreateAddress({ from: address, nonce: nonce + later }))

  return {
    address,
    nextAddress,
    async deploy({ abi, bytecode }, args = []) {
      const created = nextAddress()
      await transact('A deployment', { data: bytecode + abi.encodeDeploy(args).slice(2) })
      return { address: created, abi }
    },
    async send({ address: to, abi }, method, args, valueWei = 0n) {
      await transact(method, { to, data: abi.encodeFunctionData(method, args), value: hexNumber(valueWei) })
    },
  }
}

function hexNumber(value: bigint | number): Hex {
  return `0x${value.toString(16)}`
}
