import { ClosedError, type ExecutionManager, type TradeStatus } from '../index.ts'
import type { Io } from './io.ts'
import { exitCodeOf, type ManagerOptions, paperNotice, withManager } from './openManager.ts'
import { startProgress } from './progress.ts'
import { tradeReport } from './tradeReport.ts'

/** `legwork resume`. */
export interface ResumeOptions extends ManagerOptions {
  readonly json?: true
}

/**
 * Goes on with every unfinished trade, waits until all of them have ended and prints what became of them.
 *
 * @returns The exit code: 0 all filled, 2 some in part, 1 some failed.
 * @throws Whatever opening the manager meets; what broke a trade.
 *
 * @example
 * await resume({ config: 'legwork.json' }, io)
 */
export function resume({ json, ...source }: ResumeOptions, io: Io): Promise<number> {
  return withManager(source, io, async (execution) => {
    // Nothing can have ended before this: an end is told only once it is on disk, and that takes a turn.
    const unfinished = [...execution.getActiveExecutions().values()]
    if (!json) {
      if (execution.isPaper) io.out.write(paperNotice)
      if (unfinished.length === 0) io.out.write('There are no unfinished trades.\n')
      const progress = startProgress(io.out, { isMany: unfinished.length > 1 })
      for (const one of unfinished) progress.seed(one)
      execution.on('step', (step) => progress.step(step))
    }
    const ended = await Promise.all(unfinished.map(({ tradeId }) => endOf(execution, tradeId, io.signal)))
    if (json) io.out.write(`${JSON.stringify(ended, null, 2)}\n`)
    else for (const one of ended) io.out.write(`\n${tradeReport(io.out, one)}`)
    return exitCodeOf(ended)
  })
}

/** Asks for the status after everything that may have changed it; a trade that broke throws what broke it. */
function endOf(execution: ExecutionManager, tradeId: string, signal: AbortSignal): Promise<TradeStatus> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      try {
        const now = execution.getExecutionStatus(tradeId)
        if (now.status === 'done' || now.status === 'failed') resolve(now)
      } catch (error) {
        reject(error)
      }
    }
    execution.on('ended', look)
    execution.on('trouble', look)
    signal.addEventListener('abort', () => reject(new ClosedError('The manager was closed.', { tradeId })))
    look()
  })
}
