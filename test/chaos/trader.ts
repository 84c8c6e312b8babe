import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TradeOrder } from '../../src/runtime/accept.ts'
import type { Program } from '../crash/process.ts'
import type { Evidence } from '../support/oracleLedger.ts'
import type { ChildLine, ChildPlan } from './lines.ts'

type Ended = Evidence['trades'][number]
type Child = ChildProcessByStdio<Writable, Readable, Readable>

/** A trading process that is started again whenever it ends, with every order that it has not reported the end of. */
export interface Trader {
  submit(order: TradeOrder): void
  /** Ends the process with SIGKILL, if there is one. */
  kill(): void
  readonly kills: number
  /** Orders without an end. */
  readonly open: number
  readonly ended: readonly Ended[]
  /** What it said when it was closed of those that had not ended. */
  readonly unended: readonly Ended[]
  /** How often each kind of trouble was told, by its code and what it was with. */
  readonly troubles: Readonly<Record<string, number>>
  /** The newest of them, in full. */
  readonly newestTroubles: readonly string[]
  /** Its last words, where it ended by itself: that is a fault. */
  readonly complaints: readonly string[]
  /** Lets the process close, and starts no other. */
  stop(): Promise<void>
}

export interface TraderOptions {
  readonly program: Program
  readonly plan: ChildPlan
  readonly env: Readonly<Record<string, string>>
  readonly onEnded: (ended: Ended) => void
}

const closeMaxMs = 15_000
const troublesKept = 10

/** Starts a trader. */
export function startTrader({ program, plan, env, onEnded }: TraderOptions): Trader {
  const orders = new Map<string, TradeOrder>()
  const ended: Ended[] = []
  const unended: Ended[] = []
  const newestTroubles: string[] = []
  const troubles: Record<string, number> = {}
  const complaints: string[] = []
  let kills = 0
  let runs = 0
  let child: Child | undefined
  let isOpen = false
  let isStopped = false

  function hear(line: ChildLine): void {
    if (line.type === 'open') {
      isOpen = true
      for (const order of orders.values()) put(order)
    }
    if (line.type === 'trouble' || line.type === 'unopened' || line.type === 'refused') {
      const what = line.type === 'trouble' ? line.what.replace(/0x\w+|soak-\S+|gap\S+/g, '…') : line.type
      const name = `${line.failure?.code ?? 'WELL'}: ${what}`
      troubles[name] = (troubles[name] ?? 0) + 1
      newestTroubles.push(JSON.stringify(line))
      newestTroubles.splice(0, newestTroubles.length - troublesKept)
    }
    if (line.type === 'refused') complaints.push(`${line.tradeId}: ${line.failure.message}`)
    if (line.type === 'unended') unended.push(line)
    // A killed process may have told an end already; the next one tells it again.
    if (line.type === 'ended' && orders.delete(line.status.tradeId)) {
      ended.push(line)
      onEnded(line)
    }
  }

  function put(order: TradeOrder): void {
    child?.stdin.write(`${JSON.stringify(order)}\n`)
  }

  async function run(): Promise<void> {
    runs += 1
    const args = [program.file, JSON.stringify({ ...plan, seed: plan.seed + runs })]
    const process_ = spawn(process.execPath, args, {
      env: { PATH: process.env.PATH, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    child = process_
    let words = ''
    // It may be killed while it is being told something.
    process_.stdin.on('error', () => {})
    process_.stderr.on('data', (chunk: Buffer) => {
      words += chunk
    })
    createInterface({ input: process_.stdout }).on('line', (text) => hear(JSON.parse(text) as ChildLine))
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
      process_.once('close', (...end) => resolve(end)),
    )
    child = undefined
    isOpen = false
    if (signal !== 'SIGKILL' && code !== 0) complaints.push(`The child ended with ${code ?? signal}. ${words}`)
  }

  async function runOn(): Promise<void> {
    while (!isStopped) {
      await run()
      // Where no endpoint answers it ends at once, again and again.
      await sleep(50)
    }
  }

  const running = runOn()
  return {
    submit(order) {
      orders.set(order.tradeId, order)
      if (isOpen) put(order)
    },
    kill() {
      if (child?.kill('SIGKILL')) kills += 1
    },
    get kills() {
      return kills
    },
    get open() {
      return orders.size
    },
    ended,
    unended,
    newestTroubles,
    troubles,
    complaints,
    async stop() {
      isStopped = true
      child?.stdin.end()
      const watchdog = setTimeout(() => {
        complaints.push('The child did not close.')
        child?.kill('SIGKILL')
      }, closeMaxMs)
      await running
      clearTimeout(watchdog)
    },
  }
}
