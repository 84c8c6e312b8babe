import type { Dex, Market, Pool } from '../dex/dex.ts'
import { poolInput, poolOf, poolOutput } from '../distribution/constantProduct.ts'
import type { AllocationRequest, Survey, VenueSurvey } from '../distribution/distribution.ts'
import { type BaseUnits, baseUnits } from '../domain/amount.ts'
import { NoLiquidityError, toFailure } from '../domain/errors.ts'
import { batchOf, type Request } from '../domain/read.ts'
import type { ConstantProduct, Quote, Side } from '../domain/swap.ts'
import type { NativePrice } from '../domain/trade.ts'
import { capOf, poolShareBps } from './caps.ts'
import { grantRequest } from './grants.ts'
import { insist } from './insist.ts'
import { legCost, nativePriceRequest } from './legCosts.ts'
import { balanceRequest, candidates, checkHoldings } from './payers.ts'
import { type Portion, swapOf } from './portion.ts'
import { known, type Ports } from './ports.ts'

/** The venues of a portion as they are at one block, for whoever splits it. */
export interface Surveyor extends Pick<AllocationRequest, 'survey' | 'quote'> {
  /** When the last quotes were asked for. */
  askedAtMs(): number
  /** True where there are pools, and the configuration's limits leave nothing for any of them. */
  isLimited(): boolean
  /** What the native coin is worth in the units that quotes are in; null where nothing trades the two. */
  nativePrice(): NativePrice | null
}

/** A venue that has pools for the pair. */
interface Open {
  readonly venue: string
  readonly dex: Dex
  readonly pools: readonly Pool[]
}

/** One venue's market, with what it gave for each of the amounts that it was asked for. */
interface Seen extends Open {
  readonly market: Market
  readonly quotes: readonly (Quote | string)[]
  readonly sizes?: readonly BaseUnits[]
}

const wholeBps = 10_000n

/**
 * Looks at the venues of a portion. Whatever is asked is read at the block of the head that is known, together with the wallets'
 * balances, what they allow, and the price of gas: one round trip, and one before it where a pair's pools are not known yet.
 */
export function surveyorOf(ports: Ports, portion: Portion, signal: AbortSignal): Surveyor {
  const { follower, clock } = ports
  const wallets = candidates(ports, portion)
  // Every wallet gets the same quote.
  const [wallet = '0x'] = wallets
  let price: NativePrice | null = null
  let block: Survey['block'] = follower.head()
  let askedAtMs = clock.now()
  let seen: readonly Seen[] = []
  let isLimited = false

  const ask = askerOf(ports, signal)

  function quoteRequest({ dex, pools }: Open, amount: BaseUnits): Request<Quote | string> {
    return orReason(dex.quoteRequest(swapOf(portion, wallet, amount), pools))
  }

  /** With a closed form one quote is enough: it shows whether that is the right one. */
  function lookAt(venues: readonly Open[], amounts: readonly BaseUnits[], isTrusted: boolean): Promise<Seen[]> {
    const markets = venues.map((one) => {
      const asked = isTrusted && one.dex.isConstantProduct ? amounts.slice(-1) : amounts
      const quotes = batchOf(asked.map((amount) => quoteRequest(one, amount)))
      return batchOf([one.dex.marketRequest(portion, one.pools), quotes])
    })
    return ask(
      batchOf([
        balanceRequest(ports, wallets, [portion.tokenIn.address, 'native']),
        grantRequest(ports, wallets, portion.venues, portion.tokenIn),
        nativePriceRequest(ports, portion),
        batchOf(markets),
      ]),
      block.number,
    ).then(([, , priced, answers]) => {
      price = priced
      return venues.flatMap((one, index) => {
        const [market, quotes] = answers[index] ?? []
        return market === undefined || quotes === undefined ? [] : [{ ...one, market, quotes }]
      })
    })
  }

  /** True where the pool's reserves explain the price that its venue gave. */
  function isExplained({ dex, market, quotes: [quote] }: Seen, amount: BaseUnits): boolean {
    if (!dex.isConstantProduct) return true
    if (market.closedForm === null) return false
    return (
      priceOf(market.closedForm, portion.side, amount) === (typeof quote === 'object' ? BigInt(quote.amount) : null)
    )
  }

  /** Where a share of a pool is small beside the order, none of the amounts is within it: asks for smaller ones. */
  async function lookCloser(one: Seen, amounts: readonly BaseUnits[]): Promise<Seen> {
    const whole = BigInt(amounts.at(-1) ?? portion.amount)
    const cap = BigInt(capOf(ports, portion, one.venue, depthOf(one.market)))
    const isNarrow = poolShareBps(ports, portion, one.venue) !== null && cap > 0n && cap < whole
    if (one.dex.isConstantProduct || !isNarrow) return one
    const sizes = [...new Set(amounts.map((amount) => (BigInt(amount) * cap) / whole))].filter((size) => size > 0n)
    const units = sizes.map(baseUnits)
    return {
      ...one,
      sizes: units,
      quotes: await ask(batchOf(units.map((size) => quoteRequest(one, size))), block.number),
    }
  }

  function surveyOf(one: Seen, given: readonly BaseUnits[], isTrusted: boolean): VenueSurvey {
    const { venue, dex, pools, market, quotes, sizes } = one
    const amounts = sizes ?? given
    const closedForm = isTrusted && dex.isConstantProduct ? market.closedForm : null
    const cap = capOf(ports, portion, venue, depthOf(market))
    return {
      cap: closedForm === null ? cap : withinReserves(venue, closedForm, cap),
      pools: pools.map(({ id }) => id),
      routes: Object.fromEntries(pools.flatMap(({ id, route }) => (route === null ? [] : [[route, id]]))),
      closedForm,
      quotes: closedForm === null ? amounts.map((amount, index) => withinPool(one, amount, quotes[index])) : [],
      ...(sizes !== undefined && { sizes }),
      legCost: legCost(ports, portion, venue, wallet, price),
    }
  }

  /** What a purchase may take from a pool that no more than its share is paid into. */
  function withinReserves(venue: string, reserves: ConstantProduct, cap: BaseUnits): BaseUnits {
    const share = poolShareBps(ports, portion, venue)
    if (share === null || portion.side === 'sell') return cap
    const most = priceOf(reserves, 'sell', baseUnits((BigInt(reserves.reserveIn) * share) / wholeBps)) ?? 0n
    return BigInt(cap) < most ? cap : baseUnits(most)
  }

  /** A quote, unless its leg would put more into the pool than its share. */
  function withinPool({ venue, market }: Seen, amount: BaseUnits, quote: Quote | string | undefined): Quote | string {
    if (typeof quote !== 'object') return quote ?? `${venue} gave no quote.`
    const share = poolShareBps(ports, portion, venue)
    const depth = market.depths[quote.route ?? '']
    const paid = BigInt(portion.side === 'sell' ? amount : quote.amount)
    if (share === null || depth === undefined || paid * wholeBps <= BigInt(depth) * share) return quote
    return `${venue} may not get more than its share of the pool.`
  }

  return {
    askedAtMs: () => askedAtMs,
    nativePrice: () => price,
    isLimited: () => isLimited,

    async survey(amounts) {
      const venues = await openVenues(ports, portion, ask)
      block = follower.head()
      askedAtMs = clock.now()
      const first = await lookAt(venues, amounts, true)
      const strange = first.filter((one) => !isExplained(one, amounts.at(-1) ?? portion.amount))
      const again = strange.length === 0 ? [] : await lookAt(strange, amounts, false)
      const looked = [...first.filter((one) => !strange.includes(one)), ...again]
      seen = await Promise.all(looked.map((one) => lookCloser(one, amounts)))
      checkHoldings(ports, portion, wallets)
      const surveys = Object.fromEntries(
        seen.map(
          (one) => [one.venue, surveyOf(one, amounts, !strange.some(({ venue }) => venue === one.venue))] as const,
        ),
      )
      isLimited = seen.length > 0 && Object.values(surveys).every(({ cap }) => cap === '0')
      const pair = `${portion.tokenIn.symbol}/${portion.tokenOut.symbol}`
      const none = portion.venues.map((venue) => [venue, `${venue} has no pool for ${pair}.`] as const)
      return { block, venues: { ...Object.fromEntries(none), ...surveys } }
    },

    async quote(amounts) {
      const wanted = Object.entries(amounts).flatMap(([venue, amount]) => {
        const one = seen.find((candidate) => candidate.venue === venue)
        return one === undefined ? [] : [{ one, amount }]
      })
      const quotes = await ask(batchOf(wanted.map(({ one, amount }) => quoteRequest(one, amount))), block.number)
      return Object.fromEntries(
        wanted.map(({ one, amount }, index) => [one.venue, withinPool(one, amount, quotes[index])]),
      )
    },
  }
}

/** What each venue's pools hold of the token that goes in: of its deepest; for limits on shares of pools. */
export async function readDepths(
  ports: Ports,
  portion: Portion,
  signal: AbortSignal,
): Promise<Readonly<Record<string, BaseUnits>>> {
  const ask = askerOf(ports, signal)
  const venues = await openVenues(ports, portion, ask)
  const markets = await ask(batchOf(venues.map(({ dex, pools }) => dex.marketRequest(portion, pools))))
  return Object.fromEntries(venues.map(({ venue }, index) => [venue, depthOf(markets[index] ?? noMarket) ?? '0']))
}

const noMarket: Market = { depths: {}, closedForm: null }

type Ask = <Answer>(request: Request<Answer>, at?: number) => Promise<Answer>

function askerOf(ports: Ports, signal: AbortSignal): Ask {
  return async (request, at) => {
    if (request.reads.length === 0) return request.answer([])
    return request.answer(await insist(ports, signal, () => ports.chain.read(request.reads, at)))
  }
}

async function openVenues(ports: Ports, portion: Portion, ask: Ask): Promise<Open[]> {
  const dexes = portion.venues.map((venue) => known(ports.dexes, venue, 'venue'))
  const missing = dexes.filter((dex) => ports.pools.find(dex, portion) === undefined)
  const found = await ask(batchOf(missing.map((dex) => dex.poolRequest(portion))), ports.follower.head().number)
  for (const [index, dex] of missing.entries()) ports.pools.note(dex, portion, found[index] ?? unsure)
  return dexes.flatMap((dex) => {
    const pools = ports.pools.find(dex, portion) ?? []
    return pools.length === 0 ? [] : [{ venue: dex.venue, dex, pools }]
  })
}

const unsure = { pools: [], isSure: false }

function depthOf({ depths }: Market): BaseUnits | null {
  let most: bigint | null = null
  for (const depth of Object.values(depths)) if (most === null || BigInt(depth) > most) most = BigInt(depth)
  return most === null ? null : baseUnits(most)
}

/** A request whose lack of liquidity is an answer too. */
function orReason({ reads, answer }: Request<Quote>): Request<Quote | string> {
  return {
    reads,
    answer: (replies) => {
      try {
        return answer(replies)
      } catch (error) {
        if (error instanceof NoLiquidityError) return toFailure(error).message
        throw error
      }
    },
  }
}

/** What a pool of these reserves would give, or ask for; null where it cannot. */
function priceOf(reserves: ConstantProduct, side: Side, amount: BaseUnits): bigint | null {
  try {
    const pool = poolOf(reserves)
    const price = side === 'sell' ? poolOutput(pool, BigInt(amount)) : poolInput(pool, BigInt(amount))
    return price > 0n ? price : null
  } catch (error) {
    if (error instanceof NoLiquidityError) return null
    throw error
  }
}
