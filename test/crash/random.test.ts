import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { violations } from '../support/oracle.ts'
import { holdingsOf } from '../support/oracleLedger.ts'
import { randomNumbers } from '../support/random.ts'
import { openDisk } from './disk.ts'
import { startMiner } from './miner.ts'
import type { ChildLine, ChildPlan } from './plan.ts'
import { frameOf, optionsFor, traderOf, useTheatre } from './play.ts'
import { runChild } from './process.ts'

// LEGWORK_CRASH_SEED=… plays the same orders of work and the same delays again; the instants still depend on the machine.
const seed = Number(process.env.LEGWORK_CRASH_SEED ?? randomInt(2 ** 31))
const killsMin = Number(process.env.LEGWORK_CRASH_KILLS ?? 200)
/** Opening takes about as long, and so do four trades after it. */
const delayMaxMs = 300

const theatre = useTheatre()

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
  const miner = startMiner({ world: theatre().world, blocksOnTop: 2 })
  let kills = 0
  let runs = 0

  /** One run; killed after a while, or not before it ends. */
  async function run(orders: ChildPlan['orders']): Promise<readonly ChildLine[] | null> {
    let timer: NodeJS.Timeout | undefined
    const delayMs = random() * delayMaxMs
    // Most are killed while they trade, some while they open.
    const from = random() < 0.7 ? 'open' : 'loaded'
    const isDoomed = kills < killsMin
    const { isDone, lines } = await runChild({
      program: theatre().program,
      privateKey: traderOf(theatre()).privateKey,
      plan: {
        options: optionsFor(theatre(), dataDir, { config: { retryAttempts: 10 } }),
        orders,
        seed: seed + runs,
        kill: null,
        cancelOnSign: false,
        fault: null,
      },
      onLine(line, kill) {
        if (isDoomed && line.type === from) timer = setTimeout(kill, delayMs)
      },
    })
    clearTimeout(timer)
    runs += 1
    if (!isDone) kills += 1
    return isDone ? lines : null
  }

  async function tradeToTheEnd(set: number): Promise<string[]> {
    const frame = frameOf(theatre())
    const { address: wallet } = traderOf(theatre())
    const before = await holdingsOf({ ...frame, wallet })
    theatre().gate.reset({ isOnDisk: ({ raw }) => disk.hasBytes(raw) })
    let lines: readonly ChildLine[] | null = null
    while (lines === null) lines = await run(ordersOf(set))
    const trades = lines.flatMap((line) => (line.type === 'ended' ? [line] : []))
    const wallets = [{ wallet, before, laneMark: disk.laneMark(wallet) }]
    return violations({ ...frame, wallets, sent: theatre().gate.sent, trades, foreign: [] })
  }

  try {
    for (let set = 0; kills < killsMin; set += 1) {
      const found = await tradeToTheEnd(set)
      expect({ seed, set, found }).toEqual({ seed, set, found: [] })
    }
  } finally {
    await miner.stop()
    await disk.close()
    await rm(dataDir, { recursive: true })
  }
})
