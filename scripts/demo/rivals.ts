import { baseUnits } from '../../src/domain/amount.ts'
import { type AllocationRequest, type Distribution, DistributionManager } from '../../src/index.ts'
import { DemoFault } from './faults.ts'

/** One way to execute the order, by the venues' own quotes. */
export interface Rival {
  readonly name: string
  readonly venues: readonly string[]
  /** Base units of the bought token. */
  readonly out: bigint
}

/** All that was asked of the venues at the block of a split. */
export interface Rivals {
  readonly block: { readonly number: number; readonly hash: string }
  /** The order on each venue that can take all of it. */
  readonly alone: readonly Rival[]
  /** In proportion to what each of them would give for all of it. */
  readonly proportional: Rival
}

/** A manager of distribution that keeps what else could have been done. */
export interface WatchedDistribution extends Distribution {
  /** @throws DemoFault before there was an order. */
  rivals(): Rivals
}

/** Shares of the proportional split are whole slices of the order, as they were before Legwork split by marginal price. */
const slicesMax = 8n

/**
 * The usual manager of distribution, which splits as always and then asks the same venues at the same block what other ways would
 * have come to.
 *
 * @example
 * const distributionManager = watchedDistribution({ legsMax: 7 })
 */
export function watchedDistribution(config: { readonly legsMax: number }): WatchedDistribution {
  const manager = new DistributionManager(config)
  let rivals: Rivals | undefined
  return {
    async allocate(request) {
      let block: Rivals['block'] = { number: 0, hash: '' }
      const allocation = await manager.allocate({
        ...request,
        survey: async (amounts) => {
          const survey = await request.survey(amounts)
          block = survey.block
          return survey
        },
      })
      rivals = { block, ...(await otherWays(request)) }
      return allocation
    },
    record: (result) => manager.record(result),
    describe: () => manager.describe(),
    rivals() {
      if (rivals === undefined) throw new DemoFault(['No order has been split.'])
      return rivals
    },
  }
}

async function otherWays({ amount, venues, quote }: AllocationRequest): Promise<Omit<Rivals, 'block'>> {
  const whole = outputs(await quote(Object.fromEntries(venues.map((venue) => [venue, amount]))))
  const alone = [...whole].map(([venue, out]) => ({ name: `${venue} alone`, venues: [venue], out }))
  const slices = slicesOf(whole)
  const sizes = [...slices].map(([venue, count]) => [venue, baseUnits((BigInt(amount) * count) / slicesMax)] as const)
  const parts = outputs(await quote(Object.fromEntries(sizes)))
  const out = [...parts.values()].reduce((sum, part) => sum + part, 0n)
  return { alone, proportional: { name: 'in proportion', venues: [...parts.keys()], out } }
}

/** What venues would give, of those that would. */
function outputs(quotes: Awaited<ReturnType<AllocationRequest['quote']>>): Map<string, bigint> {
  const given = Object.entries(quotes).flatMap(([venue, quote]): [string, bigint][] =>
    typeof quote === 'string' ? [] : [[venue, BigInt(quote.amount)]],
  )
  return new Map(given)
}

/** Largest remainders: whole slices in proportion to the outputs, all of them given out. */
function slicesOf(whole: ReadonlyMap<string, bigint>): Map<string, bigint> {
  const total = [...whole.values()].reduce((sum, out) => sum + out, 0n)
  const shares = [...whole].map(([venue, out]) => {
    const exact = out * slicesMax
    return { venue, slices: exact / total, rest: exact % total }
  })
  const given = shares.reduce((sum, { slices }) => sum + slices, 0n)
  const first = [...shares].sort((a, b) => (a.rest > b.rest ? -1 : 1)).slice(0, Number(slicesMax - given))
  const counts = shares.map((share): [string, bigint] => [
    share.venue,
    share.slices + (first.includes(share) ? 1n : 0n),
  ])
  return new Map(counts.filter(([, slices]) => slices > 0n))
}
