import { type BaseUnits, baseUnits } from '../domain/amount.ts'
import { LimitReachedError } from '../domain/errors.ts'
import type { Scope } from './ledger.ts'
import type { ShareRule } from './limitRules.ts'
import type { Portion } from './portion.ts'
import type { Ports } from './ports.ts'

type CapPorts = Pick<Ports, 'limits' | 'ledger' | 'clock'>

const whole = 10_000n

/** What a leg on a venue would sell, as limits see it. */
export function soldScope({ order, tokenIn }: Portion, venue: string): Scope {
  return {
    kind: 'sold',
    tradeId: order.tradeId,
    acceptedAtMs: order.acceptedAtMs,
    venue,
    pair: order.pair,
    token: tokenIn.address,
  }
}

/**
 * The most of a portion that its limits leave for a venue, in the portion's units.
 *
 * A purchase is not known by its price yet, so that limits on what is sold show only once it is quoted: see `reserveSold`.
 */
export function capOf(ports: CapPorts, portion: Portion, venue: string, depth: BaseUnits | null): BaseUnits {
  const { amount, side, purpose, order, taken, caps } = portion
  let cap = lesser(BigInt(amount), BigInt(caps[venue] ?? amount))
  // What is sold back was bought within the limits, and is not in the order's units.
  if (purpose === 'unwind') return baseUnits(cap)
  const share = shareBps(ports, portion, venue, 'ofTradeBps')
  if (share !== null) cap = lesser(cap, (BigInt(order.amount) * share) / whole - BigInt(taken[venue] ?? '0'))
  if (side === 'buy') return baseUnits(cap > 0n ? cap : 0n)
  const ofPool = poolShareBps(ports, portion, venue)
  if (ofPool !== null && depth !== null) cap = lesser(cap, (BigInt(depth) * ofPool) / whole)
  const room = ports.ledger.room(soldScope(portion, venue), ports.clock.now())
  if (room !== null) cap = lesser(cap, room.amount)
  return baseUnits(cap > 0n ? cap : 0n)
}

/** What a limit on shares looks at. */
type Sharing = Pick<Portion, 'purpose' | 'tokenIn'> & { readonly order: Pick<Portion['order'], 'pair'> }

/** Hundredths of a percent of a pool that one leg may put into it; null for any, as where something is sold back. */
export function poolShareBps(ports: Pick<Ports, 'limits'>, portion: Sharing, venue: string): bigint | null {
  return portion.purpose === 'unwind' ? null : shareBps(ports, portion, venue, 'ofPoolBps')
}

function shareBps(
  { limits }: Pick<Ports, 'limits'>,
  { order, tokenIn }: Sharing,
  venue: string,
  share: 'ofTradeBps' | 'ofPoolBps',
): bigint | null {
  const covers = (rule: ShareRule): boolean =>
    (rule.venue ?? venue) === venue &&
    (rule.pair ?? order.pair) === order.pair &&
    (rule.token ?? tokenIn.address) === tokenIn.address
  const shares = limits.shares.flatMap((rule) => (covers(rule) ? (rule[share] ?? []) : []))
  return shares.length === 0 ? null : BigInt(Math.min(...shares))
}

/**
 * What of a portion may be sold in all, however it is split: limits that name no venue cover all of its legs together. A purchase is
 * bounded once it is quoted.
 *
 * @returns In the portion's units.
 * @throws LimitReachedError where that is nothing.
 */
export function amountWithin(ports: CapPorts, portion: Portion): BaseUnits {
  const { amount, side, purpose, tokenIn } = portion
  if (side === 'buy' || purpose === 'unwind') return amount
  const scope = soldScope(portion, '')
  const room = ports.ledger.room(scope, ports.clock.now(), ({ venue }) => venue === null)
  if (room === null || room.amount >= BigInt(amount)) return amount
  if (room.amount > 0n) return baseUnits(room.amount)
  throw new LimitReachedError({ field: room.field, venue: null, token: tokenIn.address }, BigInt(amount), 0n)
}

function lesser(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}
