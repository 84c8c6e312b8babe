import { difference, rounded } from '../../src/cli/figures.ts'
import { type Cell, formatTable } from '../../src/cli/table.ts'
import { formatAmount, parseAmount, sum } from '../../src/domain/amount.ts'
import { DistributionManager, type OpenOptions, type TradeStatus } from '../../src/index.ts'
import { poolsV2 } from '../world/market.ts'
import { DemoFault, demand } from './faults.ts'
import type { Audited } from './ledger.ts'
import { withManager } from './session.ts'
import { heading, order, proven, type Stage } from './stage.ts'

/** What one venue may get of the order, and how that is written in a configuration. */
interface VenueLimit {
  readonly venue: string
  readonly limit: Omit<NonNullable<OpenOptions['limits']>[number], 'venue'>
  readonly text: string
  /** ETH: what it comes to for this order. */
  readonly most: string
}

/** Sushi's pool holds a round amount, so that its share can be told beforehand. */
const sushiPool = poolsV2.find(({ venue }) => venue === 'sushi-v2')

const venueLimits: readonly VenueLimit[] = [
  { venue: 'uniswap-v2', limit: { token: 'ETH', amount: '4' }, text: '4 ETH at once', most: '4' },
  { venue: 'uniswap-v3', limit: { shareOfTrade: '0.1' }, text: '10 % of an order', most: '3' },
  {
    venue: 'sushi-v2',
    limit: { shareOfPool: '0.005' },
    text: '0.5 % of the pool',
    most: part(sushiPool?.stakes[0].amount ?? '0', 200n),
  },
]

const window = { seconds: 3600, amount: '40' }

/**
 * The same order from the same starting state under limits, twice: the first is spread differently, and for most of the second
 * the window over all venues has no room.
 *
 * @param free - What the order came to without limits.
 * @throws DemoFault where a limit is passed, or is not used up by an order that would.
 *
 * @example
 * const audited = await showLimits(stage, split.trade)
 */
export async function showLimits(stage: Stage, free: TradeStatus): Promise<readonly Audited[]> {
  const { terminal, venues, options } = stage
  heading(terminal, `3. The same order under limits, and once more: ${window.amount} ETH an hour over all venues`)
  const limits = [...venueLimits.map(({ venue, limit }) => ({ venue, ...limit })), { token: 'ETH', window }]
  const distributionManager = new DistributionManager({ legsMax: venues.length })
  const audited = await withManager(stage, options('limits', { limits, distributionManager }), async ({ trade }) => [
    await trade({ ...order, tradeId: 'within limits' }),
    await trade({ ...order, tradeId: 'once more' }, { outcome: 'partial' }),
  ])
  const [first, second] = audited.map(({ trade }) => trade)
  if (first === undefined || second === undefined) throw new DemoFault(['There were no two trades.'])
  terminal.write(limitsTable(stage, [free, first, second]))
  demandLimits(first, second)
  terminal.write('\n')
  proven(terminal, 'No limit was passed, and what the first order lost to them went to the other venues.')
  proven(terminal, `What the hour has no room for was not sold anywhere: ${second.unallocated} ETH stay unallocated.`)
  return audited
}

function limitsTable({ terminal, venues }: Stage, trades: readonly TradeStatus[]): string {
  const columns = [
    { title: 'venue' },
    { title: 'limit' },
    { title: 'without limits', unit: 'ETH', align: 'point' },
    { title: 'within limits', unit: 'ETH', align: 'point' },
    { title: 'once more', unit: 'ETH', align: 'point' },
  ] as const
  const rows = venues.map(({ id }): Cell[] => {
    const limit = venueLimits.find(({ venue }) => venue === id)?.text ?? null
    return [id, limit, ...trades.map((trade) => rounded(soldOn(trade, id), 6))]
  })
  return formatTable(terminal, columns, [
    ...rows,
    ['total', `${window.amount} ETH an hour`, ...trades.map(({ amountIn }) => amountIn)],
    ['not allocated', null, ...trades.map(({ unallocated }) => unallocated)],
  ])
}

function demandLimits(first: TradeStatus, second: TradeStatus): void {
  const checks = venueLimits.flatMap(({ venue, most }): [string, boolean][] => {
    const [once, again] = [soldOn(first, venue), soldOn(second, venue)]
    return [
      [`${venue} got ${once} ETH, and its limit is ${most}.`, once === most],
      [`${venue} got ${again} ETH of the second order, and its limit is ${most}.`, isAtMost(again, most)],
    ]
  })
  const left = difference(window.amount, first.amountIn)
  demand({
    ...Object.fromEntries(checks),
    [`The second order sold ${second.amountIn} ETH; the window had room for ${left}.`]: second.amountIn === left,
    [`${second.unallocated} ETH are said to be unallocated.`]:
      second.unallocated === difference(order.amount as string, left),
  })
}

function soldOn({ legs }: TradeStatus, venue: string): string {
  const own = legs.filter((leg) => leg.venue === venue).map(({ amountIn }) => parseAmount(amountIn ?? '0', 18))
  return formatAmount(sum(own), 18)
}

function isAtMost(amount: string, most: string): boolean {
  return !difference(most, amount).startsWith('-')
}

/** One part of so many, in ETH. */
function part(wei: `${bigint}`, parts: bigint): string {
  return formatAmount(`${BigInt(wei) / parts}`, 18)
}
