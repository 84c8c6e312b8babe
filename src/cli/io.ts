import type { Terminal } from './terminal.ts'

/** What a command has beside its options: all that it prints goes here. */
export interface Io {
  readonly out: Terminal
  /** Errors and trouble. */
  readonly err: Terminal
  /** Aborts when the user wants to stop. */
  readonly signal: AbortSignal
}

/** How a command ended, as the process says it. */
export const exitCodes = { ok: 0, failed: 1, partial: 2, stopped: 130 } as const
