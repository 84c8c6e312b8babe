import { type ChildProcess, fork } from 'node:child_process'
import type { Stage } from './stage.ts'
import type { Job, Word } from './trader.ts'

/** A trader that runs in a process of its own. */
export interface TraderProcess {
  readonly pid: number
  /** Resolves with how the process ended: its exit code, or the signal that killed it. */
  readonly ended: Promise<number | string>
  /** SIGKILL: no handler runs, nothing is flushed. */
  kill(): void
}

/**
 * Starts a trader. It is killed with the demo, if it has not ended before.
 *
 * @throws Error where the process cannot be started.
 *
 * @example
 * const trader = startTrader(stage, { options, order }, (word) => { if (word.kind === 'step') trader.kill() })
 */
export function startTrader({ cleanup, processes }: Stage, job: Job, listen: (word: Word) => void): TraderProcess {
  const child: ChildProcess = fork(new URL('trader.ts', import.meta.url), [], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const { pid } = child
  if (pid === undefined) throw new Error('The trader did not start.')
  processes.add(pid)
  const ended = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'))
  })
  const kill = (): void => void child.kill('SIGKILL')
  cleanup.add(() => {
    kill()
    return ended
  })
  child.on('message', (word: Word) => listen(word))
  child.send(job)
  return { pid, ended, kill }
}
