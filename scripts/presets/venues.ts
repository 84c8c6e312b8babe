import { join } from 'node:path'
import * as viem from 'viem'
import * as viemChains from 'viem/chains'
import type { VenueConfig } from '../../src/dex/openDex.ts'
import { type Hex, lowerHex } from '../../src/domain/hex.ts'
import { type Exports, loadModule, partOf } from './loadModule.ts'
import type { Folders } from './releases.ts'

/** The networks that have presets, by chain id. */
export const networks: Readonly<Record<number, string>> = {
  1: 'Ethereum',
  10: 'Optimism',
  56: 'BNB Chain',
  137: 'Polygon',
  8453: 'Base',
  42161: 'Arbitrum One',
  43114: 'Avalanche',
}

/** Routers from 2.1.1 on take a V4 swap with one field more. */
const routerVersion = '2.0'

type Table = Readonly<Record<number, string | undefined>>

/** What the packages say of one contract each, by chain id. */
interface Tables {
  readonly uniswapV2Router: Table
  readonly uniswapV3Router: Table
  readonly uniswapV3Quoter: Table
  readonly universalRouter: Table
  readonly v4Quoter: Table
  readonly v4StateView: Table
  readonly permit2: Table
  readonly sushiV2Router: Table
  readonly pancakeV2Router: Table
  readonly pancakeV3Router: Table
  readonly pancakeV3Quoter: Table
  readonly balancerVault: Table
}

/**
 * The venues of each network, as the packages know them. A venue that lacks one of its contracts there is left out.
 *
 * @example
 * venuesByChain(await unpackReleases())[1]?.[0] // { id: 'uniswap-v2', kind: 'uniswapV2', router: '0x7a25…' }
 */
export function venuesByChain(folders: Folders): Readonly<Record<number, readonly VenueConfig[]>> {
  const tables = readTables(folders)
  return Object.fromEntries(Object.keys(networks).map((chainId) => [chainId, venuesOf(tables, Number(chainId))]))
}

function venuesOf(tables: Tables, chainId: number): readonly VenueConfig[] {
  const at = <Name extends string>(contracts: Record<Name, Table>): Record<Name, Hex>[] => {
    const found = Object.entries<Table>(contracts).map(([name, table]) => [name, addressIn(table, chainId)] as const)
    return found.some(([, address]) => address === undefined) ? [] : [Object.fromEntries(found) as Record<Name, Hex>]
  }
  const { uniswapV3Quoter, universalRouter, v4Quoter, v4StateView, permit2, pancakeV3Quoter } = tables
  const v4 = { router: universalRouter, quoter: v4Quoter, stateView: v4StateView, permit2 }
  return [
    ...at({ router: tables.uniswapV2Router }).map(
      (contracts): VenueConfig => ({ id: 'uniswap-v2', kind: 'uniswapV2', ...contracts }),
    ),
    ...at({ router: tables.uniswapV3Router, quoter: uniswapV3Quoter }).map(
      (contracts): VenueConfig => ({ id: 'uniswap-v3', kind: 'uniswapV3', ...contracts }),
    ),
    ...at(v4).map((contracts): VenueConfig => ({ id: 'uniswap-v4', kind: 'uniswapV4', ...contracts })),
    ...at({ router: tables.sushiV2Router }).map(
      (contracts): VenueConfig => ({ id: 'sushi-v2', kind: 'uniswapV2', ...contracts }),
    ),
    ...at({ router: tables.pancakeV2Router }).map(
      (contracts): VenueConfig => ({ id: 'pancake-v2', kind: 'uniswapV2', ...contracts, feePpm: 2500 }),
    ),
    ...at({ router: tables.pancakeV3Router, quoter: pancakeV3Quoter }).map(
      (contracts): VenueConfig => ({
        id: 'pancake-v3',
        kind: 'uniswapV3',
        ...contracts,
        feeTiers: [100, 500, 2500, 10_000],
      }),
    ),
    ...at({ vault: tables.balancerVault }).map(
      (contracts): VenueConfig => ({ id: 'balancer-v2', kind: 'balancerV2', ...contracts, pools: [] }),
    ),
  ]
}

function addressIn(table: Table, chainId: number): Hex | undefined {
  const address = table[chainId]
  if (address === undefined) return undefined
  if (!/^0x[0-9a-fA-F]{40}$/.test(address)) throw new Error(`A package has no address for chain ${chainId}.`)
  return lowerHex(address)
}

function readTables(folders: Folders): Tables {
  const uniswapFolder = join(folders.uniswap, 'dist/cjs/src')
  const uniswap = {
    ...loadModule(join(uniswapFolder, 'chains.js')),
    ...loadModule(join(uniswapFolder, 'addresses.js')),
  }
  const byChain = uniswap.CHAIN_TO_ADDRESSES_MAP as Record<number, Record<string, string> | undefined>
  const swapRouter = uniswap.SWAP_ROUTER_02_ADDRESSES as (chainId: number) => string
  const quoters = loadModule(join(folders.uniswapQuoters, 'build/main/util/addresses.js'), {
    '@uniswap/sdk-core': partOf(uniswap),
  })
  const routers = loadModule(join(folders.uniswapRouters, 'dist/cjs/src/utils/constants.js'))
  const routerConfigs = routers.CHAIN_CONFIGS as Record<number, RouterConfigs | undefined>
  const permit2 = loadModule(join(folders.permit2, 'dist/cjs/src/constants.js'))
  const pancake = loadModule(join(folders.pancake, 'dist/evm.js'), {
    '@pancakeswap/chains': loadModule(join(folders.pancakeChains, 'dist/index.js')),
  })
  const sushi = loadModule(join(folders.sushi, '_cjs/evm/config/features/sushiswap-v2.js'), {
    viem: viem as unknown as Exports,
    'viem/chains': viemChains as unknown as Exports,
  })
  const balancer = loadModule(join(folders.balancer, 'dist/index.js'))
  return {
    uniswapV2Router: tableIn(uniswap, 'V2_ROUTER_ADDRESSES'),
    uniswapV3Router: table(swapRouter),
    uniswapV3Quoter: tableIn(quoters, 'QUOTER_V2_ADDRESSES'),
    universalRouter: table((chainId) => routerConfigs[chainId]?.routerConfigs[routerVersion]?.address),
    v4Quoter: table((chainId) => byChain[chainId]?.v4QuoterAddress),
    v4StateView: table((chainId) => byChain[chainId]?.v4StateView),
    permit2: table(permit2.permit2Address as (chainId: number) => string),
    sushiV2Router: tableIn(sushi, 'SUSHISWAP_V2_ROUTER_ADDRESS'),
    pancakeV2Router: tableIn(pancake, 'V2_ROUTER_ADDRESS'),
    pancakeV3Router: tableIn(pancake, 'SMART_ROUTER_ADDRESSES'),
    pancakeV3Quoter: tableIn(pancake, 'V3_QUOTER_ADDRESSES'),
    balancerVault: tableIn(balancer, 'VAULT_V2'),
  }
}

interface RouterConfigs {
  readonly routerConfigs: Readonly<Record<string, { readonly address: string } | undefined>>
}

/** @throws Error where the package has no such table: it may have another name in a newer release. */
function tableIn(exports: Exports, name: string): Table {
  const found = exports[name]
  if (typeof found !== 'object' || found === null || Object.keys(found).length === 0) {
    throw new Error(`The package has no ${name}.`)
  }
  return found as Table
}

function table(addressOf: (chainId: number) => string | undefined): Table {
  return Object.fromEntries(Object.keys(networks).map((chainId) => [chainId, addressOf(Number(chainId))]))
}
