import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import type { Account } from '../../scripts/world/accounts.ts'
import { startWorld, type World } from '../../scripts/world/world.ts'
import { type Gate, type GateOptions, startGate } from '../support/gate.ts'
import { violations } from '../support/oracle.ts'
import { type Evidence, holdingsOf } from '../support/oracleLedger.ts'
import { venuesOf } from '../support/venues.ts'
import { type Disk, openDisk } from './disk.ts'
import { type Miner, startMiner } from './miner.ts'
import type { ChildLine, ChildPlan, Fault, Kill } from './plan.ts'
import { compileChild, keyVariable, type Program, runChild } from './process.ts'

/** What every play needs: a node behind a gate, and the child to be killed. */
export interface Theatre {
  readonly world: World
  readonly gate: Gate
  readonly program: Program
  close(): Promise<void>
}

/** What goes on around the child. */
export interface Reactions extends Pick<GateOptions, 'onSent' | 'onReply' | 'treat' | 'rules'> {
  /** Runs before each block that takes transactions. */
  readonly beforeBlock?: () => Promise<void>
  /** Runs after each block; `taken`: how many transactions are in it. */
  readonly afterBlock?: (taken: number) => Promise<void>
  readonly onLine?: (line: ChildLine, kill: () => void) => void
  /** What was sent past the gate. */
  readonly foreign?: Evidence['foreign']
}

/** A course of events. */
export interface Scenario {
  readonly name: string
  readonly config?: ChildPlan['options']['config']
  readonly limits?: NonNullable<ChildPlan['options']['limits']>
  readonly orders: ChildPlan['orders']
  readonly cancelOnSign?: boolean
  readonly cancelIn?: string
  /** Puts the world in shape. */
  readonly stage?: (stage: {
    readonly world: World
    readonly miner: Miner
    readonly trader: Account
    /** Where the child will keep its data; nothing is there yet. */
    readonly dataDir: string
  }) => Promise<Reactions>
}

export interface PlayOptions {
  /** One for each run of the child; the runs after that end by themselves. */
  readonly kills?: readonly Kill[]
  readonly seed?: number
  readonly fault?: Fault
  /** Changes what the oracle is shown. */
  readonly tamper?: (evidence: Evidence) => Evidence
}

/** What became of a scenario. */
export interface Outcome {
  readonly violations: readonly string[]
  /** Where the child says that it was killed. */
  readonly killed: readonly string[]
  /** The states of all live legs that were on disk after each kill. */
  readonly statesOnDisk: readonly string[]
  /** Of the last run: the points that it passed, and how often; first those up to when it was open, then all. */
  readonly countsAtOpen: Readonly<Record<string, number>>
  readonly counts: Readonly<Record<string, number>>
  readonly trades: Evidence['trades']
}

/**
 * One theatre for a test file.
 *
 * @returns The theatre, once the tests run.
 */
export function useTheatre(): () => Theatre {
  let theatre: Theatre | undefined
  beforeAll(async () => {
    theatre = await openTheatre()
  })
  afterAll(() => theatre?.close())
  return () => {
    if (theatre === undefined) throw new Error('The theatre opens with the first test.')
    return theatre
  }
}

async function openTheatre(): Promise<Theatre> {
  const program = await compileChild()
  const world = await startWorld()
  const gate = await startGate(world.url)
  const close = async (): Promise<void> => {
    await gate.stop()
    await Promise.all([world.stop(), program.remove()])
  }
  return { world, gate, program, close }
}

const confirmations = 2
const gwei = 10n ** 9n
const ceilingGwei = 20n

/** Small enough for a test, with nothing in it that would end a leg on a slow machine. */
const config: ChildPlan['options']['config'] = {
  confirmationBlocks: confirmations,
  maxGasPrice: String(ceilingGwei),
  retryDelay: 0.02,
  retryAttempts: 3,
  timeout: 600,
  bumpInterval: 600,
}

function confirmationsOf(scenario: Pick<Scenario, 'config'>): number {
  return scenario.config?.confirmationBlocks ?? confirmations
}

/** All that a child is told, but for its orders and its end. */
export function optionsFor({ world, gate }: Theatre, dataDir: string, scenario: Pick<Scenario, 'config' | 'limits'>) {
  return {
    config: { ...config, ...scenario.config },
    chain: { chainId: world.chainId, rpcUrls: [gate.url], pollInterval: 0.02 },
    wallets: [{ privateKeyEnv: keyVariable }],
    tokens: world.tokens,
    venues: venuesOf(world),
    limits: scenario.limits ?? [],
    dataDir,
  }
}

/** The trader's account. */
export function traderOf({ world }: Theatre) {
  const [trader] = world.accounts
  if (trader === undefined) throw new Error('The world has no account.')
  return trader
}

/** What the oracle needs to know of the world. */
export function frameOf(theatre: Theatre, scenario: Pick<Scenario, 'config'> = {}) {
  const { rpc, tokens } = theatre.world
  return {
    rpc,
    tokens: {
      ETH: { address: tokens.ETH, decimals: 18 },
      WETH: { address: tokens.WETH, decimals: 18 },
      USDC: { address: tokens.USDC, decimals: 6 },
      DAI: { address: tokens.DAI, decimals: 18 },
    },
    confirmations: confirmationsOf(scenario),
    ceilings: { call: ceilingGwei * gwei, cancel: 2n * ceilingGwei * gwei },
  }
}

/**
 * Plays a scenario in a fresh data directory on the world as it was: runs the child, kills it where told, runs it again
 * until its trades have ended, and checks the invariants.
 *
 * @throws Error where the child hangs or fails.
 */
export async function play(theatre: Theatre, scenario: Scenario, options: PlayOptions = {}): Promise<Outcome> {
  const { world, gate } = theatre
  const dataDir = await mkdtemp(join(tmpdir(), 'legwork-crash-'))
  const disk = openDisk(dataDir)
  const snapshot = await world.snapshot()
  let reactions: Reactions = {}
  const beforeBlock = async () => reactions.beforeBlock?.()
  const afterBlock = async (taken: number) => reactions.afterBlock?.(taken)
  const miner = startMiner({ world, blocksOnTop: confirmationsOf(scenario), beforeBlock, afterBlock })
  const { address: wallet } = traderOf(theatre)
  const frame = frameOf(theatre, scenario)
  try {
    reactions = (await scenario.stage?.({ world, miner, trader: traderOf(theatre), dataDir })) ?? {}
    const before = await holdingsOf({ ...frame, wallet })
    gate.reset({ ...reactions, isOnDisk: ({ raw }) => disk.hasBytes(raw) })
    const runs = await runAll(theatre, { scenario, options, dataDir, disk, reactions })
    await miner.stop()
    const wallets = [{ wallet, before, laneMark: disk.laneMark(wallet) }]
    const { sent } = gate
    const { limits = [] } = scenario
    const evidence = { ...frame, wallets, sent, limits, trades: runs.trades, foreign: reactions.foreign ?? [] }
    const { tamper = (untouched: Evidence) => untouched } = options
    return { ...runs, violations: await violations(tamper(evidence)) }
  } finally {
    await miner.stop()
    await disk.close()
    gate.reset()
    await world.revert(snapshot)
    await rm(dataDir, { recursive: true })
  }
}

interface Runs extends Omit<Outcome, 'violations'> {}

interface Cast {
  readonly scenario: Scenario
  readonly options: PlayOptions
  readonly dataDir: string
  readonly disk: Disk
  readonly reactions: Reactions
}

async function runAll(theatre: Theatre, { scenario, options, dataDir, disk, reactions }: Cast): Promise<Runs> {
  const { kills = [], seed = 1, fault = null } = options
  const killed: string[] = []
  const statesOnDisk: string[] = []
  // A run more than there are kills, and one for a kill by the scenario itself.
  for (let run = 0; run <= kills.length + 1; run += 1) {
    const { isDone, lines } = await runChild({
      program: theatre.program,
      privateKey: traderOf(theatre).privateKey,
      plan: {
        options: optionsFor(theatre, dataDir, scenario),
        orders: scenario.orders,
        seed: seed * 1_000 + run,
        kill: kills[run] ?? null,
        cancelOnSign: scenario.cancelOnSign ?? false,
        ...(scenario.cancelIn === undefined ? {} : { cancelIn: scenario.cancelIn }),
        fault,
      },
      onLine: (line, kill) => reactions.onLine?.(line, kill),
    })
    killed.push(...lines.flatMap((line) => (line.type === 'killed' ? [line.where] : [])))
    if (isDone) return { killed, statesOnDisk, ...reportOf(lines) }
    statesOnDisk.push(...disk.legStates())
  }
  throw new Error('The child was killed more often than planned.')
}

function reportOf(lines: readonly ChildLine[]): Pick<Runs, 'countsAtOpen' | 'counts' | 'trades'> {
  return {
    trades: lines.flatMap((line) => (line.type === 'ended' ? [line] : [])),
    countsAtOpen: lines.find((line) => line.type === 'open')?.counts ?? {},
    counts: lines.find((line) => line.type === 'points')?.counts ?? {},
  }
}
