import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Piscina } from 'piscina'
import { SignerDownError, SigningError } from '../domain/errors.ts'
import type { WorkerReply, WorkerSettings, WorkerTask } from './messages.ts'

/** Threads that answer tasks. A thread that dies or hangs is replaced, and its tasks are done again. */
export interface WorkerPool {
  /** @throws SignerDownError where no worker answered after some tries; SigningError where the pool is closed. */
  run(task: WorkerTask): Promise<WorkerReply>

  /** Takes no more tasks, waits for those that it has, and ends the threads. */
  close(): Promise<void>
}

/** How many workers may die under one task before the task itself is suspected. */
const triesMax = 3

/** Longer than opening several keystores takes; a batch takes milliseconds. */
const usualLimitMs = 30_000

/**
 * Starts the signing threads.
 *
 * @param threads - One signs 20 000 transactions a second; each more opens every keystore again.
 * @param taskLimitMs - How long a task may take before its thread counts as hung.
 *
 * @example
 * const pool = openWorkerPool({ wallets }, 1)
 */
export function openWorkerPool(settings: WorkerSettings, threads: number, taskLimitMs = usualLimitMs): WorkerPool {
  const running = new Set<Promise<WorkerReply>>()
  let threadPool = startThreads(settings, threads)
  let closed = false

  /** A pool whose new thread fails as it starts never starts another, and its tasks wait for ever: start afresh. */
  function replace(broken: Piscina<WorkerTask, WorkerReply>): void {
    if (threadPool !== broken) return
    threadPool = startThreads(settings, threads)
    void broken.destroy()
  }

  async function attempt(task: WorkerTask): Promise<WorkerReply> {
    const used = threadPool
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new SignerDownError('The signing worker did not answer.', { limitMs: taskLimitMs }))
        replace(used)
      }, taskLimitMs)
    })
    try {
      return await Promise.race([used.run(task), late])
    } finally {
      clearTimeout(timer)
    }
  }

  async function runAgainAndAgain(task: WorkerTask): Promise<WorkerReply> {
    let lastError: unknown
    // Signing is deterministic: to do it again is to get the same bytes.
    for (let tries = 0; tries < triesMax; tries += 1) {
      try {
        return await attempt(task)
      } catch (error) {
        lastError = error
      }
    }
    throw new SignerDownError('The signing worker died again and again.', { tries: triesMax }, lastError)
  }

  return {
    async run(task) {
      if (closed) throw new SigningError('The signer is closed.')
      const reply = runAgainAndAgain(task)
      running.add(reply)
      try {
        return await reply
      } finally {
        running.delete(reply)
      }
    },
    async close() {
      closed = true
      // To end a thread while native code is at work in it can abort the whole process.
      await Promise.allSettled(running)
      await threadPool.destroy()
    },
  }
}

function startThreads(settings: WorkerSettings, threads: number): Piscina<WorkerTask, WorkerReply> {
  const { filename, execArgv } = workerFile()
  const pool = new Piscina<WorkerTask, WorkerReply>({
    filename,
    execArgv,
    workerData: settings,
    minThreads: threads,
    maxThreads: threads,
    // A thread that left would have to open its keystores again.
    idleTimeout: Number.POSITIVE_INFINITY,
    stricterFIFO: true,
    recordTiming: false,
  })
  // A thread that dies while idle is reported here alone, and without a listener that would end the process. It is replaced,
  // and if it dies again, so will the next task's tries.
  pool.on('error', () => {})
  return pool
}

/** The worker beside this file: TypeScript when run from source, JavaScript when run from the package. */
function workerFile(): { filename: string; execArgv: string[] } {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const filename = fileURLToPath(new URL(`./signerWorker.${extension}`, import.meta.url))
  // Newer versions of Node read TypeScript themselves, and say so here.
  const { typescript } = process.features as { typescript?: unknown }
  if (extension === 'js' || typescript) return { filename, execArgv: [] }
  return { filename, execArgv: ['--import', registerTsx()] }
}

/** A module that teaches its thread TypeScript. tsx alone, as `--import tsx`, does so in the main thread only. */
function registerTsx(): string {
  const api = pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm/api'))
  const source = `import { register } from ${JSON.stringify(api.href.replace('.cjs', '.mjs'))}; register()`
  return `data:text/javascript,${encodeURIComponent(source)}`
}
