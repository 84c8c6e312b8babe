import { type Legwork, legworkTrader, withDataDir } from './legworkTrader.ts'
import type { Trading } from './market.ts'
import { type Latency, measureOrderToWire, measureThroughput, type Throughput } from './measure.ts'
import { type EthersStyle, ethersTrader, viemTrader } from './plainTraders.ts'
import type { Stub } from './stub.ts'
import type { Trader } from './trader.ts'

/** Whose legs a second are counted, in this order. */
export const crowds = ['legwork', 'ethers', 'viem'] as const
/** Whose single orders are timed. Without batches ethers gets them out sooner, and under load it makes no difference. */
export const racers = ['legwork', 'ethers', 'ethers unbatched', 'viem'] as const
type Contender = (typeof racers)[number]

/** How much is measured. */
export interface Effort {
  readonly inFlight: readonly number[]
  readonly seconds: number
  /** Before it counts: code is compiled while it runs, and all contenders profit from that alike. */
  readonly warmUpSeconds: number
  readonly samples: number
  readonly warmUpSamples: number
}

/** One trader for the time of `body`. */
async function withTrader<Result>(
  contender: Contender,
  legwork: Legwork,
  trading: Trading,
  body: (trader: Trader) => Promise<Result>,
): Promise<Result> {
  return await withDataDir(async (dataDir) => {
    const trader = await open(contender, legwork, trading, dataDir)
    try {
      return await body(trader)
    } finally {
      await trader.close()
    }
  })
}

function open(contender: Contender, legwork: Legwork, trading: Trading, dataDir: string): Promise<Trader> {
  if (contender === 'legwork') return legworkTrader({ ...trading, legwork, dataDir })
  return contender === 'viem' ? viemTrader(trading) : ethersTrader(trading, contender satisfies EthersStyle)
}

/** Legs a second of one contender, at each concurrency. */
export function throughputOf(
  contender: Contender,
  legwork: Legwork,
  trading: Trading,
  { inFlight, seconds, warmUpSeconds, stub }: Pick<Effort, 'inFlight' | 'seconds' | 'warmUpSeconds'> & { stub?: Stub },
): Promise<Throughput[]> {
  return withTrader(contender, legwork, trading, async (trader) => {
    await measureThroughput(trader, { inFlight: inFlight.at(-2) ?? 1, seconds: warmUpSeconds })
    const runs: Throughput[] = []
    for (const legs of inFlight) {
      runs.push(await measureThroughput(trader, { inFlight: legs, seconds, ...(stub && { stub }) }))
    }
    return runs
  })
}

/** From order to wire, one swap after the other. */
export function orderToWireOf(
  contender: Contender,
  legwork: Legwork,
  trading: Trading,
  { samples, warmUpSamples, stub }: Pick<Effort, 'samples' | 'warmUpSamples'> & { stub: Stub },
): Promise<Latency> {
  return withTrader(contender, legwork, trading, (trader) =>
    measureOrderToWire(trader, stub, { samples, warmUp: warmUpSamples }),
  )
}

/** Measures one after the other. */
export async function ofEach<Name extends Contender, Result>(
  names: readonly Name[],
  measure: (name: Name) => Promise<Result>,
): Promise<Record<Name, Result>> {
  const results: [Name, Result][] = []
  for (const name of names) results.push([name, await measure(name)])
  return Object.fromEntries(results) as Record<Name, Result>
}
