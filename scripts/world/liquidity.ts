import type { Hex } from '../../src/domain/hex.ts'
import type { Contracts } from './contracts.ts'
import type { Deployer } from './deployer.ts'
import { funds, type PoolV2, type PoolV3, poolsV2, poolsV3, type Stake } from './market.ts'
import { openPoolsV4 } from './uniswapV4.ts'

// The last second that every one of these contracts can count to.
const never = 2n ** 32n - 1n
const unlimited = 2n ** 256n - 1n
const tickSpacing: Record<PoolV3['feePpm'], number> = { 500: 10, 3000: 60 }

/**
 * Opens every pool of the market, and gives the accounts their tokens.
 *
 * @throws Error where a transaction reverts.
 *
 * @example
 * await addLiquidity(deployer, contracts, ['0xf39f…'])
 */
export async function addLiquidity(deployer: Deployer, contracts: Contracts, accounts: readonly Hex[]): Promise<void> {
  const { tokens, uniswapV2, sushiV2, uniswapV3 } = contracts
  await deployer.send(tokens.WETH, 'deposit', [], 10n ** 22n)
  for (const spender of [uniswapV2.router, sushiV2.router, uniswapV3.positions]) {
    for (const token of Object.values(tokens)) {
      await deployer.send(token, 'approve', [spender.address, unlimited])
    }
  }
  for (const pool of poolsV2) await openPoolV2(deployer, contracts, pool)
  for (const pool of poolsV3) await openPoolV3(deployer, contracts, pool)
  await openPoolsV4(deployer, tokens, contracts.uniswapV4)
  for (const account of accounts) {
    for (const { symbol, amount } of funds) await deployer.send(tokens[symbol], 'transfer', [account, amount])
  }
}

async function openPoolV2(deployer: Deployer, contracts: Contracts, { venue, stakes: [a, b] }: PoolV2): Promise<void> {
  const { router } = venue === 'sushi-v2' ? contracts.sushiV2 : contracts.uniswapV2
  const pair = [contracts.tokens[a.symbol].address, contracts.tokens[b.symbol].address]
  await deployer.send(router, 'addLiquidity', [...pair, a.amount, b.amount, 0, 0, deployer.address, never])
}

async function openPoolV3(deployer: Deployer, contracts: Contracts, pool: PoolV3): Promise<void> {
  const { positions } = contracts.uniswapV3
  const [side0, side1] = sorted(contracts.tokens, pool.stakes)
  const pair = [side0.token.address, side1.token.address, pool.feePpm]
  const spacing = tickSpacing[pool.feePpm]
  const tick = Math.log(Number(side1.amount) / Number(side0.amount)) / Math.log(1.0001)
  const aligned = (at: number) => Math.round(at / spacing) * spacing
  const range = [aligned(tick - pool.reachTicks), aligned(tick + pool.reachTicks)]
  const price = sqrt((side1.amount << 192n) / side0.amount)

  await deployer.send(positions, 'createAndInitializePoolIfNecessary', [...pair, price])
  const stakes = [side0.amount, side1.amount, 0, 0]
  await deployer.send(positions, 'mint', [[...pair, ...range, ...stakes, deployer.address, never]])
}

/** Both sides in the pool's own order, which is that of the tokens' addresses. */
function sorted(tokens: Contracts['tokens'], [a, b]: readonly [Stake, Stake]) {
  const sideA = { token: tokens[a.symbol], amount: BigInt(a.amount) }
  const sideB = { token: tokens[b.symbol], amount: BigInt(b.amount) }
  return sideA.token.address < sideB.token.address ? ([sideA, sideB] as const) : ([sideB, sideA] as const)
}

/** The whole part of a square root. */
function sqrt(value: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2))
  for (;;) {
    const next = (root + value / root) / 2n
    if (next >= root) return root
    root = next
  }
}
