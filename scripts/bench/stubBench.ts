import { setTimeout as sleep } from 'node:timers/promises'
import { type Hex, lowerHex } from '../../src/domain/hex.ts'
import { devAccounts } from '../world/accounts.ts'
import { rpcClient } from '../world/rpc.ts'
import { crowds, type Effort, ofEach, orderToWireOf, racers, throughputOf } from './contest.ts'
import type { Legwork } from './legworkTrader.ts'
import { expected, sold, type Trading } from './market.ts'
import { bestOf, type Latency, percentile, type Throughput } from './measure.ts'
import { profiled, type Spent } from './profile.ts'
import { measureStanding, type Standing } from './standing.ts'
import { monotonicMs, type Stub, startStub } from './stub.ts'

/** What the bench on the stub node found. */
export interface StubResults {
  /** Median of what a request and its reply really took, idle, by `fetch`. */
  readonly roundTripMs: number
  readonly throughput: Record<(typeof crowds)[number], readonly Throughput[]>
  readonly orderToWire: Record<(typeof racers)[number], Latency>
  readonly standing: readonly Standing[]
}

/** The stub's pace: stated in the report. */
export const pace = {
  roundTripMs: 1,
  /** While legs a second are counted. */
  blockTimeMs: 100,
  /** While single orders are timed: they wait for their receipts, and there are hundreds of them. */
  quickBlockTimeMs: 20,
  /** For all contenders alike. */
  pollIntervalMs: 20,
} as const

const router = address('70')
const wrappedNative = address('ee')
const usdc = address('dc')
const chainId = 31_337

/** Runs `body` with a stub node of its own. */
async function withStub<Result>(body: (stub: Stub, trading: Trading) => Promise<Result>): Promise<Result> {
  const [account] = devAccounts(1)
  if (account === undefined) throw new TypeError('There is no account.')
  const amounts = { amountIn: `${sold.wei}`, amountOut: `${expected.units}` }
  const stub = await startStub({ chainId, wallet: account.address, router, wrappedNative, usdc, ...amounts })
  try {
    const market = { url: stub.url, chainId, usdc, wrappedNative, router }
    return await body(stub, { market, ...account, pollIntervalMs: pace.pollIntervalMs })
  } finally {
    await stub.stop()
  }
}

/**
 * Everything that is measured on the stub node, one contender after the other on the same node.
 *
 * @param options.standing - How many legs are to stand there, for each run of memory and resumption.
 * @param options.onProgress - Told what comes next.
 */
export function runStubBench(
  legwork: Legwork,
  options: { effort: Effort; standing: readonly number[]; onProgress: (what: string) => void },
): Promise<StubResults> {
  const { effort, standing: sizes, onProgress } = options
  return withStub(async (stub, trading) => {
    const { roundTripMs } = pace
    await stub.configure({ blockTimeMs: pace.blockTimeMs, roundTripMs })
    const measuredRoundTripMs = await roundTrip(stub.url)
    const throughput = await ofEach(crowds, (contender) => {
      onProgress(`legs a second: ${contender}`)
      return throughputOf(contender, legwork, trading, { ...effort, stub })
    })
    await stub.configure({ blockTimeMs: pace.quickBlockTimeMs, roundTripMs })
    const orderToWire = await ofEach(racers, (contender) => {
      onProgress(`order to wire: ${contender}`)
      return orderToWireOf(contender, legwork, trading, { ...effort, stub })
    })
    const standing: Standing[] = []
    for (const legs of sizes) {
      onProgress(`${legs} standing legs`)
      standing.push(await measureStanding({ ...trading, legwork }, stub, legs))
    }
    return { roundTripMs: measuredRoundTripMs, throughput, orderToWire, standing }
  })
}

/** Legs a second of Legwork alone, at the highest concurrency, with the functions that took the main thread's time. */
export function profileLegwork(
  legwork: Legwork,
  { inFlight, seconds, warmUpSeconds }: Effort,
): Promise<{ best: Throughput; spent: readonly Spent[]; file: string }> {
  return withStub(async (stub, trading) => {
    await stub.configure(pace)
    const most = { inFlight: [Math.max(...inFlight)], seconds, warmUpSeconds, stub }
    const { result, spent, file } = await profiled(() => throughputOf('legwork', legwork, trading, most))
    return { best: bestOf(result), spent, file }
  })
}

async function roundTrip(url: string): Promise<number> {
  const rpc = rpcClient(url)
  const tookMs: number[] = []
  for (let turn = 0; turn < 100; turn += 1) {
    const startedAtMs = monotonicMs()
    await rpc('net_version')
    tookMs.push(monotonicMs() - startedAtMs)
    await sleep(1)
  }
  return percentile(tookMs, 0.5)
}

function address(ending: string): Hex {
  return lowerHex(`0x${ending.padStart(40, '1')}`)
}
