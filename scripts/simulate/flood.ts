import { OverloadedError } from '../../src/domain/errors.ts'
import type { TradeOrder } from '../../src/runtime/accept.ts'
import type { ExecutionManager } from '../../src/runtime/executionManager.ts'
import { openDisk } from './disk.ts'
import { beginLife } from './incarnation.ts'
import type { Kind } from './kinds.ts'
import { startMiner } from './miner.ts'
import { checkAll } from './oracle.ts'
import { planSeed, type SeedPlan } from './plan.ts'
import { openManager } from './process.ts'
import { untold } from './story.ts'
import { quoteOf } from './trader.ts'
import { startWeather } from './weather.ts'
import { startWitness, type Violation } from './witness.ts'
import { buildWorld, type World } from './world.ts'

/** What became of a flood. */
export interface FloodReport {
  readonly violations: readonly Violation[]
  /** Trades that were filled. */
  readonly done: number
  /** Trades that had not ended, at the worst time. */
  readonly liveMax: number
  /** How often the caller was told to wait. */
  readonly refusals: number
  readonly transactions: number
}

/** Mild: the flood is what is to be seen. */
const mild: readonly Kind[] = ['lostReply', 'duplicate', 'slow', 'reorg', 'overload']
const patienceMs = 24 * 3_600_000

/**
 * Puts so many orders to one manager at once, as fast as it takes them.
 *
 * @example
 * (await floodWith({ orders: 10_000, activeTradesMax: 200 })).violations // []
 */
export async function floodWith(size: { orders: number; activeTradesMax: number }): Promise<FloodReport> {
  const plan = floodPlan(size.activeTradesMax)
  const world = buildWorld(plan, untold)
  const disk = openDisk(world)
  const witness = startWitness(world, disk.markOf)
  disk.onSafe(witness.safe)
  startWeather(world, startMiner(world), disk)
  const life = beginLife(world.timeline, 1, () => {})
  const opening = openManager(world, life, witness, disk)
  let manager: ExecutionManager | undefined
  void opening.then((opened) => {
    manager = opened
  })
  await world.timeline.run(() => manager !== undefined)
  if (manager === undefined) throw new Error('The manager did not open.')
  const caller = pour(world, manager, size.orders)
  const limitMs = world.timeline.now() + patienceMs
  await world.timeline.run(() => caller.ended() === size.orders || world.timeline.now() > limitMs)
  if (caller.ended() < size.orders) {
    witness.fault({ kind: 'stuck', text: `${size.orders - caller.ended()} trades did not end.` })
  }
  const opened = manager
  const endings = caller.orders.map((order) => ({
    order,
    status: opened.getExecutionStatus(order.tradeId),
    history: opened.getHistory(order.tradeId),
  }))
  const settledAt = world.ledger.highest() + plan.confirmations + 3
  await world.timeline.run(() => world.ledger.highest() >= settledAt)
  for (const { status } of endings) witness.announced(status)
  checkAll(world, witness, endings)
  return {
    violations: witness.violations,
    done: endings.filter(({ status }) => status.status === 'done').length,
    liveMax: caller.liveMax(),
    refusals: caller.refusals(),
    transactions: witness.departures.size,
  }
}

function floodPlan(activeTradesMax: number): SeedPlan {
  const usual = planSeed(1, [])
  return {
    ...usual,
    kinds: new Set(mild),
    nodes: 2,
    wallets: 1,
    venues: 1,
    reorgDepthMax: 2,
    confirmations: 3,
    blockTimeMs: 2_000,
    healsAfterMs: 60_000,
    networkFaultShare: 0.01,
    maxGasPriceGwei: 80,
    baseFeeGwei: 10,
    config: {
      ...usual.config,
      activeTradesMax,
      inFlightPerWallet: 200,
      retryAttempts: 4,
      timeout: 60,
      bumpInterval: 15,
      gasLimit: 300_000,
    },
    pollInterval: 2,
    limits: [],
    budgets: {},
  }
}

interface Caller {
  readonly orders: readonly TradeOrder[]
  ended(): number
  liveMax(): number
  refusals(): number
}

/** Submits all in one go; waits only where it is told to. */
function pour(world: World, manager: ExecutionManager, count: number): Caller {
  const orders: TradeOrder[] = []
  let submitted = 0
  let ended = 0
  let liveMax = 0
  let refusals = 0

  async function run(): Promise<void> {
    while (submitted < count) {
      const order = orderAt(world, submitted)
      try {
        const handle = manager.submitTrade(order)
        orders.push(order)
        submitted += 1
        liveMax = Math.max(liveMax, submitted - ended)
        // Whoever never asks for the result is served all the same.
        if (submitted % 2 === 0) void handle.result()
      } catch (error) {
        if (!(error instanceof OverloadedError)) throw error
        refusals += 1
        await manager.whenCapacity()
      }
    }
  }

  manager.on('ended', () => {
    ended += 1
  })
  void run()
  return { orders, ended: () => ended, liveMax: () => liveMax, refusals: () => refusals }
}

function orderAt(world: World, index: number): TradeOrder {
  const order = {
    tradeId: `f${index}`,
    pair: 'ETH/USDC',
    side: 'sell',
    amount: `0.01${String(index + 1).padStart(6, '0')}`,
  } as const
  return { ...order, quotes: { v0: quoteOf(world, order, { venue: 0, bps: 200 }) } }
}
