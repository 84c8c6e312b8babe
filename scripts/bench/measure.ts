import { setTimeout as sleep } from 'node:timers/promises'
import type { Hex } from '../../src/domain/hex.ts'
import { monotonicMs, type Stub } from './stub.ts'
import type { Trader } from './trader.ts'

/** What a run at one concurrency came to. */
export interface Throughput {
  readonly inFlight: number
  readonly legs: number
  readonly legsPerSecond: number
  /** Of this process, all its threads, user and system. */
  readonly cpuMsPerLeg: number
  /** Null where the node does not count. */
  readonly rpcCallsPerLeg: number | null
}

/** Milliseconds. */
export interface Latency {
  readonly p50: number
  readonly p99: number
}

/**
 * Keeps `inFlight` swaps under way for `seconds`, then lets them end. The time until the last has ended counts, so that the
 * rate errs on the low side.
 */
export async function measureThroughput(
  trader: Trader,
  { inFlight, seconds, stub }: { inFlight: number; seconds: number; stub?: Stub },
): Promise<Throughput> {
  const callsBefore = await callsOf(stub)
  const cpuBefore = process.cpuUsage()
  const startedAtMs = monotonicMs()
  const untilMs = startedAtMs + seconds * 1000
  let legs = 0
  async function keepTrading(): Promise<void> {
    while (monotonicMs() < untilMs) {
      await trader.trade()
      legs += 1
    }
  }
  await Promise.all(Array.from({ length: inFlight }, keepTrading))
  const elapsedMs = monotonicMs() - startedAtMs
  const { user, system } = process.cpuUsage(cpuBefore)
  const callsAfter = await callsOf(stub)
  return {
    inFlight,
    legs,
    legsPerSecond: (legs * 1000) / elapsedMs,
    cpuMsPerLeg: (user + system) / 1000 / legs,
    rpcCallsPerLeg: callsBefore === null || callsAfter === null ? null : (callsAfter - callsBefore) / legs,
  }
}

async function callsOf(stub: Stub | undefined): Promise<number | null> {
  if (stub === undefined) return null
  const { calls } = await stub.counts()
  return Object.values(calls).reduce((all, count) => all + count, 0)
}

/**
 * Between two single orders, which come when there is nothing else to do. Longer than ethers keeps a node's answers: else
 * it would take the gas and fees of the order before.
 */
const pauseMs = 260

/**
 * One swap after the other, each from the call of `send` to the arrival of its bytes at the node. The first `warmUp` of
 * them do not count.
 */
export async function measureOrderToWire(
  trader: Trader,
  stub: Stub,
  { samples, warmUp }: { samples: number; warmUp: number },
): Promise<Latency> {
  const sent: { calledAtMs: number; hash: Hex }[] = []
  for (let trade = 0; trade < warmUp + samples; trade += 1) {
    const calledAtMs = monotonicMs()
    const hash = await trader.send()
    if (trade >= warmUp) sent.push({ calledAtMs, hash })
    await sleep(pauseMs)
  }
  const receivedAtMs = await stub.receivedAtMs(sent.map(({ hash }) => hash))
  const delaysMs = sent.map(({ calledAtMs }, index) => (receivedAtMs[index] ?? Number.NaN) - calledAtMs)
  return { p50: percentile(delaysMs, 0.5), p99: percentile(delaysMs, 0.99) }
}

/**
 * The smallest value that `share` of all values do not pass.
 *
 * @example
 * percentile([3, 1, 2], 0.5) // 2
 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

/** The run with the most legs a second. */
export function bestOf(runs: readonly Throughput[]): Throughput {
  const [first, ...rest] = runs
  if (first === undefined) throw new TypeError('Nothing was measured.')
  return rest.reduce((best, run) => (run.legsPerSecond > best.legsPerSecond ? run : best), first)
}
