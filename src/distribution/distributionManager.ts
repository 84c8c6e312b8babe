import { baseUnits } from '../domain/amount.ts'
import { NoLiquidityError } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import { type Bank, kept, memory, namespace, version } from './bank.ts'
import { type Conduct, isConduct, judged, probed, standingOf, verdictOf } from './breaker.ts'
import type { Allocation, AllocationRequest, Distribution, Survey, TradeResult } from './distribution.ts'
import { ladder } from './ladder.ts'
import { isLessons, type Lessons, learned, trustIn, unknown } from './learning.ts'
import { type Offer, offerOf } from './offer.ts'
import { type QuotedLeg, quotedSplit } from './quotedSplit.ts'
import { type RecentTrades, recentTrades } from './recentTrades.ts'
import { type DistributionConfig, type DistributionSettings, readSettings } from './settings.ts'

/** What offers are made of. */
interface OfferTerms {
  readonly survey: Survey
  /** What was asked for, ascending. */
  readonly sizes: readonly bigint[]
  /** The most that a venue may take that has to prove itself. */
  readonly probeMax: bigint
}

/**
 * The specification's manager of distribution: splits each order so that all venues that take part end at the same marginal
 * price, within their limits and net of gas, and learns from each result. (After Angeris, Chitra, Evans, Boyd, *Optimal Routing
 * for Constant Function Market Makers*.)
 *
 * What it learns is by venue and pair: a venue that is bad for one pair may be good for another.
 *
 * @example
 * const distributionManager = new DistributionManager({ legsMax: 3 })
 */
export class DistributionManager implements Distribution {
  readonly #settings: DistributionSettings
  readonly #bank: Bank
  #recent: RecentTrades | null = null

  /**
   * @param config - What differs from the usual.
   * @param memoryBank - Where what is learned is kept; without one, in memory, until the process ends.
   * @throws {@link InvalidConfigError} with every field that is at fault.
   */
  constructor(config: DistributionConfig = {}, memoryBank: Bank = memory()) {
    this.#settings = readSettings(config)
    this.#bank = memoryBank
  }

  /**
   * Splits an order. All its quotes are of one block.
   *
   * @throws {@link NoLiquidityError} where no venue can take any of it, with each venue's reason.
   */
  async allocate(request: AllocationRequest): Promise<Allocation> {
    const { side, pair } = request
    const { legsMax, quoteRoundsMax: roundsMax } = this.#settings
    const amount = BigInt(request.amount)
    const sizes = ladder(amount)
    const survey = await request.survey(sizes.map(baseUnits))
    const share = (amount * BigInt(this.#settings.probeShareBps)) / 10_000n
    const made = this.#offers(request, { survey, sizes, probeMax: share > 0n ? share : 1n })
    // There is nobody else to fill the order: then there is nothing to be held back for either.
    const isOnTrial = made.offers.length > 0 && made.offers.every(({ isProbe }) => isProbe)
    const { offers, reasons } = isOnTrial ? this.#offers(request, { survey, sizes, probeMax: amount }) : made
    const quote: AllocationRequest['quote'] = (amounts) => request.quote(amounts)
    const { split, refused } = await quotedSplit(offers, { side, amount, legsMax, roundsMax, quote })
    if (split === null) {
      throw new NoLiquidityError('No venue can take the order.', {
        pair,
        amount: request.amount,
        ...reasons,
        ...refused,
      })
    }
    this.#noteProbes(request, split.legs)
    const legs = [...split.legs].sort((a, b) => (a.amount > b.amount ? -1 : a.amount < b.amount ? 1 : 0))
    return {
      legs: legs.map(({ offer, amount: part, quote: own }) => ({
        venue: offer.venue,
        amount: baseUnits(part),
        quote: own,
      })),
      unallocated: baseUnits(amount - split.filled),
    }
  }

  /** Learns from a trade that ended: once, however often it is told. */
  record({ tradeId, pair, side, endedAtMs, legs }: TradeResult): void {
    this.#recent ??= recentTrades(this.#bank)
    if (!this.#recent.note(tradeId)) return
    const startedAtMs = endedAtMs - legs.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0)
    for (const leg of legs) {
      const { venue } = leg
      const lessons = this.#lessons(venue, pair, side)
      this.#bank.set(namespace, `learned ${venue} ${pair} ${side}`, { ...learned(lessons, leg, side) })
      const before = this.#conduct(venue, pair)
      const after = judged(
        before ?? blameless,
        { tradeId, startedAtMs, endedAtMs, verdict: verdictOf(leg) },
        this.#settings,
      )
      // Most legs go well at venues that are trusted: nothing to write.
      if (after !== before && (before !== undefined || after.failures > 0)) {
        this.#bank.set(namespace, `conduct ${venue} ${pair}`, { ...after })
      }
    }
  }

  /** What is in force. */
  describe(): Json {
    return { kind: 'marginal', ...this.#settings }
  }

  /** What venues offer, in their order, and why the others offer nothing. */
  #offers(
    request: AllocationRequest,
    terms: OfferTerms,
  ): { offers: readonly Offer[]; reasons: Record<string, string> } {
    const offers: Offer[] = []
    const reasons: Record<string, string> = {}
    for (const venue of request.venues) {
      const offer = this.#offerOf(venue, request, terms)
      if (typeof offer === 'string') reasons[venue] = offer
      else offers.push(offer)
    }
    return { offers, reasons }
  }

  #offerOf(
    venue: string,
    { tradeId, pair, side, nowMs }: AllocationRequest,
    { survey, sizes, probeMax }: OfferTerms,
  ): Offer | string {
    const standing = standingOf(this.#conduct(venue, pair), { tradeId, nowMs })
    if (standing.kind === 'resting') {
      const until = new Date(standing.untilMs).toISOString()
      return `It rests until ${until}, after ${standing.failures} failures in a row.`
    }
    return offerOf(survey.venues[venue], {
      venue,
      side,
      sizes,
      trust: trustIn(this.#lessons(venue, pair, side), side),
      probeMax: standing.kind === 'trusted' ? null : probeMax,
    })
  }

  #noteProbes({ tradeId, pair, nowMs }: AllocationRequest, legs: readonly QuotedLeg[]): void {
    for (const { offer } of legs) {
      const conduct = offer.isProbe ? this.#conduct(offer.venue, pair) : undefined
      if (conduct === undefined) continue
      this.#bank.set(namespace, `conduct ${offer.venue} ${pair}`, { ...probed(conduct, { tradeId, nowMs }) })
    }
  }

  #conduct(venue: string, pair: string): Conduct | undefined {
    return kept<Conduct>(this.#bank, `conduct ${venue} ${pair}`, isConduct)
  }

  #lessons(venue: string, pair: string, side: AllocationRequest['side']): Lessons {
    return kept<Lessons>(this.#bank, `learned ${venue} ${pair} ${side}`, isLessons) ?? unknown
  }
}

const blameless: Conduct = { version, failures: 0, restMs: 0, restsUntilMs: 0, probe: null }
