import type { Settings } from '../config.ts'
import type { VenueConfig } from '../dex/openDex.ts'
import { usualPermit2 } from '../dex/uniswapV4.ts'
import type { Hex } from '../domain/hex.ts'
import type { LegContext, LegPolicy } from '../domain/leg.ts'
import type { TradeContext } from '../domain/trade.ts'
import type { AllowList } from '../signer/piscinaSigner.ts'
import type { StoredGap } from './gapFillers.ts'
import { policyOf } from './policy.ts'
import type { StoredTrade } from './records.ts'

/** What was begun under an earlier configuration and goes on under this one. */
interface Unfinished {
  readonly live: readonly StoredTrade[]
  readonly gaps: readonly StoredGap[]
}

type AllowSettings = Pick<Settings, 'tokens' | 'execution'> & { readonly venues: readonly VenueConfig[] }

/**
 * All that the signing workers may sign: calls of the configured venues, approvals of their spenders, and fees up to the
 * highest ceiling.
 *
 * A stored trade keeps its own tokens and ceilings for its whole life, so they count as well. The contracts that may be called
 * or approved come from the configuration alone, never from the store.
 *
 * @example
 * allowListOf(settings, { live: [], gaps: [] }).contracts // ['0x7a250d5630b4cf539739df2c5dacb4c659f2488d']
 */
export function allowListOf({ venues, tokens, execution }: AllowSettings, { live, gaps }: Unfinished): AllowList {
  const contracts = venues.map(contractsOf)
  const orders = live.map(({ record }) => (record.snapshot as unknown as { context: TradeContext }).context.order)
  const gapOrders = gaps.map(({ snapshot }) => (snapshot as unknown as { context: LegContext }).context.order)
  const policies = [policyOf(execution), ...[...orders, ...gapOrders].map(({ policy }) => policy)]
  const traded = [...tokens, ...orders.flatMap(({ tokenIn, tokenOut }) => [tokenIn, tokenOut])]
  return {
    contracts: distinct(contracts.flatMap(({ called }) => called)),
    tokens: distinct(traded.flatMap(({ address }) => (address === 'native' ? [] : [address]))),
    permits: distinct(contracts.flatMap(({ permits }) => permits)),
    spenders: distinct(contracts.flatMap(({ called, permits }) => [...called, ...permits])),
    ...ceilingsOf(policies),
  }
}

/** What a venue's swaps call, which takes the tokens as well, and the Permit2 contracts in between. */
function contractsOf(venue: VenueConfig): { readonly called: readonly Hex[]; readonly permits: readonly Hex[] } {
  // Each kind says for itself what it calls: one that is missing here does not compile.
  switch (venue.kind) {
    case 'uniswapV2':
    case 'uniswapV3':
    case 'algebra':
      return { called: [venue.router], permits: [] }
    case 'balancerV2':
      return { called: [venue.vault], permits: [] }
    case 'uniswapV4':
      return { called: [venue.router], permits: [venue.permit2 ?? usualPermit2] }
  }
}

function ceilingsOf(policies: readonly LegPolicy[]): Pick<AllowList, 'maxFeePerGas' | 'gasLimit'> {
  const fees = policies.flatMap(({ maxFeePerGas, maxCancelFeePerGas }) => [maxFeePerGas, maxCancelFeePerGas])
  return {
    maxFeePerGas: fees.reduce((highest, fee) => (BigInt(fee) > BigInt(highest) ? fee : highest), '0'),
    gasLimit: Math.max(...policies.map(({ gasLimitMax }) => gasLimitMax)),
  }
}

function distinct(addresses: readonly Hex[]): Hex[] {
  return [...new Set(addresses)]
}
