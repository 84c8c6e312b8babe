import type { Settings } from '../config.ts'
import type { Dex } from '../dex/dex.ts'
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

/**
 * All that the signing workers may sign: swaps of the configured venues, in the very forms that their encoders make, approvals of
 * their spenders, and fees up to the highest ceiling.
 *
 * A stored trade keeps its own tokens and ceilings for its whole life, so they count as well. The contracts that may be called
 * or approved come from the venues of now alone, never from the store: a leg whose venue is gone could not go on anyway.
 *
 * @example
 * allowListOf(settings, dexes.values(), { live: [], gaps: [] }).swaps[0].to // '0x7a250d5630b4cf539739df2c5dacb4c659f2488d'
 */
export function allowListOf(
  { tokens, execution }: Pick<Settings, 'tokens' | 'execution'>,
  dexes: Iterable<Dex>,
  { live, gaps }: Unfinished,
): AllowList {
  const venues = [...dexes]
  const orders = live.map(({ record }) => (record.snapshot as unknown as { context: TradeContext }).context.order)
  const gapOrders = gaps.map(({ snapshot }) => (snapshot as unknown as { context: LegContext }).context.order)
  const policies = [policyOf(execution), ...[...orders, ...gapOrders].map(({ policy }) => policy)]
  const traded = [...tokens, ...orders.flatMap(({ tokenIn, tokenOut }) => [tokenIn, tokenOut])]
  return {
    swaps: venues.flatMap((dex) => dex.swapShapes()),
    tokens: distinct(traded.flatMap(({ address }) => (address === 'native' ? [] : [address]))),
    spenders: venues.flatMap(({ spenders }) => spenders),
    ...ceilingsOf(policies),
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
