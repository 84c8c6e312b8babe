import type { Dex, Pool } from '../dex/dex.ts'
import { LimitReachedError, NoLiquidityError } from '../domain/errors.ts'
import type { LegOrder } from '../domain/leg.ts'
import { batchOf, type Request } from '../domain/read.ts'
import type { Quote, Swap } from '../domain/swap.ts'
import { poolShareBps } from './caps.ts'
import { insist } from './insist.ts'
import { known, type Ports } from './ports.ts'

/** One pool's quote, and the most that a leg may put into it; null where that is not known. */
interface Looked {
  readonly quote: Quote
  readonly room: bigint | null
}

const wholeBps = 10_000n

/**
 * A leg's price as it is now: of the best of its venue's pools, but for those that it would have more of than its share.
 *
 * @throws NoLiquidityError where no pool has a price for it; LimitReachedError where those that have one are not deep enough.
 */
export async function requote(order: LegOrder, swap: Swap, ports: Ports, signal: AbortSignal): Promise<Quote> {
  const { venue, pair = '', purpose = 'fill' } = order
  const at = ports.follower.head().number
  const ask = async <Answer>({ reads, answer }: Request<Answer>): Promise<Answer> =>
    answer(await insist(ports, signal, () => ports.chain.read(reads, at)))
  const dex = known(ports.dexes, venue, 'venue')
  const share = poolShareBps(ports, { order: { pair }, tokenIn: swap.tokenIn, purpose }, venue)
  if (share === null) return ask(dex.quoteRequest(swap))

  const pools = ports.pools.find(dex, swap) ?? (await findPools(dex, swap, ports, ask))
  const looks = await ask(lookRequest(dex, swap, pools, share))
  const [first] = looks
  // All at once, for the reason of each.
  if (first === undefined) return ask(dex.quoteRequest(swap, pools))
  const paid = (quote: Quote): bigint => BigInt(swap.side === 'sell' ? swap.amount : quote.amount)
  const isBetter = (one: Quote, other: Quote): boolean =>
    swap.side === 'sell' ? BigInt(one.amount) > BigInt(other.amount) : BigInt(one.amount) < BigInt(other.amount)
  const allowed = looks.filter(({ quote, room }) => room === null || paid(quote) <= room)
  if (allowed.length === 0) {
    const deepest = looks.reduce((most, { room }) => (room !== null && room > most ? room : most), 0n)
    throw new LimitReachedError({ field: 'limits', venue, token: swap.tokenIn.address }, paid(first.quote), deepest)
  }
  return allowed.reduce((best, { quote }) => (isBetter(quote, best) ? quote : best), (allowed[0] ?? first).quote)
}

async function findPools(
  dex: Dex,
  swap: Swap,
  { pools: book }: Pick<Ports, 'pools'>,
  ask: <Answer>(request: Request<Answer>) => Promise<Answer>,
): Promise<readonly Pool[]> {
  const listing = await ask(dex.poolRequest(swap))
  book.note(dex, swap, listing)
  return listing.pools
}

/** Asks each pool by itself, in one round trip with how deep they are: the best of all may be one that is not allowed. */
function lookRequest(dex: Dex, swap: Swap, pools: readonly Pool[], share: bigint): Request<readonly Looked[]> {
  const quotes = batchOf(pools.map((pool) => orNull(dex.quoteRequest(swap, [pool]))))
  const { reads, answer } = batchOf([dex.marketRequest(swap, pools), quotes])
  return {
    reads,
    answer: (replies) => {
      const [{ depths }, answers] = answer(replies)
      return pools.flatMap(({ route }, index) => {
        const quote = answers[index] ?? null
        const depth = depths[route ?? '']
        const room = depth === undefined ? null : (BigInt(depth) * share) / wholeBps
        return quote === null ? [] : [{ quote, room }]
      })
    },
  }
}

/** A request whose lack of liquidity is an answer too. */
function orNull({ reads, answer }: Request<Quote>): Request<Quote | null> {
  return {
    reads,
    answer: (replies) => {
      try {
        return answer(replies)
      } catch (error) {
        if (error instanceof NoLiquidityError) return null
        throw error
      }
    },
  }
}
