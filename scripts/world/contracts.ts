import type { Hex } from '../../src/domain/hex.ts'
import { type ContractsAlgebra, deployAlgebra } from './algebra.ts'
import { type ContractsBalancer, deployBalancer } from './balancerV2.ts'
import type { Contract, Deployer } from './deployer.ts'
import type { TokenSymbol } from './market.ts'
import { readArtifact } from './packages.ts'
import { type ContractsPancake, deployPancake } from './pancakeV3.ts'
import type { Rpc } from './rpc.ts'
import { type ContractsV4, deployV4 } from './uniswapV4.ts'
import { deployUsdt } from './usdt.ts'

/** A Uniswap V2 or a fork of it. */
interface ContractsV2 {
  readonly factory: Contract
  readonly router: Contract
}

/** Uniswap V3. */
interface ContractsV3 {
  readonly factory: Contract
  readonly router: Contract
  readonly quoter: Contract
  readonly positions: Contract
}

/** Everything that is deployed, before any of it holds a token. */
export interface Contracts {
  readonly tokens: Record<TokenSymbol, Contract>
  readonly uniswapV2: ContractsV2
  readonly sushiV2: ContractsV2
  readonly uniswapV3: ContractsV3
  readonly uniswapV4: ContractsV4
  readonly pancakeV3: ContractsPancake
  readonly algebra: ContractsAlgebra
  readonly balancerV2: ContractsBalancer
}

const files = {
  weth: '@uniswap/v2-periphery/build/WETH9.json',
  token: '@sushiswap/core/artifacts/contracts/mocks/ERC20Mock.sol/ERC20Mock.json',
  taxed: '@uniswap/v2-periphery/build/DeflatingERC20.json',
  uniswapFactory: '@uniswap/v2-core/build/UniswapV2Factory.json',
  uniswapRouter: '@uniswap/v2-periphery/build/UniswapV2Router02.json',
  // The one in `artifacts` makes pools at other addresses than the router looks for.
  sushiFactory: '@sushiswap/core/deployments/mainnet/UniswapV2Factory.json',
  sushiRouter: '@sushiswap/core/artifacts/contracts/uniswapv2/UniswapV2Router02.sol/UniswapV2Router02.json',
  factoryV3: '@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json',
  positions: '@uniswap/v3-periphery/artifacts/contracts/NonfungiblePositionManager.sol/NonfungiblePositionManager.json',
  routerV3: '@uniswap/swap-router-contracts/artifacts/contracts/SwapRouter02.sol/SwapRouter02.json',
  quoterV2: '@uniswap/swap-router-contracts/artifacts/contracts/lens/QuoterV2.sol/QuoterV2.json',
}

const zeroAddress: Hex = '0x0000000000000000000000000000000000000000'
// Far more than the pools and the accounts are given.
const supply = 10n ** 30n

/**
 * Deploys the real contracts from their own packages.
 *
 * @throws Error where a deployment reverts.
 *
 * @example
 * const { uniswapV3 } = await deployContracts(await startDeployer(rpc), rpc)
 * uniswapV3.router.address // SwapRouter02
 */
export async function deployContracts(deployer: Deployer, rpc: Rpc): Promise<Contracts> {
  const weth = await deployer.deploy(readArtifact(files.weth))
  const usdc = await deployer.deploy(readArtifact(files.token), ['USD Coin', 'USDC', supply])
  const dai = await deployer.deploy(readArtifact(files.token), ['Dai Stablecoin', 'DAI', supply])
  await setDecimals(rpc, usdc.address, 6)

  const uniswapV2 = await deployV2(deployer, weth.address, {
    factory: files.uniswapFactory,
    router: files.uniswapRouter,
  })
  const sushiV2 = await deployV2(deployer, weth.address, { factory: files.sushiFactory, router: files.sushiRouter })
  const uniswapV3 = await deployV3(deployer, weth.address, uniswapV2.factory.address)
  const uniswapV4 = await deployV4(deployer, rpc, {
    weth: weth.address,
    factoryV2: uniswapV2.factory.address,
    factoryV3: uniswapV3.factory.address,
    positionsV3: uniswapV3.positions.address,
  })
  const pancakeV3 = await deployPancake(deployer, weth.address)
  const algebra = await deployAlgebra(deployer, weth.address)
  const balancerV2 = await deployBalancer(deployer, weth.address)
  const usdt = await deployUsdt(deployer, supply)
  const taxed = await deployer.deploy(readArtifact(files.taxed), [supply])
  const tokens = { WETH: weth, USDC: usdc, DAI: dai, USDT: usdt, TAX: taxed }
  return { tokens, uniswapV2, sushiV2, uniswapV3, uniswapV4, pancakeV3, algebra, balancerV2 }
}

async function deployV2(
  deployer: Deployer,
  weth: Hex,
  file: { factory: string; router: string },
): Promise<ContractsV2> {
  const factory = await deployer.deploy(readArtifact(file.factory), [deployer.address])
  const router = await deployer.deploy(readArtifact(file.router), [factory.address, weth])
  return { factory, router }
}

async function deployV3(deployer: Deployer, weth: Hex, factoryV2: Hex): Promise<ContractsV3> {
  const factory = await deployer.deploy(readArtifact(files.factoryV3))
  // The zero address stands for the contract that draws a position's picture.
  const positions = await deployer.deploy(readArtifact(files.positions), [factory.address, weth, zeroAddress])
  const quoter = await deployer.deploy(readArtifact(files.quoterV2), [factory.address, weth])
  const router = await deployer.deploy(readArtifact(files.routerV3), [
    factoryV2,
    factory.address,
    positions.address,
    weth,
  ])
  return { factory, router, quoter, positions }
}

// The token's constructor always says 18. It keeps the number alone in its sixth slot, after two mappings, the supply
// and two names.
async function setDecimals(rpc: Rpc, token: Hex, decimals: number): Promise<void> {
  const slot = '0x5'
  await rpc('anvil_setStorageAt', [token, slot, `0x${decimals.toString(16).padStart(64, '0')}`])
}
