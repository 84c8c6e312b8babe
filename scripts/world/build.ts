import { gunzipSync } from 'node:zlib'
import type { UniswapV4Venue } from '../../src/dex/uniswapV4.ts'
import type { Hex } from '../../src/domain/hex.ts'
import { devAccounts } from './accounts.ts'
import { startAnvil } from './anvil.ts'
import { type Contracts, deployContracts } from './contracts.ts'
import { startDeployer } from './deployer.ts'
import { addLiquidity } from './liquidity.ts'
import { fundedAccounts } from './market.ts'
import type { Rpc } from './rpc.ts'

/** Tokens as the configuration names them. */
type WorldTokens = Readonly<Record<'WETH' | 'USDC' | 'DAI', Hex>> & { readonly ETH: 'native' }

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
  readonly moreVenues: readonly UniswapV4Venue[]
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
    await addLiquidity(deployer, contracts, accounts)
    return { ...addresses(contracts), genesis: await dumpGenesis(anvil.rpc) }
  } finally {
    await anvil.stop()
  }
}

function addresses({ tokens, uniswapV2, sushiV2, uniswapV3, uniswapV4 }: Contracts): Omit<Built, 'genesis'> {
  return {
    tokens: { ETH: 'native', WETH: tokens.WETH.address, USDC: tokens.USDC.address, DAI: tokens.DAI.address },
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
    moreVenues: [
      {
        id: 'uniswap-v4',
        kind: 'uniswapV4',
        router: uniswapV4.router.address,
        quoter: uniswapV4.quoter.address,
        stateView: uniswapV4.stateView.address,
      },
    ],
    contracts: {
      uniswapV2Factory: uniswapV2.factory.address,
      sushiV2Factory: sushiV2.factory.address,
      uniswapV3Positions: uniswapV3.positions.address,
      permit2: uniswapV4.permit2.address,
    },
  }
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
