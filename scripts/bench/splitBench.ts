import { poolOf, poolOutput } from '../../src/distribution/constantProduct.ts'
import type { AllocationRequest, VenueSurvey } from '../../src/distribution/distribution.ts'
import { type BaseUnits, baseUnits, parseAmount } from '../../src/domain/amount.ts'
import type { ConstantProduct, Quote } from '../../src/domain/swap.ts'
import type { Legwork } from './legworkTrader.ts'
import { type Latency, percentile } from './measure.ts'
import { monotonicMs } from './stub.ts'

/** How long it takes to split an order: computing alone, since every quote is there at once. */
export interface Splitting extends Latency {
  /** How many venues got a leg. */
  readonly legs: number
}

/** The venues: half of them with a closed form, half known by their quotes alone. */
export const splitVenues = 8

/** What pools hold: ETH and USDC in whole tokens, and their fees in hundredths of a basis point. */
type Holding = readonly [ether: number, usdc: number, feePpm: number]

const pools: readonly Holding[] = [
  [1000, 3_000_000, 3000],
  [300, 898_500, 3000],
  [650, 1_951_000, 2500],
  [120, 360_400, 3000],
]

/** Each of these venues has two pools and gives what the better one does; half of the order is the most that they take. */
const tiered: readonly (readonly [Holding, Holding])[] = [
  [
    [600, 1_803_000, 500],
    [280, 842_000, 3000],
  ],
  [
    [300, 900_600, 500],
    [140, 420_500, 2500],
  ],
  [
    [360, 1_080_700, 100],
    [900, 2_700_000, 3000],
  ],
  [
    [200, 600_400, 3000],
    [75, 225_100, 10_000],
  ],
]

const order = { amount: parseAmount('60', 18), legCost: parseAmount('4', 6) }

/**
 * Splits the same order again and again over eight venues. What they quote is remembered, so that asking costs next to nothing.
 *
 * @throws Error where fewer than four venues get a leg: a market without a choice would prove nothing.
 *
 * @example
 * const { p50 } = await measureSplitting(legwork, { samples: 200, warmUp: 100 })
 */
export async function measureSplitting(
  { DistributionManager }: Legwork,
  { samples, warmUp }: { samples: number; warmUp: number },
): Promise<Splitting> {
  const manager = new DistributionManager({ legsMax: splitVenues })
  const request = requestOf()
  const tookMs: number[] = []
  let legs = 0
  for (let turn = 0; turn < warmUp + samples; turn += 1) {
    const startedAtMs = monotonicMs()
    const allocation = await manager.allocate(request)
    const endedAtMs = monotonicMs()
    if (turn >= warmUp) tookMs.push(endedAtMs - startedAtMs)
    legs = allocation.legs.length
  }
  if (legs < splitVenues / 2) throw new Error(`The order was split into ${legs} legs only.`)
  return { legs, p50: percentile(tookMs, 0.5), p99: percentile(tookMs, 0.99) }
}

function requestOf(): AllocationRequest {
  const sources = [...pools.map(closedVenue), ...tiered.map(quotedVenue)]
  const venues = new Map(sources.map((source, place) => [`venue-${place}`, source]))
  return {
    tradeId: 'split',
    pair: 'ETH/USDC',
    side: 'sell',
    amount: order.amount,
    tokenIn: { symbol: 'ETH', address: 'native', decimals: 18 },
    tokenOut: { symbol: 'USDC', address: `0x${'dc'.padStart(40, '1')}`, decimals: 6 },
    venues: [...venues.keys()],
    nowMs: Date.now(),
    survey: async (amounts) => ({
      block: { number: 1, hash: `0x${'b'.repeat(64)}` },
      venues: Object.fromEntries([...venues].map(([venue, { survey }]) => [venue, survey(venue, amounts)])),
    }),
    quote: async (amounts) =>
      Object.fromEntries(
        Object.entries(amounts).map(([venue, amount]) => [venue, venues.get(venue)?.quote(amount) ?? 'It is unknown.']),
      ),
  }
}

interface Source {
  survey(venue: string, amounts: readonly BaseUnits[]): VenueSurvey
  quote(amount: BaseUnits): Quote | string
}

function closedVenue(holding: Holding): Source {
  const closedForm = reservesOf(holding)
  const quote = remembered((amount) => ({ amount: outputOf(closedForm, amount) }))
  return { quote, survey: (venue) => ({ ...surveyOf(venue), closedForm, quotes: [] }) }
}

function quotedVenue(holdings: readonly [Holding, Holding]): Source {
  const tiers = holdings.map(reservesOf)
  const most = BigInt(order.amount) / 2n
  const quote = remembered((amount) => {
    if (BigInt(amount) > most) return 'The pool can fill it only in part.'
    const [one = '0', other = '0'] = tiers.map((tier) => outputOf(tier, amount))
    return { amount: BigInt(one) < BigInt(other) ? other : one }
  })
  return { quote, survey: (venue, amounts) => ({ ...surveyOf(venue), closedForm: null, quotes: amounts.map(quote) }) }
}

function surveyOf(venue: string): Pick<VenueSurvey, 'cap' | 'pools' | 'legCost'> {
  return { cap: order.amount, pools: [venue], legCost: order.legCost }
}

function reservesOf([ether, usdc, feePpm]: Holding): ConstantProduct {
  return { reserveIn: parseAmount(String(ether), 18), reserveOut: parseAmount(String(usdc), 6), feePpm }
}

function outputOf(reserves: ConstantProduct, amount: BaseUnits): BaseUnits {
  return baseUnits(poolOutput(poolOf(reserves), BigInt(amount)))
}

function remembered(quote: Source['quote']): Source['quote'] {
  const known = new Map<BaseUnits, Quote | string>()
  return (amount) => {
    const before = known.get(amount)
    if (before !== undefined) return before
    const answer = quote(amount)
    known.set(amount, answer)
    return answer
  }
}
