import { readFile } from 'node:fs/promises'
import { ExecutionManager, InvalidConfigError, type OpenOptions, type TradeStatus } from '../index.ts'
import { exitCodes, type Io } from './io.ts'

/** Said before anything else of trades on paper. */
export const paperNotice = 'On paper: nothing is signed or sent.\n'

/** Which manager a command opens. */
export interface ManagerOptions {
  readonly config: string
  readonly paper?: true
}

/**
 * Opens a manager from a configuration file, uses it and closes it. Trouble is printed; a stop by the user closes it early,
 * and what has not ended then goes on at the next open.
 *
 * @param source - `config`: JSON with the options of `ExecutionManager.open`. Paths in it are relative to the working directory.
 * `paper`: nothing is signed or sent, whatever it says, and the store is one beside the real one.
 * @throws InvalidConfigError where the file cannot be read or is not JSON; whatever `open` and `use` throw.
 *
 * @example
 * await withManager({ config: 'legwork.json' }, io, (execution) => execution.submitTrade(order).result())
 */
export async function withManager<Result>(
  { config, paper }: ManagerOptions,
  io: Io,
  use: (execution: ExecutionManager) => Promise<Result>,
): Promise<Result> {
  const execution = await ExecutionManager.open(onPaper(await readOptions(config), paper))
  const stop = (): void => void execution.close()
  execution.on('trouble', troublePrinter(io))
  io.signal.addEventListener('abort', stop, { once: true })
  try {
    // It may have come while the manager opened.
    if (io.signal.aborted) await execution.close()
    return await use(execution)
  } finally {
    io.signal.removeEventListener('abort', stop)
    await execution.close()
  }
}

/**
 * How the process ends for what became of its trades: the worst of them counts.
 *
 * @example
 * exitCodeOf([{ status: 'done', outcome: 'partial' }]) // 2
 */
export function exitCodeOf(trades: readonly Pick<TradeStatus, 'status' | 'outcome'>[]): number {
  if (trades.some(({ status }) => status !== 'done')) return exitCodes.failed
  return trades.every(({ outcome }) => outcome === 'filled') ? exitCodes.ok : exitCodes.partial
}

/** A store is for one of the two alone, so that the one of paper has a folder of its own. */
function onPaper(options: OpenOptions, paper: true | undefined): OpenOptions {
  if (paper === undefined || Object(options).paper === true) return options
  return { ...options, paper, dataDir: `${Object(options).dataDir ?? usualDataDir}-paper` }
}

const usualDataDir = './legwork-data'

async function readOptions(file: string): Promise<OpenOptions> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'there is no such file' : (error.code ?? 'unknown')
    throw new InvalidConfigError('The configuration file cannot be read.', { file, reason }, error)
  })
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own words quote the file, which may hold an API key.
    throw new InvalidConfigError('The configuration file is not JSON.', { file })
  }
}

/** Says each trouble once, until it is over or another. */
function troublePrinter({ err }: Io) {
  const known = new Map<string, string>()
  return ({ what, failure }: { what: string; failure: { message: string } | null }): void => {
    const message = failure?.message ?? 'well again'
    if (known.get(what) === message) return
    known.set(what, message)
    err.write(`${err.paint('yellow', `  Trouble with ${what}: ${message}`)}\n`)
  }
}
