import type { Hex } from '../../src/domain/hex.ts'
import { openPoolsAlgebra } from './algebra.ts'
import { openPoolsBalancer } from './balancerV2.ts'
import { place } from './concentrated.ts'
import type { Contracts } from './contracts.ts'
import type { Deployer } from './deployer.ts'
import { funds, type PoolV2, type PoolV3, poolsV2, poolsV3, poolTaxed } from './market.ts'
import { openPoolsPancake } from './pancakeV3.ts'
import type { Rpc } from './rpc.ts'
import { openPoolsV4 } from './uniswapV4.ts'

// The last second that every one of these contracts can count to.
const never = 2n ** 32n - 1n
const unlimited = 2n ** 256n - 1n
const tickSpacing: Record<PoolV3['feePpm'], number> = { 500: 10, 3000: 60 }

/** What only opening a pool shows. */
export interface Opened {
  /** Ids of Balancer's pools. */
  readonly balancerPools: readonly Hex[]
}

/**
 * Opens every pool of the market, and gives the accounts their tokens.
 *
 * @throws Error where a transaction reverts.
 *
 * @example
 * const { balancerPools } = await addLiquidity({ deployer, rpc }, contracts, ['0xf39f…'])
 */
export async function addLiquidity(
  { deployer, rpc }: { readonly deployer: Deployer; readonly rpc: Rpc },
  contracts: Contracts,
  accounts: readonly Hex[],
): Promise<Opened> {
  const { tokens, uniswapV2, sushiV2, uniswapV3, pancakeV3, algebra, balancerV2 } = contracts
  await deployer.send(tokens.WETH, 'deposit', [], 10n ** 22n)
  const positions = [uniswapV3.positions, pancakeV3.positions, algebra.positions]
  for (const spender of [uniswapV2.router, sushiV2.router, ...positions, balancerV2.vault]) {
    for (const token of Object.values(tokens)) {
      await deployer.send(token, 'approve', [spender.address, unlimited])
    }
  }
  for (const pool of [...poolsV2, poolTaxed]) await openPoolV2(deployer, contracts, pool)
  for (const pool of poolsV3) await openPoolV3(deployer, contracts, pool)
  await openPoolsV4(deployer, tokens, contracts.uniswapV4)
  await openPoolsPancake(deployer, contracts)
  await openPoolsAlgebra(deployer, contracts)
  const balancerPools = await openPoolsBalancer(deployer, contracts, rpc)
  for (const account of accounts) {
    for (const { symbol, amount } of funds) await deployer.send(tokens[symbol], 'transfer', [account, amount])
  }
  return { balancerPools }
}

async function openPoolV2(deployer: Deployer, contracts: Contracts, { venue, stakes: [a, b] }: PoolV2): Promise<void> {
  const { router } = venue === 'sushi-v2' ? contracts.sushiV2 : contracts.uniswapV2
  const pair = [contracts.tokens[a.symbol].address, contracts.tokens[b.symbol].address]
  await deployer.send(router, 'addLiquidity', [...pair, a.amount, b.amount, 0, 0, deployer.address, never])
}

async function openPoolV3(deployer: Deployer, contracts: Contracts, pool: PoolV3): Promise<void> {
  const { positions } = contracts.uniswapV3
  const { stakes, feePpm, reachTicks } = pool
  const placed = place(contracts.tokens, stakes, { reachTicks, spacing: tickSpacing[feePpm] })
  const key = [...placed.tokens, feePpm]
  await deployer.send(positions, 'createAndInitializePoolIfNecessary', [...key, placed.price])
  const position = [...key, ...placed.range, ...placed.amounts, 0, 0, deployer.address, never]
  await deployer.send(positions, 'mint', [position])
}
