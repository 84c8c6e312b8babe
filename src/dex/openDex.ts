import { EndpointError, NotAContractError } from '../domain/errors.ts'
import { type Hex, lowerHex } from '../domain/hex.ts'
import type { Read, Reader, ReadReply } from '../domain/read.ts'
import { type AlgebraVenue, algebra, integral } from './algebra.ts'
import { type BalancerV2Venue, balancerV2, poolTokensRead } from './balancerV2.ts'
import type { Dex } from './dex.ts'
import { oldSwapProbe } from './periphery.ts'
import { decodeRevert } from './reverts.ts'
import { type UniswapV2Venue, uniswapV2 } from './uniswapV2.ts'
import { peripheries, type UniswapV3Venue, uniswapV3 } from './uniswapV3.ts'
import { type UniswapV4Venue, uniswapV4, usualPermit2 } from './uniswapV4.ts'
import { readAddress } from './words.ts'

/** A venue as it is configured, by its kind. */
export type VenueConfig = UniswapV2Venue | UniswapV3Venue | AlgebraVenue | BalancerV2Venue | UniswapV4Venue

/** Selectors of what routers, quoters and vaults tell about themselves. */
const selectors = {
  factory: '0xc45a0155',
  factoryV2: '0x68e0d4e1',
  WETH: '0xad5c4648',
  WETH9: '0x4aa4a4fc',
  WNativeToken: '0x8af3ac85',
  poolManager: '0xdc4c90d3',
  positionManagerV4: '0xd0c9f6cb',
} as const

/**
 * A venue, once its contracts have been found to be what the configuration says. Costs one round trip.
 *
 * @param field - Where the venue stands in the configuration: errors name it.
 * @throws {@link NotAContractError} if an address has no code, or a contract of another kind behind it.
 * @throws {@link EndpointError} if the node does not answer.
 *
 * @example
 * const dex = await openDex({ id: 'uniswap-v2', kind: 'uniswapV2', router }, chain, 'venues[0]')
 */
export function openDex(venue: VenueConfig, chain: Reader, field = 'venue'): Promise<Dex> {
  switch (venue.kind) {
    case 'uniswapV2':
      return openUniswapV2(venue, chain, field)
    case 'uniswapV3':
      return openUniswapV3(venue, chain, field)
    case 'algebra':
      return openAlgebra(venue, chain, field)
    case 'balancerV2':
      return openBalancerV2(venue, chain, field)
    case 'uniswapV4':
      return openUniswapV4(venue, chain, field)
  }
}

async function openUniswapV2(venue: UniswapV2Venue, chain: Reader, field: string): Promise<Dex> {
  const { wrappedNative } = venue
  const [routerCode, factory, wrapped, wrappedCode] = await chain.read([
    { kind: 'code', address: lowerHex(venue.router) },
    ask(venue.router, selectors.factory),
    ask(venue.router, selectors.WETH),
    { kind: 'code', address: lowerHex(wrappedNative ?? venue.router) },
  ])
  const router = { field: `${field}.router`, address: venue.router }
  requireCode(routerCode, router)
  const pairs = requireAddress(factory, router, 'a Uniswap V2 router')
  if (wrappedNative === undefined) {
    const own = requireAddress(wrapped, router, 'a Uniswap V2 router')
    return uniswapV2(venue, { wrappedNative: own, factory: pairs })
  }
  requireCode(wrappedCode, { field: `${field}.wrappedNative`, address: wrappedNative })
  return uniswapV2(venue, { wrappedNative, factory: pairs })
}

async function openUniswapV3(venue: UniswapV3Venue, chain: Reader, field: string): Promise<Dex> {
  const [routerCode, quoterCode, wrapped, factory, quoterFactory, factoryV2, oldSwap] = await chain.read([
    { kind: 'code', address: lowerHex(venue.router) },
    { kind: 'code', address: lowerHex(venue.quoter) },
    ask(venue.router, selectors.WETH9),
    ask(venue.router, selectors.factory),
    ask(venue.quoter, selectors.factory),
    ask(venue.router, selectors.factoryV2),
    oldSwapProbe(peripheries.SwapRouter, lowerHex(venue.router)),
  ])
  const router = { field: `${field}.router`, address: venue.router }
  const quoter = { field: `${field}.quoter`, address: venue.quoter }
  const kind = 'a Uniswap SwapRouter02 or SwapRouter'
  requireCode(routerCode, router)
  requireCode(quoterCode, quoter)
  const wrappedNative = requireAddress(wrapped, router, kind)
  const routersPools = { ...router, pools: requireAddress(factory, router, kind) }
  const quotersPools = { ...quoter, pools: requireAddress(quoterFactory, quoter, 'a Uniswap V3 quoter') }
  requireSamePools(routersPools, quotersPools)
  // Only SwapRouter02 knows a V2 factory; only SwapRouter knows the older swap.
  if (!factoryV2?.ok && !refusesAge(oldSwap)) throw notA(kind, router)
  const generation = factoryV2?.ok ? 'SwapRouter02' : 'SwapRouter'
  return uniswapV3(venue, { wrappedNative, factory: routersPools.pools, generation })
}

async function openAlgebra(venue: AlgebraVenue, chain: Reader, field: string): Promise<Dex> {
  const [routerCode, quoterCode, wrapped, factory, quoterFactory, oldSwap] = await chain.read([
    { kind: 'code', address: lowerHex(venue.router) },
    { kind: 'code', address: lowerHex(venue.quoter) },
    ask(venue.router, selectors.WNativeToken),
    ask(venue.router, selectors.factory),
    ask(venue.quoter, selectors.factory),
    oldSwapProbe(integral, lowerHex(venue.router)),
  ])
  const router = { field: `${field}.router`, address: venue.router }
  const quoter = { field: `${field}.quoter`, address: venue.quoter }
  const kind = 'an Algebra Integral SwapRouter'
  requireCode(routerCode, router)
  requireCode(quoterCode, quoter)
  const wrappedNative = requireAddress(wrapped, router, kind)
  const routersPools = { ...router, pools: requireAddress(factory, router, kind) }
  const quotersPools = { ...quoter, pools: requireAddress(quoterFactory, quoter, 'an Algebra quoter') }
  requireSamePools(routersPools, quotersPools)
  // Algebra before Integral has a swap with one word less.
  if (!refusesAge(oldSwap)) throw notA(kind, router)
  return algebra(venue, { wrappedNative, factory: routersPools.pools })
}

async function openBalancerV2(venue: BalancerV2Venue, chain: Reader, field: string): Promise<Dex> {
  const [code, wrapped, ...pools] = await chain.read([
    { kind: 'code', address: lowerHex(venue.vault) },
    ask(venue.vault, selectors.WETH),
    ...venue.pools.map((pool) => poolTokensRead(lowerHex(venue.vault), pool)),
  ])
  const vault = { field: `${field}.vault`, address: venue.vault }
  requireCode(code, vault)
  const wrappedNative = requireAddress(wrapped, vault, 'a Balancer V2 vault')
  venue.pools.forEach((pool, index) => {
    if (!pools[index]?.ok) throw notA('a pool of the vault', { field: `${field}.pools[${index}]`, address: pool })
  })
  return balancerV2(venue, { wrappedNative })
}

async function openUniswapV4(venue: UniswapV4Venue, chain: Reader, field: string): Promise<Dex> {
  const configured = (name: string, address: Hex): Configured => ({ field: `${field}.${name}`, address })
  const router = configured('router', venue.router)
  const quoter = configured('quoter', venue.quoter)
  const stateView = configured('stateView', venue.stateView)
  const permit2 = configured('permit2', venue.permit2 ?? usualPermit2)
  const contracts = [router, quoter, stateView, permit2]
  const [positions, routersManager, quotersManager, viewsManager, ...codes] = await chain.read([
    ask(venue.router, selectors.positionManagerV4),
    ...[router, quoter, stateView].map(({ address }) => ask(address, selectors.poolManager)),
    ...contracts.map(({ address }) => ({ kind: 'code', address: lowerHex(address) }) as const),
  ])
  contracts.forEach((contract, index) => {
    requireCode(codes[index], contract)
  })
  // Everything around V4 names its pool manager; the router alone knows where positions are kept.
  requireAddress(positions, router, 'a Universal Router that knows Uniswap V4')
  const poolManager = requireAddress(routersManager, router, 'a Universal Router that knows Uniswap V4')
  const routersPools = { ...router, pools: poolManager }
  const quotersPools = requireAddress(quotersManager, quoter, 'a Uniswap V4 quoter')
  const viewsPools = requireAddress(viewsManager, stateView, 'a Uniswap V4 StateView')
  requireSamePools(routersPools, { ...quoter, pools: quotersPools })
  requireSamePools(routersPools, { ...stateView, pools: viewsPools }, 'reads')
  return uniswapV4(venue, { poolManager })
}

interface Configured {
  readonly field: string
  readonly address: Hex
}

function ask(contract: Hex, selector: Hex): Read {
  return { kind: 'call', to: lowerHex(contract), data: selector }
}

function requireCode(reply: ReadReply | undefined, { field, address }: Configured): void {
  if (!reply?.ok) {
    const reason = reply?.message ?? 'no reply'
    throw new EndpointError(`The code of ${field} could not be read.`, { [field]: address, reason })
  }
  if (reply.value !== '0x') return
  throw new NotAContractError(`${field} is not a contract on this chain.`, { [field]: address })
}

function requireAddress(reply: ReadReply | undefined, configured: Configured, kind: string): Hex {
  const answer = reply?.ok ? readAddress(reply.value, 0) : undefined
  if (answer === undefined) throw notA(kind, configured)
  return answer
}

function requireSamePools(
  router: Configured & { pools: Hex },
  other: Configured & { pools: Hex },
  does: 'prices' | 'reads' = 'prices',
): void {
  if (router.pools === other.pools) return
  throw new NotAContractError(`${other.field} ${does} the pools of another factory than ${router.field} trades in.`, {
    [router.field]: router.address,
    [other.field]: other.address,
  })
}

function refusesAge(reply: ReadReply | undefined): boolean {
  return reply?.ok === false && decodeRevert(reply.data, reply.message).code === 'EXPIRED'
}

function notA(kind: string, { field, address }: Configured): NotAContractError {
  return new NotAContractError(`${field} is not ${kind}.`, { [field]: address })
}
