import { baseUnits } from '../domain/amount.ts'
import type { Quote, Side } from '../domain/swap.ts'
import type { AllocationRequest } from './distribution.ts'
import { total } from './integers.ts'
import { expectedGain, isUseful, type Offer, poolsOf, quoteFor, withQuotes } from './offer.ts'
import { isWorthMore, type Part, planOver } from './rivals.ts'
import type { Worth } from './split.ts'

/** A leg as the venue itself has quoted it. */
export interface QuotedLeg {
  readonly offer: Offer
  /** In the order's units. */
  readonly amount: bigint
  readonly quote: Quote
}

/** A split of which every part has the venue's own quote. */
export interface QuotedSplit extends Worth {
  readonly legs: readonly QuotedLeg[]
}

/** What a split is made for, and within which limits. */
export interface QuotedOrder {
  readonly side: Side
  readonly amount: bigint
  readonly legsMax: number
  /** Round trips at most, once there is a split at all. */
  readonly roundsMax: number
  readonly quote: AllocationRequest['quote']
}

/** A round trip that promises less than this share of what is there takes longer than it is worth: half a basis point. */
const worthwhile = 20_000n
/** Rounds in all. A venue may refuse what it promised, which takes a round; whoever is still open then may take the order alone. */
const roundsCeiling = 12
/** Two amounts that differ by less than this part are beside each other. */
const besidePart = 1_000n

/**
 * The best split over the offers that their venues have quoted for exactly these amounts.
 *
 * Between two quotes a curve is an estimate. So the amounts that a split chooses are quoted, all in one round trip, together with
 * some around them; what is learned makes the next split better, for as long as that promises to be worth the time. A venue that
 * does not quote its amount is left out, and the order is split again without it.
 *
 * @returns The split, null where nothing can be had; and why venues were left out.
 */
export async function quotedSplit(
  offers: readonly Offer[],
  order: QuotedOrder,
): Promise<{ split: QuotedSplit | null; refused: Readonly<Record<string, string>> }> {
  const refused: Record<string, string> = {}
  let open = offers
  let best: QuotedSplit | null = null
  let surprise = 0n
  for (let rounds = 0; rounds < (best === null ? roundsCeiling : order.roundsMax); rounds += 1) {
    const plan = planOver(open, order)
    if (plan.parts.length === 0 || (best !== null && !isWorthAsking(plan, best, surprise))) break
    const asked = await quoted(plan.parts, order)
    surprise = asked.surprise
    open = open.map((offer) => asked.offers.get(offer.venue) ?? offer).filter(({ venue }) => !(venue in asked.refused))
    Object.assign(refused, asked.refused)
    if (Object.keys(asked.refused).length > 0) continue
    const split = worthOf(
      plan.parts.map(({ offer, amount }) => ({ offer: asked.offers.get(offer.venue) ?? offer, amount })),
    )
    if (split !== null && isDisjoint(split) && (best === null || isWorthMore(split, best, order.side))) best = split
    if (asked.offers.size === 0) break
  }
  return { split: bestAlone(open, order, best), refused }
}

/**
 * The offers with what their venues say to their parts and to amounts around them, and by how much that was not what had been
 * thought, in the other units. A venue that does not quote its part refuses.
 */
async function quoted(parts: readonly Part[], { quote, amount: whole }: QuotedOrder) {
  const questions = parts.map((part) => ({ ...part, amounts: amountsToAsk(part, whole) }))
  const longest = Math.max(...questions.map(({ amounts }) => amounts.length))
  // Told in one turn, so that they are asked together.
  const answers = await Promise.all(
    Array.from({ length: longest }, (_, nth) => {
      const asked = questions.flatMap(({ offer, amounts: { [nth]: amount } }) =>
        amount === undefined ? [] : [[offer.venue, baseUnits(amount)]],
      )
      return quote(Object.fromEntries(asked))
    }),
  )
  const offers = new Map<string, Offer>()
  const refused: Record<string, string> = {}
  let surprise = 0n
  for (const { offer, amount, amounts } of questions) {
    const quotes = new Map<bigint, Quote>()
    for (const [nth, one] of amounts.entries()) {
      const answer = answers[nth]?.[offer.venue]
      if (isUseful(answer)) {
        quotes.set(one, answer)
        surprise += size(offer.curve.gain(one) - expectedGain(offer, answer))
      } else if (one === amount)
        refused[offer.venue] = typeof answer === 'string' ? answer : 'It would give nothing for its part.'
    }
    if (quotes.size > 0) offers.set(offer.venue, withQuotes(offer, quotes))
  }
  return { offers, refused, surprise }
}

/** The part itself where it was not quoted yet, and the middle between it and what was quoted on either side. */
function amountsToAsk({ offer, amount }: Part, whole: bigint): bigint[] {
  if (offer.pool !== null) return []
  const own = offer.quotes.has(amount) ? [] : [amount]
  // All of the order, or all that the venue may have: there is no choice whose sides could matter.
  if (amount === whole || amount === offer.cap) return own
  // What was quoted right beside it says nothing of its sides.
  const beside = amount / besidePart
  const sizes = [0n, ...offer.quotes.keys()].sort((a, b) => (a < b ? -1 : 1))
  const below = sizes.findLast((size) => size < amount - beside) ?? 0n
  const above = sizes.find((size) => size > amount + beside) ?? amount
  const sides = [(below + amount) >> 1n, (above + amount) >> 1n]
  return [...own, ...sides.filter((side) => side > 0n && side !== amount && !offer.quotes.has(side))]
}

/** Whether another round may bring enough: it promises to, or the last one showed that promises cannot be relied on yet. */
function isWorthAsking(plan: Worth, best: QuotedSplit, surprise: bigint): boolean {
  if (plan.filled !== best.filled) return plan.filled > best.filled
  const gain = plan.net - best.net
  return (gain > surprise ? gain : surprise) * worthwhile > size(best.net)
}

function size(amount: bigint): bigint {
  return amount < 0n ? -amount : amount
}

/** False where two legs go through one pool, as their own quotes say only now: the next plan knows that they share it. */
function isDisjoint({ legs }: QuotedSplit): boolean {
  const pools = legs.flatMap(({ offer, quote }) => [...new Set(poolsOf(offer, quote))])
  return new Set(pools).size === pools.length
}

/** What a split is worth by the venues' own quotes. A leg that would bring nothing is none. */
function worthOf(parts: readonly Part[]): QuotedSplit | null {
  const legs = parts.flatMap(({ offer, amount }): QuotedLeg[] => {
    const quote = quoteFor(offer, amount)
    return isUseful(quote) ? [{ offer, amount, quote }] : []
  })
  if (legs.length === 0) return null
  return {
    legs,
    filled: total(legs.map(({ amount }) => amount)),
    net: total(legs.map(({ offer, quote }) => expectedGain(offer, quote) - offer.legCost)),
  }
}

/**
 * A split, or one venue for the whole order where that is better: what seemed to be a curve may have been the best of several
 * pools, and worth less between two quotes than it looked.
 */
function bestAlone(
  offers: readonly Offer[],
  { amount, side }: QuotedOrder,
  split: QuotedSplit | null,
): QuotedSplit | null {
  let best = split
  for (const offer of offers) {
    const alone = offer.curve.reach >= amount ? worthOf([{ offer, amount }]) : null
    if (alone !== null && (best === null || isWorthMore(alone, best, side))) best = alone
  }
  return best
}
