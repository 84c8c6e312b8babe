import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startWorld, type World } from '../../scripts/world/world.ts'
import type { Hex } from '../../src/domain/hex.ts'
import { type Disk, openDisk } from '../crash/disk.ts'
import type { Fault } from '../crash/plan.ts'
import { compileChild } from '../crash/process.ts'
import { type Gate, startGate } from '../support/gate.ts'
import { type FaultPlan, type FaultPlanOptions, faultPlan } from '../support/gatePlan.ts'
import type { Rules } from '../support/gateRules.ts'
import { violations } from '../support/oracle.ts'
import { holdingsOf } from '../support/oracleLedger.ts'
import { randomNumbers } from '../support/random.ts'
import type { ChildPlan } from './lines.ts'
import { orderFor } from './orders.ts'
import { startTrader, type Trader } from './trader.ts'
import { reorgMax, startWeather, type WeatherOptions } from './weather.ts'

/** How long, how much, and by which seed. */
export interface SoakOptions {
  readonly seed: number
  /** Trades running at once: whenever one ends, another begins, until the time is over. */
  readonly trades: number
  /** For how long there are faults. */
  readonly faultsMs: number
  /** From one kill to the next, on average. */
  readonly killMs: number
  /** For how long the trades may take to end when there are no faults any more. */
  readonly settleMs: number
  /** Something wrong with the trading process on purpose. */
  readonly fault?: Fault
  /** Told of the figures every few seconds. */
  readonly onProgress?: (line: string) => void
}

/** What came of a soak. */
export interface SoakResult {
  readonly kills: number
  /** By kind, those of the gates and those of the chain. */
  readonly faults: Readonly<Record<string, number>>
  /** Transactions that reached a gate; the same bytes count once. */
  readonly transactions: number
  readonly trades: number
  readonly filled: number
  /** Why legs failed: how often, by code. */
  readonly failures: Readonly<Record<string, number>>
  /** What the runtime told of its trouble: how often, by code, and the newest in full. */
  readonly troubles: Readonly<Record<string, number>>
  readonly newestTroubles: readonly string[]
  /** One sentence each; none where all is well. */
  readonly violations: readonly string[]
}

/** Of a hundred requests about twenty suffer. */
const gateWeights: FaultPlanOptions['weights'] = {
  none: 400,
  lostRequest: 10,
  lostReply: 10,
  lateRequest: 10,
  lateReply: 10,
  repeated: 10,
  shuffled: 10,
  truncated: 5,
  garbled: 5,
  faulty: 5,
  busy: 5,
  badGateway: 5,
  unavailable: 5,
  hanging: 3,
  hangingReply: 3,
  nullReceipts: 2,
  staleHead: 2,
}

const worldWeights: WeatherOptions['weights'] = { none: 70, pause: 4, reorg: 10, vanish: 10, foreign: 4, spike: 2 }

const confirmations = reorgMax + 2
const ceilingGwei = 20n
const gwei = 10n ** 9n
const progressMs = 5_000

const config: ChildPlan['options']['config'] = {
  confirmationBlocks: confirmations,
  maxGasPrice: String(ceilingGwei),
  retryDelay: 0.05,
  retryAttempts: 20,
  timeout: 8,
  bumpInterval: 0.7,
}

/**
 * Trades on two wallets through two bad endpoints on a bad chain, is killed again and again, and checks at the end that no
 * transaction was lost, doubled or stuck.
 */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { seed, trades, faultsMs, fault = null, onProgress = () => {} } = options
  const random = randomNumbers(seed)
  const closers: (() => Promise<unknown>)[] = []
  try {
    const program = await compileChild('test/chaos')
    closers.push(program.remove)
    const world = await startWorld()
    closers.push(world.stop)
    await world.mine(10)
    const dataDir = await mkdtemp(join(tmpdir(), 'legwork-soak-'))
    closers.push(() => rm(dataDir, { recursive: true }))
    const disk = openDisk(dataDir)
    closers.push(disk.close)
    const gates = [await openGate(world, disk, seed + 1, 'geth'), await openGate(world, disk, seed + 2, 'reth')]
    closers.push(async () => {
      for (const { gate } of gates) await gate.stop()
    })
    const wallets = world.accounts.slice(0, 2)
    const frame = frameOf(world)
    const before = await Promise.all(wallets.map(({ address: wallet }) => holdingsOf({ ...frame, wallet })))

    const sentAt = (): Gate['sent'] => gates.flatMap(({ gate }) => gate.sent)
    const rawOf = (hash: string): Hex | undefined => sentAt().find((one) => one.hash === hash)?.raw
    const weather = startWeather({ world, seed: seed + 3, wallets, blockMs: 150, weights: worldWeights, rawOf })
    closers.push(weather.stop)
    let isOver = false
    let number = 0
    const next = (): void => {
      number += 1
      trader.submit(orderFor(number, random))
    }
    const trader = startTrader({
      program,
      plan: { options: optionsFor(world, gates, dataDir), seed, fault },
      env: Object.fromEntries(wallets.map(({ privateKey }, index) => [keyVariable(index), privateKey])),
      onEnded: () => (isOver ? undefined : next()),
    })
    closers.push(trader.stop)
    for (let place = 0; place < trades; place += 1) next()

    const faults = (): Record<string, number> => sum([...gates.map(({ plan }) => plan.counts), weather.counts])
    const tell = (): void => {
      const done = trader.ended.length
      onProgress(`kills ${trader.kills}, faults ${total(faults())}, trades ended ${done}, running ${trader.open}`)
    }
    await killAgainAndAgain(trader, { forMs: faultsMs, everyMs: options.killMs, random, tell })
    isOver = true
    for (const { plan } of gates) plan.stop()
    weather.calm()
    await settle(world, trader, { withinMs: options.settleMs, tell })
    await trader.stop()
    await weather.stop()

    const evidence = {
      ...frame,
      wallets: wallets.map(({ address: wallet }, index) => {
        return { wallet, before: before[index] ?? { nonce: 0, balances: {} }, laneMark: disk.laneMark(wallet) }
      }),
      sent: [...sentAt()].sort((a, b) => a.atMs - b.atMs),
      trades: [...trader.ended, ...trader.unended],
      foreign: weather.foreign,
    }
    const stuck = trader.unended.map(({ status }) => `No end: ${JSON.stringify(status)}`)
    if (stuck.length !== trader.open) stuck.push(`No end: ${trader.open} trades have not ended.`)
    return {
      kills: trader.kills,
      faults: faults(),
      transactions: new Set(evidence.sent.map(({ hash }) => hash)).size,
      trades: trader.ended.length,
      filled: trader.ended.filter(({ status }) => status.status === 'done').length,
      failures: sum(failuresOf(trader.ended)),
      troubles: trader.troubles,
      newestTroubles: trader.newestTroubles,
      violations: [...stuck, ...trader.complaints, ...(await violations(evidence))],
    }
  } finally {
    for (const close of closers.reverse()) await close()
  }
}

async function openGate(
  world: World,
  disk: Disk,
  seed: number,
  rules: Rules,
): Promise<{ gate: Gate; plan: FaultPlan }> {
  const gate = await startGate(world.url)
  const plan = faultPlan({ seed, weights: gateWeights })
  const safe = new Set<string>()
  const isOnDisk = ({ raw }: { raw: Hex }): boolean => {
    // What was there once may be gone when its trade has ended.
    if (!safe.has(raw) && disk.hasBytes(raw)) safe.add(raw)
    return safe.has(raw)
  }
  gate.reset({ isOnDisk, rules, faults: plan, lateMaxMs: 1_500 })
  return { gate, plan }
}

function keyVariable(index: number): string {
  return `LEGWORK_SOAK_KEY_${index}`
}

function optionsFor(world: World, gates: readonly { gate: Gate }[], dataDir: string): ChildPlan['options'] {
  return {
    config,
    chain: {
      chainId: world.chainId,
      rpcUrls: gates.map(({ gate }) => gate.url),
      pollInterval: 0.05,
      requestTimeout: 1,
    },
    wallets: [0, 1].map((index) => ({ privateKeyEnv: keyVariable(index) })),
    tokens: world.tokens,
    venues: world.venues.map((venue) =>
      venue.kind === 'uniswapV3'
        ? { id: venue.id, kind: venue.kind, router: venue.router, quoter: venue.quoter }
        : venue,
    ),
    dataDir,
  }
}

function frameOf({ rpc, tokens }: World) {
  return {
    rpc,
    tokens: {
      ETH: { address: tokens.ETH, decimals: 18 },
      WETH: { address: tokens.WETH, decimals: 18 },
      USDC: { address: tokens.USDC, decimals: 6 },
      DAI: { address: tokens.DAI, decimals: 18 },
    },
    confirmations,
    ceilings: { call: ceilingGwei * gwei, cancel: 2n * ceilingGwei * gwei },
  }
}

interface Killing {
  readonly forMs: number
  readonly everyMs: number
  readonly random: () => number
  readonly tell: () => void
}

async function killAgainAndAgain(trader: Trader, { forMs, everyMs, random, tell }: Killing): Promise<void> {
  const endMs = Date.now() + forMs
  let tellMs = Date.now() + progressMs
  while (Date.now() < endMs) {
    await sleep(Math.min(2 * random() * everyMs, Math.max(0, endMs - Date.now())))
    trader.kill()
    if (Date.now() < tellMs) continue
    tell()
    tellMs = Date.now() + progressMs
  }
}

/** Until every trade has ended and the pool is empty, or the time is over. */
async function settle(
  world: World,
  trader: Trader,
  { withinMs, tell }: { withinMs: number; tell: () => void },
): Promise<void> {
  const endMs = Date.now() + withinMs
  let tellMs = Date.now() + progressMs
  while (Date.now() < endMs) {
    const { pending, queued } = (await world.rpc('txpool_status')) as { pending: string; queued: string }
    if (trader.open === 0 && Number(pending) + Number(queued) === 0) break
    if (Date.now() > tellMs) {
      tell()
      tellMs = Date.now() + progressMs
    }
    await sleep(100)
  }
  // So that the last of all is deep.
  await sleep(confirmations * 300)
}

function failuresOf(trades: Trader['ended']): Record<string, number>[] {
  return trades.flatMap(({ status }) =>
    status.legs.flatMap(({ failure }) => (failure === null ? [] : [{ [failure.code]: 1 }])),
  )
}

function sum(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const totals: Record<string, number> = {}
  for (const [kind, count] of counts.flatMap((one) => Object.entries(one))) totals[kind] = (totals[kind] ?? 0) + count
  return totals
}

/** How many there were, of whatever kind. */
export function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((all, count) => all + count, 0)
}

/**
 * The last line of a soak. What was used twice is doubled, what did not end or left a gap is stuck, and whatever else is not as
 * it was reported is lost.
 *
 * @example
 * summary(result) // 'kills 40, faults 812, transactions 1204, lost 0, doubled 0, stuck 0'
 */
export function summary({ kills, faults, transactions, violations: found }: SoakResult): string {
  const doubled = found.filter((one) => one.startsWith('At most once')).length
  const stuck = found.filter((one) => one.startsWith('No gaps') || one.startsWith('No end')).length
  const lost = found.length - doubled - stuck
  const figures = { kills, faults: total(faults), transactions, lost, doubled, stuck }
  return Object.entries(figures)
    .map(([name, figure]) => `${name} ${figure}`)
    .join(', ')
}
