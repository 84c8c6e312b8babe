import { StoreLockedError } from '../../src/domain/errors.ts'
import type { ExecutionManager } from '../../src/runtime/executionManager.ts'
import type { Space } from '../../src/store/store.ts'
import { debtsOf } from './debts.ts'
import { type Disk, openDisk } from './disk.ts'
import type { Ended } from './evidence.ts'
import { beginLife, type Incarnation } from './incarnation.ts'
import { killerOf } from './killer.ts'
import type { Kind } from './kinds.ts'
import { ancestorAt } from './ledger.ts'
import { startMiner } from './miner.ts'
import { checkAll } from './oracle.ts'
import { planSeed } from './plan.ts'
import { orderWithinWindow, probeLimits } from './probe.ts'
import { openManager } from './process.ts'
import type { Scenario } from './scenarios.ts'
import { nonceOf } from './state.ts'
import { type Story, untold } from './story.ts'
import { trade, type Wish, wishesOf } from './trader.ts'
import { startWeather, type Weather } from './weather.ts'
import type { WireTransaction } from './wire.ts'
import { startWitness, type Violation, type Witness } from './witness.ts'
import { buildWorld, type World } from './world.ts'

/** What became of one seed. */
export interface SeedReport {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly faults: ReadonlyMap<Kind, number>
  readonly scenarios: ReadonlyMap<Scenario, number>
  /** Kinds that could happen. */
  readonly kinds: readonly Kind[]
  /** Different transactions that were sent. */
  readonly transactions: number
  readonly events: number
  readonly virtualMs: number
}

/** How long everything may take to end once the world has healed. */
const patienceMs = 2 * 3_600_000
const restartMs = 3_000

/** Plays one seed from the first order to the last end, and checks what must always hold. */
export async function simulateSeed(
  seed: number,
  { without, story = untold }: { without: readonly Kind[]; story?: Story },
): Promise<SeedReport> {
  const plan = planSeed(seed, without)
  const world = buildWorld(plan, story)
  story = world.story
  story.tell('plan', () => JSON.stringify({ ...plan, kinds: [...plan.kinds] }))
  const disk = openDisk(world)
  const witness = startWitness(world, disk.markOf)
  disk.onSafe(witness.safe)
  const weather = startWeather(world, startMiner(world), disk)
  await guarded(witness, () => play({ world, witness, disk, weather, wishes: wishesOf(world), ended: new Set() }))
  return {
    seed,
    violations: witness.violations,
    faults: world.faults.counts(),
    scenarios: world.scenarios.counts(),
    kinds: [...plan.kinds],
    transactions: witness.departures.size,
    events: world.timeline.count(),
    virtualMs: world.timeline.now() - (world.healsAtMs - plan.healsAfterMs),
  }
}

/** Whatever throws, or rejects with nobody there to hear it, is a fault of the runtime. */
async function guarded(witness: Witness, run: () => Promise<void>): Promise<void> {
  const blame = (error: unknown): void => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    witness.fault({ kind: 'other', text: `Thrown: ${text.replaceAll(/\s*\n\s*/g, ' ')}` })
  }
  process.on('unhandledRejection', blame)
  try {
    await run()
  } catch (error) {
    blame(error)
  } finally {
    process.off('unhandledRejection', blame)
  }
}

interface Play {
  readonly world: World
  readonly witness: Witness
  readonly disk: Disk
  readonly weather: Weather
  readonly wishes: Wish[]
  readonly ended: Set<string>
}

/** One life after the other, until one sees all trades end. */
async function play(stage: Play): Promise<void> {
  const { world, witness, wishes, ended } = stage
  for (let number = 1; ; number += 1) {
    const manager = await live(stage, number)
    if (manager !== null) {
      const more = wishes.some(({ order }) => order.tradeId === 'again') ? null : orderWithinWindow(world, witness)
      if (more === null) return finish(stage, manager)
      wishes.push({ order: more, atMs: world.timeline.now(), cancelAtMs: null })
      end(stage, manager.life)
    }
    if (world.timeline.now() > world.healsAtMs + patienceMs) {
      const missing = wishes.filter(({ order }) => !ended.has(order.tradeId)).map(({ order }) => order.tradeId)
      return witness.fault({ kind: 'stuck', text: `No end of ${missing.join(', ')}.` })
    }
  }
}

/** One life: the manager where all has ended in it, null where it died before. */
async function live(stage: Play, number: number): Promise<ManagedLife | null> {
  const { world, witness, disk, wishes, ended } = stage
  const { timeline, story, faults } = world
  const killer = killerOf(world, number)
  const life = beginLife(timeline, number, killer.notice)
  let manager: ExecutionManager | undefined
  let refusal: unknown
  ended.clear()
  witness.begins()
  witness.owes(debtsOf(world, disk, witness.seen))
  story.tell('process', () => `life ${number} begins`)
  openManager(world, life, witness, disk).then(
    (opened) => {
      manager = opened
      story.tell('process', () => 'is open')
      trade(world, life, witness, {
        manager: opened,
        wishes,
        onEnded: (tradeId) => void ended.add(tradeId),
      })
      if (faults.isOn('stranger')) life.at(1_000, () => intrude(stage, number))
    },
    (error: unknown) => {
      refusal = error
    },
  )
  const limitMs = world.healsAtMs + patienceMs
  const isOver = (): boolean =>
    refusal !== undefined || ended.size === wishes.length || killer.isDue() || timeline.now() > limitMs
  await timeline.run(isOver)
  if (manager !== undefined && ended.size === wishes.length) return { manager, life }
  if (manager !== undefined && killer.isDue() && faults.isOn('restart') && world.random(`end ${number}`).chance(0.4)) {
    await closeInOrder(stage, manager)
  }
  if (refusal !== undefined) story.tell('process', () => `does not open: ${String(refusal)}`)
  else if (timeline.now() <= limitMs) faults.note('kill')
  end(stage, life)
  restoreBackup(stage)
  const againMs = timeline.now() + (refusal === undefined ? pauseMs(world, number) : restartMs)
  let isTime = false
  timeline.outside(againMs, () => {
    isTime = true
  })
  await timeline.run(() => isTime)
  if (!world.isHealed() && faults.isOn('foreign')) await trespass(stage, number)
  return null
}

/** At once, whatever it is at. */
function end({ witness, disk, world: { story } }: Play, life: Incarnation): void {
  witness.killed()
  story.tell('process', () => 'has ended')
  life.die()
  disk.release(life)
}

/** Its nonce is not finally used up. */
function isOpen({ ledger, plan }: World, { from, nonce }: WireTransaction): boolean {
  const final = ancestorAt(ledger.tip(), ledger.highest() - plan.confirmations + 1)
  return final === undefined || nonceOf(final.state, from) <= nonce
}

interface ManagedLife {
  readonly manager: ExecutionManager
  readonly life: Incarnation
}

/** Stops where all trades are; or dies in the middle of it. */
async function closeInOrder({ world }: Play, manager: ExecutionManager): Promise<void> {
  const { timeline, faults, story } = world
  const limitMs = timeline.now() + world.random(`closing ${timeline.now()}`).int(1, 5_000)
  let isClosed = false
  faults.note('restart')
  story.tell('process', () => 'is told to close')
  // Where the disk refuses the last writes it says so: the next life goes on from what is there.
  const note = (): void => {
    isClosed = true
  }
  manager.close().then(note, note)
  await timeline.run(() => isClosed || timeline.now() >= limitMs)
  story.tell('process', () => (isClosed ? 'has closed' : 'has not closed yet'))
}

function pauseMs({ faults, random }: World, number: number): number {
  const chance = random(`pause ${number}`)
  if (!faults.isOn('longPause') || chance.chance(0.6)) return chance.int(1, 20_000)
  faults.note('longPause')
  return chance.int(60_000, 1_200_000)
}

/** While nobody looked another program used a nonce, in a block that may not stay. */
async function trespass({ world, weather }: Play, number: number): Promise<void> {
  const { ledger, timeline, random } = world
  const chance = random(`trespass ${number}`)
  if (chance.chance(0.2)) return
  weather.foreign()
  const next = ledger.tip().number + 1
  const seenMs = chance.int(100, 900)
  await timeline.run(() => ledger.tip().number >= next)
  const untilMs = timeline.now() + seenMs
  let isSeen = false
  timeline.outside(untilMs, () => {
    isSeen = true
  })
  await timeline.run(() => isSeen)
  if (chance.chance(0.7)) weather.unwind(chance.int(500, 8_000))
}

/** Somebody puts an older copy in the place of the store, once. */
function restoreBackup({ world, witness, disk }: Play): void {
  if (!world.faults.isOn('backup') || world.isHealed() || witness.restored() !== null) return
  const live = disk.restore()
  if (live === null) return
  world.scenarios.note('10 backup restored')
  world.story.tell('disk', () => `an older backup is in its place; live in it: ${live.join(', ')}`)
  witness.noteRestored(live)
}

/** A second process on the same store: it must be refused, and nobody else may notice. */
function intrude({ world, witness, disk }: Play, number: number): void {
  // It is closing already.
  if (!disk.isLocked()) return
  const stranger = beginLife(world.timeline, -number, () => {})
  world.faults.note('stranger')
  openManager(world, stranger, witness, disk).then(
    () => witness.fault({ kind: 'other', text: 'A second process opened the same store.' }),
    (error: unknown) => {
      if (error instanceof StoreLockedError) world.scenarios.note('10 second process refused')
      else witness.fault({ kind: 'other', text: `A second process was refused for another reason: ${String(error)}` })
    },
  )
}

/** All has ended: closes, waits until the chain has settled, and looks at everything. */
async function finish({ world, witness, disk, wishes }: Play, { manager, life }: ManagedLife): Promise<void> {
  const { timeline, ledger, plan } = world
  const probe = await probeLimits(world, witness, manager)
  if (probe !== null) wishes.push({ order: probe, atMs: timeline.now(), cancelAtMs: null })
  const endings: Ended[] = wishes.map(({ order }) => ({
    order,
    status: manager.getExecutionStatus(order.tradeId),
    history: manager.getHistory(order.tradeId),
  }))
  // Trades may have ended before the last nonce that belongs to none of them.
  const hasOpen = (): boolean =>
    disk.hasGaps() ||
    [...witness.departures.values()].some(
      ({ transaction, atMs }) => atMs >= witness.restoredAtMs() && isOpen(world, transaction),
    )
  const waitsUntilMs = timeline.now() + patienceMs
  await timeline.run(() => timeline.now() > waitsUntilMs || !hasOpen())
  // A disk that refuses the last writes makes closing fail, and rightly so.
  await timeline.run(() => !world.faults.isOn('diskFull') || world.isHealed())
  const settledAt = ledger.highest() + plan.confirmations + 3
  const isPast = timeline.now() + patienceMs
  let isClosed = false
  manager.close().then(
    () => {
      isClosed = true
    },
    (error: unknown) => witness.fault({ kind: 'other', text: `It did not close: ${String(error)}` }),
  )
  await timeline.run(() => (isClosed && ledger.highest() >= settledAt) || timeline.now() > isPast)
  if (!isClosed) return witness.fault({ kind: 'stuck', text: 'It never closed.' })
  life.die()
  const after = beginLife(timeline, 0, () => {})
  const store = await disk.open(after)
  const live = (['live', 'gap'] as Space[]).flatMap((space) => [...store.entries(space)].map(({ key }) => String(key)))
  if (live.length > 0) witness.fault({ kind: 'stuck', text: `Live in the store after the end: ${live.join(', ')}.` })
  checkAll(world, witness, endings)
}
