import { EndpointError, NotAContractError } from '../domain/errors.ts'
import { type Hex, lowerHex } from '../domain/hex.ts'
import type { Read, Reader, ReadReply } from '../domain/read.ts'
import type { Dex } from './dex.ts'
import { type UniswapV2Venue, uniswapV2 } from './uniswapV2.ts'
import { type UniswapV3Venue, uniswapV3 } from './uniswapV3.ts'
import { readAddress } from './words.ts'

/** A venue as it is configured, by its kind. */
export type VenueConfig = UniswapV2Venue | UniswapV3Venue

/** Selectors of what routers and quoters tell about themselves. */
const selectors = { factory: '0xc45a0155', factoryV2: '0x68e0d4e1', WETH: '0xad5c4648', WETH9: '0x4aa4a4fc' } as const

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
  return venue.kind === 'uniswapV2' ? openUniswapV2(venue, chain, field) : openUniswapV3(venue, chain, field)
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
  requireAddress(factory, router, 'a Uniswap V2 router')
  if (wrappedNative === undefined) {
    return uniswapV2(venue, { wrappedNative: requireAddress(wrapped, router, 'a Uniswap V2 router') })
  }
  requireCode(wrappedCode, { field: `${field}.wrappedNative`, address: wrappedNative })
  return uniswapV2(venue, { wrappedNative })
}

async function openUniswapV3(venue: UniswapV3Venue, chain: Reader, field: string): Promise<Dex> {
  const [routerCode, quoterCode, wrapped, factory, factoryV2, quoterFactory] = await chain.read([
    { kind: 'code', address: lowerHex(venue.router) },
    { kind: 'code', address: lowerHex(venue.quoter) },
    ask(venue.router, selectors.WETH9),
    ask(venue.router, selectors.factory),
    ask(venue.router, selectors.factoryV2),
    ask(venue.quoter, selectors.factory),
  ])
  const router = { field: `${field}.router`, address: venue.router }
  const quoter = { field: `${field}.quoter`, address: venue.quoter }
  requireCode(routerCode, router)
  requireCode(quoterCode, quoter)
  // Only SwapRouter02 knows a V2 factory. The older SwapRouter answers the rest, but has other swap functions.
  requireAddress(factoryV2, router, 'a Uniswap SwapRouter02')
  const wrappedNative = requireAddress(wrapped, router, 'a Uniswap SwapRouter02')
  const routersPools = requireAddress(factory, router, 'a Uniswap SwapRouter02')
  const quotersPools = requireAddress(quoterFactory, quoter, 'a Uniswap V3 quoter')
  if (routersPools !== quotersPools) {
    throw new NotAContractError(`${quoter.field} prices the pools of another factory than ${router.field} trades in.`, {
      [router.field]: venue.router,
      [quoter.field]: venue.quoter,
    })
  }
  return uniswapV3(venue, { wrappedNative })
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

function requireAddress(reply: ReadReply | undefined, { field, address }: Configured, kind: string): Hex {
  const answer = reply?.ok ? readAddress(reply.value, 0) : undefined
  if (answer !== undefined) return answer
  throw new NotAContractError(`${field} is not ${kind}.`, { [field]: address })
}
