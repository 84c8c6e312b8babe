import type { Hex } from '../../src/domain/hex.ts'
import { place } from './concentrated.ts'
import type { Contracts } from './contracts.ts'
import type { Contract, Deployer } from './deployer.ts'
import { type PoolPancake, poolsPancake } from './market.ts'
import { readArtifact } from './packages.ts'
import { poolMaker } from './pancakePoolMaker.ts'

/** PancakeSwap V3: its router is the older generation. */
export interface ContractsPancake {
  readonly factory: Contract
  readonly router: Contract
  readonly quoter: Contract
  readonly positions: Contract
}

const files = {
  factory: '@pancakeswap/v3-core/artifacts/contracts/PancakeV3Factory.sol/PancakeV3Factory.json',
  pool: '@pancakeswap/v3-core/artifacts/contracts/PancakeV3Pool.sol/PancakeV3Pool.json',
  router: '@pancakeswap/v3-periphery/artifacts/contracts/SwapRouter.sol/SwapRouter.json',
  quoter: '@pancakeswap/v3-periphery/artifacts/contracts/lens/QuoterV2.sol/QuoterV2.json',
  positions:
    '@pancakeswap/v3-periphery/artifacts/contracts/NonfungiblePositionManager.sol/NonfungiblePositionManager.json',
}
const tickSpacing: Record<PoolPancake['feePpm'], number> = { 500: 10, 2500: 50 }
const nobody: Hex = '0x0000000000000000000000000000000000000000'
// The last second that every one of these contracts can count to.
const never = 2n ** 32n - 1n

/**
 * Deploys PancakeSwap V3.
 *
 * @throws Error where a deployment reverts.
 *
 * @example
 * const { router } = await deployPancake(deployer, weth)
 */
export async function deployPancake(deployer: Deployer, weth: Hex): Promise<ContractsPancake> {
  const maker = await deployer.deploy(poolMaker(readArtifact(files.pool)))
  const factory = await deployer.deploy(readArtifact(files.factory), [maker.address])
  const both = [maker.address, factory.address, weth]
  const router = await deployer.deploy(readArtifact(files.router), both)
  const quoter = await deployer.deploy(readArtifact(files.quoter), both)
  // The zero address stands for the contract that draws a position's picture.
  const positions = await deployer.deploy(readArtifact(files.positions), [...both, nobody])
  return { factory, router, quoter, positions }
}

/**
 * Opens every pool of PancakeSwap V3, each with one position of the deployer's.
 *
 * @throws Error where a transaction reverts.
 *
 * @example
 * await openPoolsPancake(deployer, contracts)
 */
export async function openPoolsPancake(deployer: Deployer, { tokens, pancakeV3 }: Contracts): Promise<void> {
  for (const { feePpm, stakes, reachTicks } of poolsPancake) {
    const placed = place(tokens, stakes, { reachTicks, spacing: tickSpacing[feePpm] })
    const pool = [...placed.tokens, feePpm]
    await deployer.send(pancakeV3.positions, 'createAndInitializePoolIfNecessary', [...pool, placed.price])
    const position = [...pool, ...placed.range, ...placed.amounts, 0, 0, deployer.address, never]
    await deployer.send(pancakeV3.positions, 'mint', [position])
  }
}
