import { AbiCoder } from 'ethers'
import { type BaseUnits, parseAmount } from '../../src/domain/amount.ts'
import type { Hex } from '../../src/domain/hex.ts'
import type { Contract, Deployer } from './deployer.ts'
import { decimals } from './market.ts'
import type { Rpc } from './rpc.ts'
import { boundArtifact, keptArtifact, permit2Runtime, routerArtifact } from './uniswapV4Artifacts.ts'

/** Uniswap V4, with the router and the keeper of allowances that it is reached through. */
export interface ContractsV4 {
  readonly poolManager: Contract
  readonly positions: Contract
  readonly router: Contract
  readonly quoter: Contract
  readonly stateView: Contract
  readonly permit2: Contract
}

/** What V4 is deployed beside. */
interface Neighbours {
  readonly weth: Hex
  readonly factoryV2: Hex
  readonly factoryV3: Hex
  readonly positionsV3: Hex
}

type Coin = 'ETH' | 'WETH' | 'USDC' | 'DAI'
/** Tokens that are pooled, ETH apart. */
export type PooledTokens = Readonly<Record<Exclude<Coin, 'ETH'>, Contract>>

interface PoolV4 {
  readonly feePpm: number
  readonly tickSpacing: number
  readonly stakes: readonly [Stake, Stake]
  /** How far the one position reaches to either side of the price. */
  readonly reachTicks: number
}

interface Stake {
  readonly coin: Coin
  readonly amount: BaseUnits
}

/** Native coin twice, since V4 needs no wrapping, and the wrapped one, since that is another pool. */
const pools: readonly PoolV4[] = [
  { feePpm: 500, tickSpacing: 10, stakes: [stake('50', 'ETH'), stake('150150', 'USDC')], reachTicks: 2000 },
  { feePpm: 3000, tickSpacing: 60, stakes: [stake('30', 'ETH'), stake('90180', 'USDC')], reachTicks: 3000 },
  { feePpm: 3000, tickSpacing: 60, stakes: [stake('40', 'WETH'), stake('120080', 'DAI')], reachTicks: 3000 },
  { feePpm: 100, tickSpacing: 1, stakes: [stake('500000', 'DAI'), stake('500000', 'USDC')], reachTicks: 100 },
]

/** The same on every chain. */
const permit2Address: Hex = '0x000000000022d473030f116ddee9f6b43ac78ba3'
const nobody: Hex = '0x0000000000000000000000000000000000000000'
const noHash: Hex = `0x${'00'.repeat(32)}`
const unsubscribeGasLimit = 300_000
const unlimited = 2n ** 256n - 1n
const uint160Max = 2n ** 160n - 1n
const uint128Max = 2n ** 128n - 1n
const uint48Max = 2n ** 48n - 1n
// The actions of the position manager: MINT_POSITION, SETTLE_PAIR, SWEEP.
const mintAndPay = '0x020d14'
const keyType = 'tuple(address, address, uint24, int24, address)'

/**
 * Deploys Uniswap V4 and all that a swap through it needs.
 *
 * @throws Error where a deployment reverts.
 *
 * @example
 * const { router } = await deployV4(deployer, rpc, { weth, factoryV2, factoryV3, positionsV3 })
 */
export async function deployV4(deployer: Deployer, rpc: Rpc, near: Neighbours): Promise<ContractsV4> {
  const { abi, code } = permit2Runtime()
  await rpc('anvil_setCode', [permit2Address, code])
  const permit2 = { address: permit2Address, abi }
  const poolManager = await deployer.deploy(boundArtifact('PoolManager'), [deployer.address])
  const manager = poolManager.address
  // The zero address stands for the contract that draws a position's picture.
  const positions = await deployer.deploy(boundArtifact('PositionManager'), [
    manager,
    permit2Address,
    unsubscribeGasLimit,
    nobody,
    near.weth,
  ])
  const quoter = await deployer.deploy(keptArtifact('V4Quoter'), [manager])
  const stateView = await deployer.deploy(keptArtifact('StateView'), [manager])
  // Without the hashes of V2's and V3's pools it could not swap there: it is here for V4 alone.
  const router = await deployer.deploy(routerArtifact(), [
    [
      permit2Address,
      near.weth,
      near.factoryV2,
      near.factoryV3,
      noHash,
      noHash,
      manager,
      near.positionsV3,
      positions.address,
      nobody,
    ],
  ])
  return { poolManager, positions, router, quoter, stateView, permit2 }
}

/**
 * Opens every pool of V4, each with one position of the deployer's.
 *
 * @throws Error where a transaction reverts.
 *
 * @example
 * await openPoolsV4(deployer, contracts.tokens, contracts.uniswapV4)
 */
export async function openPoolsV4(deployer: Deployer, tokens: PooledTokens, v4: ContractsV4): Promise<void> {
  for (const token of [tokens.WETH, tokens.USDC, tokens.DAI]) {
    await deployer.send(token, 'approve', [v4.permit2.address, unlimited])
    await deployer.send(v4.permit2, 'approve', [token.address, v4.positions.address, uint160Max, uint48Max])
  }
  for (const pool of pools) await openPool(deployer, tokens, v4, pool)
}

async function openPool(deployer: Deployer, tokens: PooledTokens, v4: ContractsV4, pool: PoolV4): Promise<void> {
  const [side0, side1] = sorted(tokens, pool.stakes)
  const key = [side0.currency, side1.currency, pool.feePpm, pool.tickSpacing, nobody]
  const root = Math.sqrt(Number(side1.amount) / Number(side0.amount))
  await deployer.send(v4.poolManager, 'initialize', [key, BigInt(Math.floor(root * 2 ** 96))])

  const tick = (2 * Math.log(root)) / Math.log(1.0001)
  const aligned = (at: number) => Math.round(at / pool.tickSpacing) * pool.tickSpacing
  const [lower, upper] = [aligned(tick - pool.reachTicks), aligned(tick + pool.reachTicks)]
  const liquidity = liquidityOf(root, [lower, upper], [Number(side0.amount), Number(side1.amount)])
  const coder = AbiCoder.defaultAbiCoder()
  const params = [
    coder.encode(
      [keyType, 'int24', 'int24', 'uint256', 'uint128', 'uint128', 'address', 'bytes'],
      [key, lower, upper, liquidity, uint128Max, uint128Max, deployer.address, '0x'],
    ),
    coder.encode(['address', 'address'], [side0.currency, side1.currency]),
    coder.encode(['address', 'address'], [side0.currency, deployer.address]),
  ]
  const actions = coder.encode(['bytes', 'bytes[]'], [mintAndPay, params])
  // Twice the stake of native coin, since rounding may want a little more: the last action brings the rest back.
  const value = side0.currency === nobody ? 2n * side0.amount : 0n
  await deployer.send(v4.positions, 'modifyLiquidities', [actions, uint48Max], value)
}

/** How much liquidity both amounts make between two ticks, whole: the one that runs out first decides. */
function liquidityOf(root: number, ticks: readonly [number, number], amounts: readonly [number, number]): bigint {
  const [low, high] = ticks.map((tick) => 1.0001 ** (tick / 2)) as [number, number]
  const [amount0, amount1] = amounts
  return BigInt(Math.floor(Math.min((amount0 * root * high) / (high - root), amount1 / (root - low))))
}

/** Both sides in the pool's own order: that of the addresses, where native coin is zero. */
function sorted(tokens: PooledTokens, [a, b]: readonly [Stake, Stake]) {
  const sideOf = ({ coin, amount }: Stake) => {
    return { currency: coin === 'ETH' ? nobody : tokens[coin].address, amount: BigInt(amount) }
  }
  const [sideA, sideB] = [sideOf(a), sideOf(b)]
  return sideA.currency < sideB.currency ? ([sideA, sideB] as const) : ([sideB, sideA] as const)
}

function stake(amount: string, coin: Coin): Stake {
  return { coin, amount: parseAmount(amount, coin === 'ETH' ? 18 : decimals[coin]) }
}
