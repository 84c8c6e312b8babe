import type { TradeStatus } from './status.ts'

/** A submitted trade, to wait for, follow or cancel. */
export interface TradeHandle {
  readonly tradeId: string
  status(): TradeStatus
  /**
   * Resolves once the trade is on disk: from then on it survives the process. Before, a crash forgets it with nothing
   * sent, and the same order may be submitted again.
   */
  recorded(): Promise<void>
  /**
   * Resolves with the final status once every leg has ended and that is on disk.
   *
   * @throws ClosedError where the manager closes first: the trade goes on at the next open.
   */
  result(): Promise<TradeStatus>
  /** The status now and after each change of it, to the end. Skips to the latest where the reader is slow. */
  updates(): AsyncIterable<TradeStatus>
  /** Asks every leg to stop. What has been sent is cancelled on chain, and a cancellation may lose that race. */
  cancel(): void
}

/** Tells any number of slow readers of the latest change, and keeps nothing for them. */
export interface Changes {
  notify(): void
  /** How many there have been. */
  count(): number
  /** Resolves when there have been more than `seen`. */
  after(seen: number): Promise<void>
}

/** No change yet. */
export function startChanges(): Changes {
  let waiting: (() => void)[] = []
  let count = 0
  return {
    notify() {
      count += 1
      const woken = waiting
      waiting = []
      for (const wake of woken) wake()
    },
    count: () => count,
    after: (seen) => (count > seen ? Promise.resolve() : new Promise((resolve) => void waiting.push(resolve))),
  }
}

/** The statuses of a trade, from now to its end. Ends with what `read` throws. */
export async function* followStatus(changes: Changes, read: () => TradeStatus): AsyncGenerator<TradeStatus> {
  for (;;) {
    const seen = changes.count()
    const status = read()
    yield status
    if (isFinal(status)) return
    await changes.after(seen)
  }
}

/**
 * True for a trade that has ended.
 *
 * @example
 * isFinal(execution.getExecutionStatus('trade_1'))
 */
export function isFinal({ status }: Pick<TradeStatus, 'status'>): boolean {
  return status === 'done' || status === 'failed'
}
