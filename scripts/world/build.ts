import { gunzipSync } from 'node:zlib'
import type { AlgebraVenue } from '../../src/dex/algebra.ts'
import type { BalancerV2Venue } from '../../src/dex/balancerV2.ts'
import type { UniswapV3Venue } from '../../src/dex/uniswapV3.ts'
import type { UniswapV4Venue } from '../../src/dex/uniswapV4.ts'
import type { Hex } from '../../src/domain/hex.ts'
import { devAccounts } from './accounts.ts'
import { startAnvil } from './anvil.ts'
import { type Contracts, deployContracts } from './contracts.ts'
import { startDeployer } from './deployer.ts'
import { addLiquidity, type Opened } from './liquidity.ts'
import { fundedAccounts, type TokenSymbol } from './market.ts'
import type { Rpc } from './rpc.ts'
import { settleUsdt } from './usdt.ts'

/** Tokens as the configuration names them. */
type WorldTokens = Readonly<Record<TokenSymbol, Hex>> & { readonly ETH: 'native' }

/** Venues as the configuration names them. */
type WorldVenues = readonly [
  { readonly id: 'uniswap-v2'; readonly kind: 'uniswapV2'; readonly router: Hex },
  { readonly id: 'sushi-v2'; readonly kind: 'uniswapV2'; readonly router: Hex },
  {
    readonly id: 'uniswap-v3'
    readonly kind: 'uniswapV3'
    readonly router: Hex
    readonly quoter: Hex
    readonly factory: Hex
  },
]

/** Contracts that no configuration names, for tests that look behind the venues. */
interface WorldContracts {
  readonly uniswapV2Factory: Hex
  readonly sushiV2Factory: Hex
  readonly uniswapV3Positions: Hex
  readonly permit2: Hex
}

/** A built world: where things are, and the state that puts them there. */
export interface Built {
  readonly tokens: WorldTokens
  readonly venues: WorldVenues
  /** More kinds of venues, beside the three that most tests trade at. */
  readonly moreVenues: readonly [UniswapV4Venue, UniswapV3Venue, AlgebraVenue, BalancerV2Venue]
  readonly contracts: WorldContracts
  readonly genesis: Genesis
}

/** A chain's first block, as geth and anvil read it: only what accounts hold. */
interface Genesis {
  readonly alloc: Record<Hex, { balance: Hex; nonce: Hex; code: Hex; storage: Record<Hex, Hex> }>
}

// Pools note when they were last traded. In the past at every start, so that the first trade costs the same gas always:
// one in the same second would skip two fresh storage slots, and an estimate made then would be too low a second later.
const builtAtS = Date.UTC(2024, 0, 1) / 1000

/**
 * Builds the world from nothing on a node of its own.
 *
 * @throws Error where a transaction reverts or the node does not start.
 *
 * @example
 * const { genesis } = await buildWorld()
 */
export async function buildWorld(): Promise<Built> {
  const anvil = await startAnvil({ args: ['--no-mining', '--timestamp', String(builtAtS)] })
  try {
    const deployer = await startDeployer(anvil.rpc)
    const contracts = await deployContracts(deployer, anvil.rpc)
    const accounts = devAccounts(fundedAccounts).map(({ address }) => address)
    const opened = await addLiquidity({ deployer, rpc: anvil.rpc }, contracts, accounts)
    await settleUsdt(anvil.rpc, contracts.tokens.USDT)
    return { ...addresses(contracts, opened), genesis: await dumpGenesis(anvil.rpc) }
  } finally {
    await anvil.stop()
  }
}

function addresses(contracts: Contracts, opened: Opened): Omit<Built, 'genesis'> {
  const { tokens, uniswapV2, sushiV2, uniswapV3, uniswapV4 } = contracts
  return {
    tokens: {
      ETH: 'native',
      WETH: tokens.WETH.address,
      USDC: tokens.USDC.address,
      DAI: tokens.DAI.address,
      USDT: tokens.USDT.address,
      TAX: tokens.TAX.address,
    },
    venues: [
      { id: 'uniswap-v2', kind: 'uniswapV2', router: uniswapV2.router.address },
      { id: 'sushi-v2', kind: 'uniswapV2', router: sushiV2.router.address },
      {
        id: 'uniswap-v3',
        kind: 'uniswapV3',
        router: uniswapV3.router.address,
        quoter: uniswapV3.quoter.address,
        factory: uniswapV3.factory.address,
      },
    ],
    moreVenues: moreVenues(contracts, opened),
    contracts: {
      uniswapV2Factory: uniswapV2.factory.address,
      sushiV2Factory: sushiV2.factory.address,
      uniswapV3Positions: uniswapV3.positions.address,
      permit2: uniswapV4.permit2.address,
    },
  }
}

function moreVenues({ uniswapV4, pancakeV3, algebra, balancerV2 }: Contracts, opened: Opened): Built['moreVenues'] {
  return [
    {
      id: 'uniswap-v4',
      kind: 'uniswapV4',
      router: uniswapV4.router.address,
      quoter: uniswapV4.quoter.address,
      stateView: uniswapV4.stateView.address,
    },
    {
      id: 'pancake-v3',
      kind: 'uniswapV3',
      router: pancakeV3.router.address,
      quoter: pancakeV3.quoter.address,
      feeTiers: [100, 500, 2500, 10_000],
    },
    { id: 'algebra', kind: 'algebra', router: algebra.router.address, quoter: algebra.quoter.address },
    { id: 'balancer-v2', kind: 'balancerV2', vault: balancerV2.vault.address, pools: opened.balancerPools },
  ]
}

// What accounts hold is a quarter of the node's own dump, and loads as block 0: a chain with no history, at today's time.
async function dumpGenesis(rpc: Rpc): Promise<Genesis> {
  const packed = (await rpc('anvil_dumpState')) as string
  const dump = JSON.parse(gunzipSync(Buffer.from(packed.slice(2), 'hex')).toString()) as {
    accounts: Record<Hex, { nonce: number; balance: Hex; code: Hex; storage: Record<Hex, Hex> }>
  }
  const entries = Object.entries(dump.accounts).map(([address, account]) => {
    return [address, { ...account, nonce: `0x${account.nonce.toString(16)}` }] as const
  })
  return { alloc: Object.fromEntries(entries) }
}
