import { AbiCoder } from 'ethers'
import { type Hex, lowerHex } from '../../src/domain/hex.ts'
import type { Contracts } from './contracts.ts'
import type { Contract, Deployer } from './deployer.ts'
import { type PoolBalancer, poolsBalancer } from './market.ts'
import { readArtifact } from './packages.ts'
import type { Rpc } from './rpc.ts'

/** Balancer V2: the vault has the tokens of all pools, and two factories make the pools. */
export interface ContractsBalancer {
  readonly vault: Contract
  readonly weighted: Contract
  readonly stable: Contract
}

const tasks = '@balancer-labs/v2-deployments/dist/tasks'
const files = {
  vault: `${tasks}/20210418-vault/artifact/Vault.json`,
  authorizer: `${tasks}/20210418-authorizer/artifact/Authorizer.json`,
  feeProvider: `${tasks}/20220725-protocol-fee-percentages-provider/artifact/ProtocolFeePercentagesProvider.json`,
  weighted: `${tasks}/20230206-weighted-pool-v3/artifact/WeightedPoolFactory.json`,
  stable: `${tasks}/20230206-composable-stable-pool-v3/artifact/ComposableStablePoolFactory.json`,
  stablePool: `${tasks}/20230206-composable-stable-pool-v3/artifact/ComposableStablePool.json`,
}
const nobody: Hex = '0x0000000000000000000000000000000000000000'
const unlimited = 2n ** 256n - 1n
const dayS = 86_400
// The longest in which a vault may be paused after its birth, and the longest pause.
const pauseS = [90 * dayS, 30 * dayS]
const one = 10n ** 18n
const amplification = 200
// How a first stake is announced to a pool.
const init = 0

/**
 * Deploys the vault of Balancer V2 and two factories of pools.
 *
 * @throws Error where a deployment reverts.
 *
 * @example
 * const { vault } = await deployBalancer(deployer, weth)
 */
export async function deployBalancer(deployer: Deployer, weth: Hex): Promise<ContractsBalancer> {
  const authorizer = await deployer.deploy(readArtifact(files.authorizer), [deployer.address])
  const vault = await deployer.deploy(readArtifact(files.vault), [authorizer.address, weth, ...pauseS])
  const feeProvider = await deployer.deploy(readArtifact(files.feeProvider), [vault.address, one, one])
  const both = [vault.address, feeProvider.address, 'factory', 'pool']
  const weighted = await deployer.deploy(readArtifact(files.weighted), both)
  const stable = await deployer.deploy(readArtifact(files.stable), both)
  return { vault, weighted, stable }
}

/**
 * Opens every pool of Balancer V2 with the deployer's stakes.
 *
 * @returns The pools' ids.
 * @throws Error where a transaction reverts.
 *
 * @example
 * const [poolId] = await openPoolsBalancer(deployer, contracts, rpc)
 */
export async function openPoolsBalancer(deployer: Deployer, contracts: Contracts, rpc: Rpc): Promise<Hex[]> {
  const ids: Hex[] = []
  for (const pool of poolsBalancer) ids.push(await openPool(deployer, contracts, rpc, pool))
  return ids
}

async function openPool(deployer: Deployer, contracts: Contracts, rpc: Rpc, pool: PoolBalancer): Promise<Hex> {
  const { vault, weighted, stable } = contracts.balancerV2
  const isStable = pool.weights === null
  const sides = pool.stakes
    .map(({ symbol, amount }, index) => {
      const share = pool.weights?.[index] ?? 0
      return { address: contracts.tokens[symbol].address, amount: BigInt(amount), weight: (one * BigInt(share)) / 100n }
    })
    .sort((a, b) => (a.address < b.address ? -1 : 1))
  const tokens = sides.map(({ address }) => address)
  const fee = (one * BigInt(pool.feePpm)) / 1_000_000n
  const kind = isStable
    ? [amplification, [nobody, nobody], [0, 0], [false, false], fee]
    : [sides.map(({ weight }) => weight), [nobody, nobody], fee]
  const args = ['Test pool', 'POOL', tokens, ...kind, deployer.address]
  const factory = isStable ? stable : weighted

  // The factory answers with the address, which a transaction does not pass on: it is asked before.
  const address = `0x${(await call(rpc, deployer, factory, 'create', args)).slice(-40)}` as const
  await deployer.send(factory, 'create', args)
  const { abi } = readArtifact(files.stablePool)
  const id = lowerHex(await call(rpc, deployer, { address, abi }, 'getPoolId', []))

  // A stable pool's own shares are one of its tokens. It mints them for the deployer, who pays them in.
  const own = isStable ? [{ address: lowerHex(address), amount: 0n }] : []
  const joined = [...sides, ...own].sort((a, b) => (a.address < b.address ? -1 : 1))
  const amounts = joined.map(({ amount }) => amount)
  const announced = AbiCoder.defaultAbiCoder().encode(['uint256', 'uint256[]'], [init, amounts])
  const request = [joined.map((side) => side.address), amounts.map(() => unlimited), announced, false]
  await deployer.send(vault, 'joinPool', [id, deployer.address, deployer.address, request])
  return id
}

async function call(rpc: Rpc, { address: from }: Deployer, contract: Contract, method: string, args: unknown[]) {
  const data = contract.abi.encodeFunctionData(method, args)
  return (await rpc('eth_call', [{ from, to: contract.address, data }, 'latest'])) as Hex
}
