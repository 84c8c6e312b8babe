import type { ExecutionConfig, OpenOptions } from '../../src/config.ts'
import type { Failure } from '../../src/domain/errors.ts'
import type { HistoryEntry } from '../../src/runtime/records.ts'
import type { TradeStatus } from '../../src/runtime/status.ts'
import type { Fault } from '../crash/plan.ts'

/** How the child is to open; its orders come on its standard input, one JSON object a line. Plain JSON. */
export interface ChildPlan {
  readonly options: Omit<OpenOptions, 'config'> & { readonly config: ExecutionConfig }
  /** Of the order in which trades and legs take their turns. */
  readonly seed: number
  /** Something wrong on purpose, to see that it is found. */
  readonly fault: Fault | null
}

/** What the child says, one JSON object a line. */
export type ChildLine =
  /** All that was unfinished has been resumed; now it takes orders. */
  | { readonly type: 'open' }
  /** It could not open: no endpoint answered, most likely. */
  | { readonly type: 'unopened'; readonly failure: Failure }
  | { readonly type: 'trouble'; readonly what: string; readonly failure: Failure | null }
  | { readonly type: 'refused'; readonly tradeId: string; readonly failure: Failure }
  /** Said when it was told to close: this trade has not ended. */
  | { readonly type: 'unended'; readonly status: TradeStatus; readonly history: readonly HistoryEntry[] }
  | { readonly type: 'ended'; readonly status: TradeStatus; readonly history: readonly HistoryEntry[] }
