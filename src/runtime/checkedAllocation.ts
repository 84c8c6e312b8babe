import type { Allocation, AllocationRequest } from '../distribution/distribution.ts'
import { sum } from '../domain/amount.ts'
import { InvalidAllocationError } from '../domain/errors.ts'
import type { Quote } from '../domain/swap.ts'

/**
 * An allocation as plain data. A distribution manager may be the caller's own: what it says becomes legs that are stored and
 * paid for, so it is checked here, once.
 *
 * @throws InvalidAllocationError where a venue is unknown or there twice, an amount or quote is no digits above zero, or the
 * legs and the rest do not add up to the order.
 */
export function checkedAllocation(given: Allocation, { amount, venues }: AllocationRequest): Allocation {
  const legs = given.legs.map(({ venue, amount: part, quote }) => {
    if (!venues.includes(venue))
      throw new InvalidAllocationError('A leg is on a venue that the order does not name.', { venue })
    if (!isUnits(part) || part === '0')
      throw new InvalidAllocationError('A leg’s amount is no digits above zero.', { venue })
    return { venue, amount: part, quote: checkedQuote(quote, venue) }
  })
  if (new Set(legs.map(({ venue }) => venue)).size < legs.length) {
    throw new InvalidAllocationError('Two legs are on one venue.', {
      venues: legs.map(({ venue }) => venue).join(', '),
    })
  }
  const { unallocated } = given
  if (!isUnits(unallocated)) throw new InvalidAllocationError('The unallocated rest is no digits.')
  const allocated = sum([...legs.map((leg) => leg.amount), unallocated])
  if (allocated !== amount) {
    throw new InvalidAllocationError('The legs and the rest do not add up to the order.', { allocated, order: amount })
  }
  return { legs, unallocated }
}

function checkedQuote({ amount, route }: Quote, venue: string): Quote {
  if (!isUnits(amount) || amount === '0')
    throw new InvalidAllocationError('A leg’s quote is no digits above zero.', { venue })
  if (route === undefined) return { amount }
  if (typeof route !== 'string') throw new InvalidAllocationError('A leg’s route is no text.', { venue })
  return { amount, route }
}

function isUnits(value: unknown): value is `${bigint}` {
  return typeof value === 'string' && /^(0|[1-9]\d*)$/.test(value)
}
