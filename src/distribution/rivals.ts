import type { Side } from '../domain/swap.ts'
import type { Offer } from './offer.ts'
import { chooseSplit, isBetter, type SplitOrder, type Worth } from './split.ts'

/** What one venue is to get, in the order's units. */
export interface Part {
  readonly offer: Offer
  readonly amount: bigint
}

/** Who gets how much, by what is known so far. */
export interface Plan extends Worth {
  /** Only those that get something. */
  readonly parts: readonly Part[]
}

/** A plan, and the offers that it was made over. */
interface Draft extends Plan {
  readonly rivals: readonly Offer[]
}

/** Sets of offers that are split over beside the first one. Few venues share pools, and each try takes a split's time. */
const triesMax = 32

/**
 * The best split over offers of which no two have a pool in common: they would spoil each other's price, unseen by any quote.
 *
 * Of those that share one, first the one is taken where a leg costs less, or the first, but never one that has to prove itself
 * before one that need not. Then each that was left out is tried in the place of those that it shares with, and stays where
 * the split is worth more so: which of them gives more, or may take more, shows only there.
 *
 * @example
 * planOver([offer], { side: 'sell', amount: 100n, legsMax: 4 }).parts // [{ offer, amount: 100n }]
 */
export function planOver(offers: readonly Offer[], order: SplitOrder): Plan {
  const draftOver = (ranked: readonly Offer[]): Draft => {
    const kept = disjoint(ranked)
    const rivals = offers.filter((offer) => kept.has(offer))
    const { shares, filled, net } = chooseSplit(rivals, order)
    const parts = rivals.map((offer, place) => ({ offer, amount: shares[place] ?? 0n }))
    return { rivals, filled, net, parts: parts.filter(({ amount }) => amount > 0n) }
  }
  const ranked = [...offers].sort((a, b) => {
    if (a.isProbe !== b.isProbe) return a.isProbe ? 1 : -1
    return a.legCost < b.legCost ? -1 : a.legCost > b.legCost ? 1 : 0
  })
  const leftOutOf = ({ rivals }: Draft) => ranked.filter((offer) => !rivals.includes(offer))
  let best = draftOver(ranked)
  let waiting = leftOutOf(best)
  for (let tries = 0; tries < triesMax; tries += 1) {
    const [offer, ...others] = waiting
    if (offer === undefined) break
    waiting = others
    if (offer.isProbe && best.rivals.some((rival) => !rival.isProbe && sharesPool(rival, offer))) continue
    const draft = draftOver([offer, ...best.rivals, ...ranked])
    if (!isWorthMore(draft, best, order.side)) continue
    best = draft
    // What was tried in vain before may do beside this one.
    waiting = leftOutOf(best)
  }
  return best
}

/**
 * Whether one of two splits that cannot be had both is to be preferred. What a purchase is short of has no price, so that what
 * fills more of it comes first. A sale is worth what it brings, as long as that is anything: a little more of it filled at a poor
 * price is not.
 *
 * @example
 * isWorthMore({ filled: 9n, net: 90n }, { filled: 10n, net: 50n }, 'sell') // true
 */
export function isWorthMore(one: Worth, other: Worth, side: Side): boolean {
  const isGainful = side === 'sell' && (one.net > 0n || other.net > 0n)
  return isGainful && one.net !== other.net ? one.net > other.net : isBetter(one, other)
}

/** Of the offers, one after the other, those that share no pool with one before. */
function disjoint(offers: readonly Offer[]): Set<Offer> {
  const taken = new Set<string>()
  const kept = new Set<Offer>()
  for (const offer of offers) {
    if (offer.pools.some((pool) => taken.has(pool))) continue
    for (const pool of offer.pools) taken.add(pool)
    kept.add(offer)
  }
  return kept
}

function sharesPool(one: Offer, other: Offer): boolean {
  return one.pools.some((pool) => other.pools.includes(pool))
}
