import { parseAmount } from '../../src/domain/amount.ts'
import { OverloadedError, TradeConflictError } from '../../src/domain/errors.ts'
import type { TradeOrder } from '../../src/runtime/accept.ts'
import type { ExecutionManager } from '../../src/runtime/executionManager.ts'
import type { TradeStatus } from '../../src/runtime/status.ts'
import { inputOf, outputOf, poolOf, routerOf, tokens } from './contracts.ts'
import type { Incarnation, Moment } from './incarnation.ts'
import type { Random } from './random.ts'
import { balanceOf } from './state.ts'
import type { Witness } from './witness.ts'
import type { World } from './world.ts'

/** One order of the caller, and when it comes. */
export interface Wish {
  readonly order: TradeOrder
  readonly atMs: number
  /** When the caller changes its mind; null: never. */
  readonly cancelAtMs: number | null
}

/** Steps of a leg at which the process may be told to die. */
const moments: Readonly<Record<string, Moment>> = {
  'preparing.signing': 'reserving',
  'submitted.bumping': 'bumping',
  'submitted.cancelling': 'cancelling',
  confirming: 'confirming',
  retrying: 'retrying',
  'retrying.reallocating': 'splitting',
  'retrying.unwinding': 'splitting',
}

/** Null: the configured one. */
const fillPolicies = [
  null,
  'reallocate',
  'reallocate',
  'unwind',
  'unwind',
  { minimumFill: '0.5' },
  { minimumFill: '0.9' },
] as const

const pairs = ['ETH/USDC', 'ETH/USDC', 'ETH/DAI', 'DAI/USDC'] as const

/** What the caller will want. No two amounts are the same. */
export function wishesOf(world: World): Wish[] {
  const { plan, timeline, faults } = world
  const random = world.random('orders')
  return Array.from({ length: plan.orders }, (_, index): Wish => {
    const atMs = timeline.now() + random.int(0, Math.min(60_000, plan.healsAfterMs))
    const isCancelled = faults.isOn('cancel') && random.chance(0.4)
    return {
      order: orderOf(world, random, index),
      atMs,
      cancelAtMs: isCancelled ? atMs + random.int(0, 40_000) : null,
    }
  })
}

function orderOf(world: World, random: Random, index: number): TradeOrder {
  const pair = random.pick(pairs)
  const side = random.chance(0.6) ? 'sell' : 'buy'
  // The index makes it unique.
  const size = (pair.startsWith('ETH') ? random.int(50, 3_000) : random.int(100_000, 9_000_000)) * 100 + index + 1
  const fillPolicy = random.pick(fillPolicies)
  const order: TradeOrder = {
    tradeId: `t${index}`,
    pair,
    side,
    amount: `${(size / 10_000).toFixed(4)}`,
    ...(fillPolicy !== null && { fillPolicy }),
  }
  return random.chance(0.4) ? { ...order, quotes: quotesOf(world, random, order) } : order
}

/** The caller's own prices for some of the venues. */
function quotesOf(world: World, random: Random, order: TradeOrder): Record<string, bigint> {
  const count = random.int(1, world.plan.venues)
  const venues = random.shuffled(Array.from({ length: world.plan.venues }, (_, index) => index)).slice(0, count)
  return Object.fromEntries(
    venues.map((venue) => [`v${venue}`, quoteOf(world, order, { venue, bps: random.int(0, 60) })]),
  )
}

/** A venue's price now, worse by so many hundredths of a percent. */
export function quoteOf(
  { ledger }: World,
  { pair, side, amount }: TradeOrder,
  { venue, bps }: { readonly venue: number; readonly bps: number },
): bigint {
  const [base, quote] = pair.split('/').map((symbol) => tokens.find((token) => token.symbol === symbol))
  if (base === undefined || quote === undefined) throw new RangeError(`No token of ${pair}.`)
  const whole = BigInt(parseAmount(amount, base.decimals))
  const { state } = ledger.tip()
  const pool = poolOf(routerOf(venue), base.address, quote.address)
  const [ours, theirs] = [balanceOf(state, base.address, pool), balanceOf(state, quote.address, pool)]
  if (side === 'sell') return (outputOf(whole, ours, theirs) * BigInt(10_000 - bps)) / 10_000n
  return ((inputOf(whole, theirs, ours) ?? theirs) * BigInt(10_000 + bps)) / 10_000n
}

/** Once its end was told it is read from the store. */
function isKept(manager: ExecutionManager, { tradeId, status }: TradeStatus): boolean {
  try {
    return manager.getExecutionStatus(tradeId).status === status
  } catch {
    return false
  }
}

/** Where orders go, and who hears of their ends. */
export interface Desk {
  readonly manager: ExecutionManager
  readonly wishes: readonly Wish[]
  readonly onEnded: (tradeId: string) => void
}

/** Puts the wishes to a manager that has just opened, those of the past at once, and waits for their ends. */
export function trade(world: World, life: Incarnation, witness: Witness, { manager, wishes, onEnded }: Desk): void {
  const random = world.random(`trader ${life.number}`)
  const nowMs = world.timeline.now()
  manager.on('step', (step) => {
    witness.step(step)
    const moment = moments[step.to]
    if (moment !== undefined) life.notice(moment)
  })
  manager.on('trouble', ({ what, failure }) => {
    world.story.tell('trouble', () => `${what}: ${failure?.message.replaceAll('\n', ' ') ?? 'well again'}`)
  })
  for (const wish of random.shuffled(wishes)) {
    life.at(Math.max(0, wish.atMs - nowMs), () => void submit(wish))
    if (wish.cancelAtMs !== null) life.at(Math.max(0, wish.cancelAtMs - nowMs), () => cancel(wish))
  }

  async function submit(wish: Wish): Promise<void> {
    const { order } = wish
    try {
      world.story.tell('caller', () => `submits ${order.tradeId}: ${order.side} ${order.amount} ${order.pair}`)
      const handle = manager.submitTrade(order)
      if (world.faults.isOn('repeat')) repeat(order)
      const status = await handle.result()
      witness.announced(status)
      if (!isKept(manager, status)) {
        witness.fault({ kind: 'lost', text: `${order.tradeId} was announced and is not on disk.` })
      }
      world.story.tell(
        'caller',
        () => `${order.tradeId} is ${status.status}: ${status.amountIn} for ${status.amountOut}`,
      )
      onEnded(order.tradeId)
    } catch (error) {
      if (!(error instanceof OverloadedError)) {
        // A chart that broke: it has no end, and shows as stuck.
        return world.story.tell('caller', () => `${order.tradeId}: ${String(error)}`)
      }
      world.scenarios.note('13 more orders than places')
      world.faults.note('overload')
      await manager.whenCapacity()
      await submit(wish)
    }
  }

  /** The same order is the same trade; another one under its id is refused. */
  function repeat(order: TradeOrder): void {
    world.faults.note('repeat')
    if (manager.submitTrade(order).tradeId !== order.tradeId) {
      witness.fault({ kind: 'other', text: `${order.tradeId} became another trade.` })
    }
    try {
      manager.submitTrade({ ...order, amount: '7' })
      witness.fault({ kind: 'doubled', text: `${order.tradeId} was taken again with another amount.` })
    } catch (error) {
      if (error instanceof TradeConflictError) return
      witness.fault({ kind: 'other', text: `Another order under the id of ${order.tradeId}: ${String(error)}` })
    }
  }

  function cancel({ order: { tradeId } }: Wish): void {
    try {
      manager.cancelTrade(tradeId)
    } catch {
      // Not submitted yet.
      return
    }
    world.faults.note('cancel')
    world.story.tell('caller', () => `cancels ${tradeId}`)
    witness.cancelled()
  }
}
