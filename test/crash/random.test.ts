import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { holdingsOf, violations } from '../support/oracle.ts'
import { openDisk } from './disk.ts'
import { startMiner } from './miner.ts'
import type { ChildLine, ChildPlan } from './plan.ts'
import { frameOf, openTheatre, optionsFor, type Theatre, traderOf } from './play.ts'
import { runChild } from './process.ts'
import { randomNumbers } from './shuffle.ts'

// LEGWORK_CRASH_SEED=… plays the same orders of work and the same delays again; the instants still depend on the machine.
const seed = Number(process.env.LEGWORK_CRASH_SEED ?? randomInt(2 ** 31))
const killsMin = Number(process.env.LEGWORK_CRASH_KILLS ?? 200)
/** From the first instruction of the manager to some time after four trades usually end. */
const delayMaxMs = 600

let theatre: Theatre
beforeAll(async () => {
  theatre = await openTheatre()
})
afterAll(() => theatre.close())

function ordersOf(set: number): ChildPlan['orders'] {
  return [
    { tradeId: `${set}-native-1`, pair: 'ETH/USDC', amount: '4' },
    { tradeId: `${set}-native-2`, pair: 'ETH/DAI', amount: '3' },
    { tradeId: `${set}-token`, pair: 'USDC/ETH', amount: '12000' },
    { tradeId: `${set}-buy`, pair: 'ETH/USDC', side: 'buy', amount: '4' },
  ]
}

test(`${killsMin} kills at random instants, four trades running, seed ${seed}`, { timeout: 600_000 }, async () => {
  const random = randomNumbers(seed)
  const dataDir = await mkdtemp(join(tmpdir(), 'legwork-crash-'))
  const disk = openDisk(dataDir)
  const miner = startMiner({ world: theatre.world, blocksOnTop: 2 })
  let kills = 0
  let runs = 0

  /** One run; killed after a while, or not before it ends. */
  async function run(orders: ChildPlan['orders']): Promise<readonly ChildLine[] | null> {
    let timer: NodeJS.Timeout | undefined
    const delayMs = kills < killsMin ? random() * delayMaxMs : null
    const { isDone, lines } = await runChild({
      program: theatre.program,
      privateKey: traderOf(theatre).privateKey,
      plan: {
        options: optionsFor(theatre, dataDir, { config: { retryAttempts: 10 } }),
        orders,
        seed: seed + runs,
        kill: null,
        cancelOnSign: false,
        fault: null,
      },
      onLine(line, kill) {
        if (line.type === 'loaded' && delayMs !== null) timer = setTimeout(kill, delayMs)
      },
    })
    clearTimeout(timer)
    runs += 1
    if (!isDone) kills += 1
    return isDone ? lines : null
  }

  async function tradeToTheEnd(set: number): Promise<string[]> {
    const before = await holdingsOf(frameOf(theatre))
    theatre.gate.reset({ isOnDisk: ({ raw }) => disk.hasBytes(raw) })
    let lines: readonly ChildLine[] | null = null
    while (lines === null) lines = await run(ordersOf(set))
    const trades = lines.flatMap((line) => (line.type === 'ended' ? [line] : []))
    const frame = { ...frameOf(theatre), before, sent: theatre.gate.sent, foreign: [] }
    return violations({ ...frame, trades, laneMark: disk.laneMark(frame.wallet) })
  }

  try {
    for (let set = 0; kills < killsMin; set += 1) {
      expect({ seed, set, kills, violations: await tradeToTheEnd(set) }).toEqual({ seed, set, kills, violations: [] })
    }
  } finally {
    await miner.stop()
    await disk.close()
    await rm(dataDir, { recursive: true })
  }
})
