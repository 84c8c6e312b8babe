import type { Hex } from '../../src/domain/hex.ts'
import { dai, pairOf, poolOf, routerOf, tokens, usdc, walletOf, wrapped } from './contracts.ts'
import { dialects } from './dialects.ts'
import { type Faults, tallyFaults } from './kinds.ts'
import { type Ledger, openLedger } from './ledger.ts'
import { type SimNode, startNode } from './node.ts'
import type { SeedPlan } from './plan.ts'
import { type Random, randomOf } from './random.ts'
import { type Scenarios, tallyScenarios } from './scenarios.ts'
import { addTo, balanceOf, dry, native, type State } from './state.ts'
import type { Story } from './story.ts'
import { startTimeline, type Timeline } from './timeline.ts'
import { openWire, type Wire, type WireTransaction } from './wire.ts'

/** Everything outside of the process, and what was noted of it. */
export interface World {
  readonly plan: SeedPlan
  readonly timeline: Timeline
  readonly ledger: Ledger
  readonly wire: Wire
  readonly nodes: readonly SimNode[]
  readonly faults: Faults
  readonly scenarios: Scenarios
  readonly story: Story
  /** Tip that the market asks for, in wei per gas unit. */
  tipWei: bigint
  /** Until when something is wrong with a pool or a router, by the mark that a block's state has of it. */
  readonly troubles: Map<string, number>
  /** Every transaction that ever reached a node, oldest first. */
  readonly arrived: Set<WireTransaction>
  /** When faults end. */
  readonly healsAtMs: number
  isHealed(): boolean
  random(use: string): Random
}

/** Virtual time begins here: 2027-01-15. */
const startMs = 1_800_000_000_000
const gwei = 1_000_000_000n
const ether = 10n ** 18n

/** A chain with funded wallets and pools, its nodes, and nothing under way. */
export function buildWorld(plan: SeedPlan, story: Story): World {
  const { seed } = plan
  const random = (use: string): Random => randomOf(seed, use)
  const timeline = startTimeline(startMs, random('ties'))
  const ledger = openLedger(firstState(plan), {
    timestampS: startMs / 1000 - 60,
    baseFee: BigInt(plan.baseFeeGwei) * gwei,
  })
  const clients = random('clients')
  const nodes = Array.from({ length: plan.nodes }, (_, index) =>
    startNode({
      name: `n${index}`,
      dialect: clients.pick(dialects),
      ledger,
      poolMax: clients.chance(0.1) ? 3 : 5_000,
      now: timeline.now,
    }),
  )
  const healsAtMs = startMs + plan.healsAfterMs
  const faults = tallyFaults(plan.kinds)
  for (const kind of ['noBaseFee', 'skew'] as const) if (faults.isOn(kind)) faults.note(kind)
  return {
    plan,
    timeline,
    ledger,
    wire: openWire(),
    nodes,
    faults,
    scenarios: tallyScenarios(),
    story: story.at(timeline.now),
    tipWei: gwei,
    troubles: new Map(),
    arrived: new Set(),
    healsAtMs,
    isHealed: () => timeline.now() >= healsAtMs,
    random,
  }
}

/** What a wallet has at first: enough for all orders, unless it is to be poor in the chain's own coin. */
const walletEther = 1_000n * ether
const poorEther = 100n * ether
const poorWei = ether / 50n

function firstState({ venues, wallets, kinds }: SeedPlan): State {
  const state: State = { nonces: new Map(), coins: new Map() }
  for (let index = 0; index < wallets; index += 1) {
    addTo(state, native, walletOf(index), kinds.has('poor') ? poorEther + poorWei : walletEther)
    addTo(state, usdc.address, walletOf(index), 1_000_000n * 10n ** 6n)
    addTo(state, dai.address, walletOf(index), 1_000_000n * ether)
  }
  for (let index = 0; index < venues; index += 1) fillPools(state, index)
  return state
}

function fillPools(state: State, index: number): void {
  const depth = BigInt(index + 2)
  const router = routerOf(index)
  const worth = [
    [wrapped, 1_000n * ether],
    [usdc, 3_000_000n * 10n ** 6n],
    [dai, 3_000_000n * ether],
  ] as const
  for (const [one, amount] of worth) {
    for (const [other, otherAmount] of worth) {
      if (one.address >= other.address) continue
      const pool = poolOf(router, one.address, other.address)
      addTo(state, one.address, pool, amount * depth)
      addTo(state, other.address, pool, otherAmount * depth)
    }
  }
}

/** Moves one pool's price by up to so many hundredths of a percent, either way. */
export function movePool(state: State, plan: SeedPlan, random: Random, bpsMax: number): void {
  const router = routerOf(random.int(0, plan.venues - 1))
  const [one, other] = random.shuffled(tokens)
  if (one === undefined || other === undefined) return
  const pool = poolOf(router, one.address, other.address)
  const key = `${one.address} ${pool}`
  const reserve = state.coins.get(key) ?? 0n
  state.coins.set(key, (reserve * BigInt(10_000 + random.int(-bpsMax, bpsMax))) / 10_000n)
}

/** A dry pool keeps its price, and a thousandth of what it holds. */
const dryPart = 1_000n

/** Marks what is wrong now in a block's state, and dries pools up or fills them again. */
export function markTroubles({ troubles, timeline }: World, state: State): void {
  for (const [mark, untilMs] of troubles) {
    const was = (state.coins.get(mark) ?? 0n) > 0n
    const is = timeline.now() < untilMs
    if (was === is) continue
    state.coins.set(mark, is ? 1n : 0n)
    const [kind, pool = '0x'] = mark.split(' ')
    if (kind !== dry) continue
    for (const { address } of pairOf(pool as Hex) ?? []) {
      const held = balanceOf(state, address, pool)
      addTo(state, address, pool, (is ? held / dryPart : held * dryPart) - held)
    }
  }
}
