import { cpus } from 'node:os'
import { anvilPace } from './anvilBench.ts'
import { racers } from './contest.ts'
import { bestOf, type Throughput } from './measure.ts'
import type { Spent } from './profile.ts'
import { type Splitting, splitVenues } from './splitBench.ts'
import { pace, type StubResults } from './stubBench.ts'

/** The figures in one object: legs a second are each contender's best. */
export interface Summary {
  readonly legsPerSecond: number
  readonly ethersLegsPerSecond: number
  readonly viemLegsPerSecond: number
  readonly orderToWireMs: { readonly p50: number; readonly p99: number }
  readonly ethersOrderToWireMs: { readonly p50: number; readonly p99: number }
  readonly rpcCallsPerLeg: number
  readonly cpuMsPerLeg: number
  readonly bytesPerLiveLeg: number
  /** By the number of live legs. */
  readonly resumeMs: Record<string, number>
  /** What a new block costs, by the number of live legs. */
  readonly callsPerBlock: Record<string, number>
  /** Median microseconds of computing that it takes to split an order over eight venues. */
  readonly splitUs: number
}

/** Where ethers was timed in two styles, the one that does better counts. */
export function summaryOf({ throughput, orderToWire, standing }: StubResults, splitting: Splitting): Summary {
  const best = bestOf(throughput.legwork)
  const ethers = bestOf(throughput.ethers)
  const [one, other] = [orderToWire.ethers, orderToWire['ethers unbatched']]
  return {
    legsPerSecond: rounded(best.legsPerSecond),
    ethersLegsPerSecond: rounded(ethers.legsPerSecond),
    viemLegsPerSecond: rounded(bestOf(throughput.viem).legsPerSecond),
    orderToWireMs: latency(orderToWire.legwork),
    ethersOrderToWireMs: latency(one.p50 < other.p50 ? one : other),
    rpcCallsPerLeg: rounded(best.rpcCallsPerLeg ?? Number.NaN),
    cpuMsPerLeg: rounded(best.cpuMsPerLeg),
    bytesPerLiveLeg: Math.round(standing.at(-1)?.bytesPerLeg ?? Number.NaN),
    resumeMs: Object.fromEntries(standing.map(({ legs, resumeMs }) => [String(legs), Math.round(resumeMs)])),
    callsPerBlock: Object.fromEntries(
      standing.map(({ legs, callsPerBlock }) => [String(legs), rounded(callsPerBlock)]),
    ),
    splitUs: Math.round(splitting.p50 * 1000),
  }
}

/** The stub's part of the report. */
export function stubReport(results: StubResults): string {
  const { roundTripMs, throughput, orderToWire, standing } = results
  return [
    `${cpus().length} processors, Node ${process.versions.node}. The stub node is a process of its own on the same machine.`,
    `It holds back every reply, not the request, for ${pace.roundTripMs} ms: ${roundTripMs.toFixed(2)} ms a round trip by fetch, idle.`,
    `All look for a new block every ${pace.pollIntervalMs} ms, and a leg ends at its first confirmation.`,
    '',
    `Legs a second, a block every ${pace.blockTimeMs} ms`,
    ...throughputTable(throughput),
    '',
    `Order to wire, one leg in flight, a block every ${pace.quickBlockTimeMs} ms`,
    ...table([
      ['', 'p50 ms', 'p99 ms'],
      ...racers.map((name) => [name, orderToWire[name].p50.toFixed(2), orderToWire[name].p99.toFixed(2)]),
    ]),
    '',
    'Legs that are sent and not mined',
    ...table([
      ['live legs', 'bytes a leg', 'resume ms', 'calls a block'],
      ...standing.map(({ legs, bytesPerLeg, resumeMs, callsPerBlock }) => [
        `${legs}`,
        bytesPerLeg.toFixed(0),
        resumeMs.toFixed(0),
        callsPerBlock.toFixed(1),
      ]),
    ]),
    '',
    '',
  ].join('\n')
}

/** What it takes to decide on a split. */
export function splitReport({ legs, p50, p99 }: Splitting): string {
  return [
    `An order split over ${splitVenues} venues into ${legs} legs, half of the venues known by quotes alone; computing, no reads`,
    ...table([
      ['', 'p50 µs', 'p99 µs'],
      ['legwork', (p50 * 1000).toFixed(0), (p99 * 1000).toFixed(0)],
    ]),
    '',
    '',
  ].join('\n')
}

/** Anvil's part of the report. */
export function anvilReport(throughput: Record<string, readonly Throughput[]>): string {
  const title = `Legs a second on anvil, a block every ${anvilPace.blockTimeMs} ms, looked for every ${anvilPace.pollIntervalMs} ms`
  return [title, ...throughputTable(throughput), '', ''].join('\n')
}

/** What took the time of the main thread. */
export function profileReport({ legsPerSecond, inFlight }: Throughput, spent: readonly Spent[], file: string): string {
  const rows = spent.slice(0, 40).map(({ name, place, share }) => [`${(share * 100).toFixed(1)} %`, name, place])
  return [
    `${legsPerSecond.toFixed(0)} legs a second with ${inFlight} in flight, under the profiler. Busy time of the main thread:`,
    ...rows.map(([share = '', name = '', place = '']) => `${share.padStart(7)}  ${name.padEnd(32)} ${place}`),
    `The profile is in ${file}.`,
    '',
  ].join('\n')
}

function throughputTable(throughput: Record<string, readonly Throughput[]>): string[] {
  const rows = Object.entries(throughput).flatMap(([name, runs]) =>
    runs.map((run) => [
      name,
      `${run.inFlight}`,
      run.legsPerSecond.toFixed(run.legsPerSecond < 100 ? 1 : 0),
      run.cpuMsPerLeg.toFixed(2),
      run.rpcCallsPerLeg?.toFixed(2) ?? '-',
    ]),
  )
  return table([['', 'in flight', 'legs/s', 'CPU ms a leg', 'calls a leg'], ...rows])
}

/** Names to the left, numbers to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  )
}

function latency({ p50, p99 }: { p50: number; p99: number }): Summary['orderToWireMs'] {
  return { p50: rounded(p50), p99: rounded(p99) }
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}
