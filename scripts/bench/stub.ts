import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Hex } from '../../src/domain/hex.ts'
import { rpcClient } from '../world/rpc.ts'
import type { StubOptions } from './stubChain.ts'

/** A running stub node and the questions that only the bench may ask it. */
export interface Stub {
  readonly url: string
  /**
   * @param pace.blockTimeMs - Null: no blocks.
   * @param pace.roundTripMs - How long every reply is held back.
   * @param pace.isEmpty - Blocks take no transactions.
   */
  configure(pace: { blockTimeMs: number | null; roundTripMs: number; isEmpty?: boolean }): Promise<void>
  /** When the bytes of each transaction arrived, on the clock of `monotonicMs`. */
  receivedAtMs(hashes: readonly Hex[]): Promise<number[]>
  /** Calls since it started, by method, and how many different transactions it was given. */
  counts(): Promise<{ calls: Record<string, number>; transactions: number }>
  /** Resolves when the process is gone. */
  stop(): Promise<void>
}

/**
 * Milliseconds on a clock that all processes of this machine share: CLOCK_MONOTONIC on Linux.
 *
 * @example
 * const startedAtMs = monotonicMs()
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/**
 * Starts the stub node as a process of its own. It ends with `stop`, or with this process.
 *
 * @throws Error with its own words where it does not start.
 *
 * @example
 * const stub = await startStub(options)
 * await stub.configure({ blockTimeMs: 100, roundTripMs: 1 })
 */
export async function startStub(options: StubOptions): Promise<Stub> {
  const entry = fileURLToPath(new URL('./stubNode.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), entry, JSON.stringify(options)], {
    env: { PATH: process.env.PATH },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const url = `http://127.0.0.1:${await portOf(child)}`
  const rpc = rpcClient(url)
  return {
    url,
    configure: async (pace) => void (await rpc('bench_configure', [pace])),
    receivedAtMs: async (hashes) => (await rpc('bench_received', [hashes])) as number[],
    counts: async () => (await rpc('bench_counts')) as Awaited<ReturnType<Stub['counts']>>,
    stop() {
      child.stdin.end()
      return closed
    },
  }
}

function portOf(child: ChildProcessByStdio<Writable, Readable, Readable>): Promise<number> {
  return new Promise((resolve, reject) => {
    let complaint = ''
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk
    })
    child.once('close', () => reject(new Error(`The stub node ended.\n${complaint}`)))
    child.stdout.on('data', (chunk: Buffer) => {
      const port = /^listening (\d+)$/m.exec(String(chunk))?.[1]
      if (port !== undefined) resolve(Number(port))
    })
  })
}
