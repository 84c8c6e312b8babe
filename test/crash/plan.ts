import type { ExecutionConfig, OpenOptions } from '../../src/config.ts'
import type { Failure } from '../../src/domain/errors.ts'
import type { TradeOrder } from '../../src/runtime/accept.ts'
import type { HistoryEntry } from '../../src/runtime/records.ts'
import type { TradeStatus } from '../../src/runtime/status.ts'

/**
 * Where the process is to end. `at`: when it passes a point for the nth time. `saved`: once a leg has entered a state,
 * every call to the outside hangs, and the process ends when that state has been committed.
 */
export type Kill = { readonly at: string; readonly nth: number } | { readonly saved: string }

/**
 * A fault on purpose. `lateCommit`: a commit resolves long before it is written. `lostCommit`: the last commit before the kill is
 * taken back. `forgottenAttempts`: a restart knows nothing of what was signed.
 */
export type Fault = 'lateCommit' | 'lostCommit' | 'forgottenAttempts'

/** What one run of the child is to do. Plain JSON. */
export interface ChildPlan {
  readonly options: Omit<OpenOptions, 'config'> & { readonly config: ExecutionConfig }
  readonly orders: readonly TradeOrder[]
  /** Of the order in which trades and legs take their turns. */
  readonly seed: number
  readonly kill: Kill | null
  /** Cancels every trade whenever a swap is being signed. */
  readonly cancelOnSign: boolean
  /** Cancels a trade whenever a leg of it enters this state. */
  readonly cancelIn?: string
  readonly fault: Fault | null
}

/** What the child says, one JSON object a line. */
export type ChildLine =
  /** Its modules are loaded; now it opens. */
  | { readonly type: 'loaded' }
  /** All that was unfinished has been resumed; now it submits. With the points that it passed so far. */
  | { readonly type: 'open'; readonly counts: Readonly<Record<string, number>> }
  | { readonly type: 'step'; readonly tradeId: string; readonly legId: string | null; readonly to: string }
  | { readonly type: 'trouble'; readonly what: string; readonly failure: Failure | null }
  /** Its last words. */
  | { readonly type: 'killed'; readonly where: string }
  | { readonly type: 'ended'; readonly status: TradeStatus; readonly history: readonly HistoryEntry[] }
  /** All points that it passed, and how often. */
  | { readonly type: 'points'; readonly counts: Readonly<Record<string, number>> }
