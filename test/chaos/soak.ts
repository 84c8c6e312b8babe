import { setTimeout as sleep } from 'node:timers/promises'
import type { World } from '../../scripts/world/world.ts'
import type { Hex } from '../../src/domain/hex.ts'
import type { Fault } from '../crash/plan.ts'
import type { Gate } from '../support/gate.ts'
import { violations } from '../support/oracle.ts'
import { type Evidence, type Holdings, holdingsOf } from '../support/oracleLedger.ts'
import { randomNumbers } from '../support/random.ts'
import { orderFor } from './orders.ts'
import { failuresOf, type SoakResult, sum, total } from './report.ts'
import { confirmations, frameOf, keyVariable, optionsFor, worldWeights } from './settings.ts'
import { openStage, type Stage } from './stage.ts'
import { startTrader, type Trader, type TraderOptions } from './trader.ts'
import { startWeather } from './weather.ts'

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

const progressMs = 5_000
const blockMs = 150

/**
 * Trades on two wallets through two bad endpoints on a bad chain, is killed again and again, and checks at the end that no
 * transaction was lost, doubled or stuck.
 */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const stage = await openStage(options.seed + 1)
  try {
    return await soakOn(stage, options)
  } finally {
    await stage.close()
  }
}

async function soakOn(stage: Stage, options: SoakOptions): Promise<SoakResult> {
  const { world, wallets, endpoints } = stage
  const { seed, onProgress = () => {} } = options
  const random = randomNumbers(seed)
  const before = await Promise.all(wallets.map(({ address: wallet }) => holdingsOf({ ...frameOf(world), wallet })))
  const rawOf = (hash: string): Hex | undefined => sentOn(stage).find((one) => one.hash === hash)?.raw
  const weather = startWeather({ world, seed: seed + 3, wallets, blockMs, weights: worldWeights, rawOf })
  let isOver = false
  let number = 0
  const next = (): void => {
    number += 1
    trader.submit(orderFor(number, random))
  }
  const trader = startTrader({
    ...traderPlan(stage, options),
    onEnded: () => {
      if (!isOver) next()
    },
  })
  try {
    for (let place = 0; place < options.trades; place += 1) next()
    const faults = (): Record<string, number> => sum([...endpoints.map(({ plan }) => plan.counts), weather.counts])
    const tell = (): void => {
      const done = trader.ended.length
      onProgress(`kills ${trader.kills}, faults ${total(faults())}, trades ended ${done}, running ${trader.open}`)
    }
    await killAgainAndAgain(trader, { forMs: options.faultsMs, everyMs: options.killMs, random, tell })
    isOver = true
    for (const { plan } of endpoints) plan.stop()
    weather.calm()
    await settle(world, trader, { withinMs: options.settleMs, tell })
    await trader.stop()
    return { ...(await judge(stage, trader, { before, foreign: weather.foreign })), faults: faults() }
  } finally {
    await trader.stop()
    await weather.stop()
  }
}

/** What both gates saw, in the order of arrival. */
function sentOn({ endpoints }: Stage): Gate['sent'] {
  return endpoints.flatMap(({ gate }) => gate.sent).sort((a, b) => a.atMs - b.atMs)
}

function traderPlan(stage: Stage, options: SoakOptions): Omit<TraderOptions, 'onEnded'> {
  const { world, endpoints, dataDir, wallets, program } = stage
  const { seed, fault = null } = options
  const rpcUrls = endpoints.map(({ gate }) => gate.url)
  return {
    program,
    plan: { options: optionsFor(world, rpcUrls, dataDir), seed, fault },
    env: Object.fromEntries(wallets.map(({ privateKey }, index) => [keyVariable(index), privateKey])),
  }
}

async function judge(
  stage: Stage,
  trader: Trader,
  { before, foreign }: { before: readonly Holdings[]; foreign: Evidence['foreign'] },
): Promise<Omit<SoakResult, 'faults'>> {
  const { kills, ended, unended, troubles, newestTroubles } = trader
  const sent = sentOn(stage)
  const wallets = stage.wallets.flatMap(({ address: wallet }, index) => {
    const held = before[index]
    return held === undefined ? [] : [{ wallet, before: held, laneMark: stage.disk.laneMark(wallet) }]
  })
  const stuck = unended.map(({ status }) => `No end: ${JSON.stringify(status)}`)
  if (stuck.length !== trader.open) stuck.push(`No end: ${trader.open} trades have not ended.`)
  const found = await violations({ ...frameOf(stage.world), wallets, sent, trades: [...ended, ...unended], foreign })
  return {
    kills,
    transactions: new Set(sent.map(({ hash }) => hash)).size,
    trades: ended.length,
    filled: ended.filter(({ status }) => status.status === 'done').length,
    failures: failuresOf(ended),
    troubles,
    newestTroubles,
    violations: [...stuck, ...trader.complaints, ...found],
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
  await sleep(2 * confirmations * blockMs)
}
