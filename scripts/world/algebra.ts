import type { Hex } from '../../src/domain/hex.ts'
import { place } from './concentrated.ts'
import type { Contracts } from './contracts.ts'
import type { Contract, Deployer } from './deployer.ts'
import { poolsAlgebra } from './market.ts'
import { readArtifact } from './packages.ts'

/** Algebra Integral. */
export interface ContractsAlgebra {
  readonly router: Contract
  readonly quoter: Contract
  readonly positions: Contract
}

const core = '@cryptoalgebra/integral-core/artifacts/contracts'
const periphery = '@cryptoalgebra/integral-periphery/artifacts/contracts'
const files = {
  factory: `${core}/AlgebraFactory.sol/AlgebraFactory.json`,
  poolDeployer: `${core}/AlgebraPoolDeployer.sol/AlgebraPoolDeployer.json`,
  router: `${periphery}/SwapRouter.sol/SwapRouter.json`,
  quoter: `${periphery}/lens/QuoterV2.sol/QuoterV2.json`,
  positions: `${periphery}/NonfungiblePositionManager.sol/NonfungiblePositionManager.json`,
}
const nobody: Hex = '0x0000000000000000000000000000000000000000'
// What the factory gives every pool.
const spacing = 60
// The last second that every one of these contracts can count to.
const never = 2n ** 32n - 1n

/**
 * Deploys Algebra Integral.
 *
 * @throws Error where a deployment reverts.
 *
 * @example
 * const { router } = await deployAlgebra(deployer, weth)
 */
export async function deployAlgebra(deployer: Deployer, weth: Hex): Promise<ContractsAlgebra> {
  // The factory and the maker of its pools each ask for the other's address: the maker comes next.
  const factory = await deployer.deploy(readArtifact(files.factory), [deployer.nextAddress(1)])
  const maker = await deployer.deploy(readArtifact(files.poolDeployer), [factory.address])
  const all = [factory.address, weth, maker.address]
  const router = await deployer.deploy(readArtifact(files.router), all)
  const quoter = await deployer.deploy(readArtifact(files.quoter), all)
  // The zero address stands for the contract that draws a position's picture.
  const positions = await deployer.deploy(readArtifact(files.positions), [factory.address, weth, nobody, maker.address])
  return { router, quoter, positions }
}

/**
 * Opens every pool of Algebra, each with one position of the deployer's.
 *
 * @throws Error where a transaction reverts.
 *
 * @example
 * await openPoolsAlgebra(deployer, contracts)
 */
export async function openPoolsAlgebra(deployer: Deployer, { tokens, algebra }: Contracts): Promise<void> {
  for (const { stakes, reachTicks } of poolsAlgebra) {
    const placed = place(tokens, stakes, { reachTicks, spacing })
    const pool = [...placed.tokens, nobody]
    await deployer.send(algebra.positions, 'createAndInitializePoolIfNecessary', [...pool, placed.price, '0x'])
    const position = [...pool, ...placed.range, ...placed.amounts, 0, 0, deployer.address, never]
    await deployer.send(algebra.positions, 'mint', [position])
  }
}
