import { fractionToBps, parseAmount } from '../../src/domain/amount.ts'
import type { TradeOrder } from '../../src/runtime/accept.ts'
import type { ExecutionManager } from '../../src/runtime/executionManager.ts'
import { tokens, walletOf } from './contracts.ts'
import { units } from './evidence.ts'
import { balanceOf, native } from './state.ts'
import { quoteOf } from './trader.ts'
import type { Witness } from './witness.ts'
import type { World } from './world.ts'

/** One more order when all others have ended, and what its limits have to leave of it. */
interface Probe {
  readonly order: TradeOrder
  /** Base units of the token that it sells. */
  readonly expected: bigint
}

/** Pairs that sell a token. */
const sales = { ETH: 'ETH/USDC', USDC: 'USDC/DAI', DAI: 'DAI/USDC' } as const
const patienceMs = 3_600_000

/**
 * Where limits are used once more after the end of everything they have all of their room: nothing is still reserved by what has
 * ended.
 *
 * @returns The order that was put; null where nothing limits a sum, or nobody could pay.
 */
export async function probeLimits(
  world: World,
  witness: Witness,
  manager: ExecutionManager,
): Promise<TradeOrder | null> {
  const { timeline, scenarios, plan } = world
  const windowMs = Math.max(0, ...plan.limits.map(({ window }) => (window?.seconds ?? 0) * 1_000))
  if (witness.restored() !== null || pickLimit(world) === undefined) return null
  // Faults are over then, and what was sold counts no more.
  const beginsAtMs = Math.max(world.healsAtMs, timeline.now() + windowMs) + 60_000
  await timeline.run(() => timeline.now() >= beginsAtMs)
  const probe = probeOf(world, pickLimit(world), 'probe')
  if (probe === null) return null
  const { order, expected } = probe
  let isEnded = false
  const limitMs = timeline.now() + patienceMs
  void manager
    .submitTrade(order)
    .result()
    .then((status) => {
      witness.announced(status)
      isEnded = true
    })
  await timeline.run(() => isEnded || timeline.now() > limitMs)
  if (!isEnded) {
    witness.fault({ kind: 'stuck', text: `No end of ${order.tradeId}.` })
    return null
  }
  const { legs, tokenIn, failure } = manager.getExecutionStatus(order.tradeId)
  const given = legs.reduce((sum, { kind, amount }) => (kind === 'swap' ? sum + units(amount, tokenIn) : sum), 0n)
  scenarios.note('14 all room is back')
  if (given !== expected) {
    const text = `${order.tradeId} may sell ${given} ${tokenIn}, and all of the room is ${expected}: ${failure?.message}`
    witness.fault({ kind: 'over', text })
  }
  return order
}

type Limit = World['plan']['limits'][number]

function pickLimit({ plan, random }: World): Limit | undefined {
  // What may be lost depends on prices.
  if (plan.budgets.lossPerDay !== undefined || plan.budgets.lossPerTrade !== undefined) return undefined
  const sums = plan.limits.filter(({ token, pair, amount, window }) => {
    return token !== undefined && (amount ?? window) !== undefined && (pair ?? saleOf(token)) === saleOf(token)
  })
  return sums.length === 0 ? undefined : random('probe').pick(sums)
}

function saleOf(symbol: string): string {
  return sales[symbol as keyof typeof sales]
}

/**
 * One more order while what was sold still counts in a window: after a restart, which must not forget that.
 *
 * @returns Null where no window has anything in it.
 */
export function orderWithinWindow(world: World, { announcements, restored }: Witness): TradeOrder | null {
  const { plan, timeline } = world
  if (restored() !== null) return null
  const counting = plan.limits.filter(({ token, pair, window }) => {
    if (token === undefined || window === undefined || (pair ?? saleOf(token)) !== saleOf(token)) return false
    const sinceMs = timeline.now() - window.seconds * 1_000 + restMs
    return [...announcements.values()].some(
      ({ tokenIn, amountIn, endedAtMs }) => tokenIn === token && amountIn !== '0' && (endedAtMs ?? 0) > sinceMs,
    )
  })
  const [limit] = counting
  return limit === undefined
    ? null
    : (probeOf(world, { ...limit, amount: limit.window?.amount }, 'again')?.order ?? null)
}

/** What a restart and a plan may take. */
const restMs = 40_000

function probeOf(world: World, limit: Limit | undefined, tradeId: string): Probe | null {
  const { plan, ledger } = world
  if (limit?.token === undefined) return null
  const { token, venue = 'v0', amount = limit.window?.amount ?? '0' } = limit
  const pair = saleOf(token)
  const asked = { tradeId, pair, side: 'sell' as const, amount: String(2 * Number(amount)) }
  const whole = units(asked.amount, token)
  let expected = whole
  for (const rule of plan.limits) {
    const isCovering =
      (rule.venue ?? venue) === venue && (rule.pair ?? pair) === pair && (rule.token ?? token) === token
    if (!isCovering) continue
    // What a pool holds then is not known here.
    if (rule.shareOfPool !== undefined) return null
    const caps = [rule.amount, rule.window?.amount].flatMap((most) => (most === undefined ? [] : units(most, token)))
    if (rule.shareOfTrade !== undefined) caps.push((whole * BigInt(fractionToBps(rule.shareOfTrade))) / 10_000n)
    for (const cap of caps) if (cap < expected) expected = cap
  }
  const address = token === 'ETH' ? native : (tokens.find(({ symbol }) => symbol === token)?.address ?? '')
  const spare = BigInt(parseAmount('1', 18))
  const isPayable = Array.from({ length: plan.wallets }, (_, index) => walletOf(index)).some((wallet) => {
    const { state } = ledger.tip()
    const needed = token === 'ETH' ? expected + spare : expected
    return balanceOf(state, address, wallet) >= needed && balanceOf(state, native, wallet) >= spare
  })
  if (!isPayable) return null
  return {
    order: { ...asked, quotes: { [venue]: quoteOf(world, asked, { venue: Number(venue.slice(1)), bps: 100 }) } },
    expected,
  }
}
