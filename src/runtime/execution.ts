import type { AnyActorRef } from 'xstate'
import {
  ClosedError,
  type Failure,
  OverloadedError,
  TradeConflictError,
  toFailure,
  UnknownTradeError,
} from '../domain/errors.ts'
import type { AcceptedOrder } from '../domain/trade.ts'
import type { Store } from '../store/store.ts'
import { haltedError } from './halting.ts'
import type { Journal } from './journal.ts'
import { type LiveTrade, type LiveTradeDeps, type Origin, openTrade, type TradeStep } from './liveTrade.ts'
import type { Metrics } from './metrics.ts'
import type { Ports } from './ports.ts'
import { forgetEnded, type HistoryEntry, readEnded, readHistory } from './records.ts'
import type { TradeStatus } from './status.ts'
import { giveUp, putBack, restartsMax } from './supervision.ts'
import { type Changes, followStatus, isFinal, startChanges, type TradeHandle } from './tradeHandle.ts'

/** The trades of one manager: a plain registry over supervised trees of their own. */
export interface Execution {
  submit(order: AcceptedOrder): TradeHandle
  status(tradeId: string): TradeStatus
  active(): Map<string, TradeStatus>
  history(tradeId: string): HistoryEntry[]
  /** Resolves with how many ended trades were forgotten, once that is on disk. */
  clear(): Promise<number>
  /** Has it stop, because of `failure`, or because its caller wants it to. */
  cancel(tradeId: string, failure?: Failure): void
  /** Resolves when another trade may be submitted. */
  whenCapacity(): Promise<void>
  /** Stops all trades where they are. Nothing further begins. */
  stop(): void
}

export interface ExecutionDeps {
  readonly ports: Ports
  readonly journal: Journal
  readonly store: Store
  readonly metrics: Metrics
  readonly raiseMark: LiveTradeDeps['raiseMark']
  readonly activeTradesMax: number
  /** Trades of the store, to go on where they were. */
  readonly resumed: readonly Extract<Origin, { tradeId: string }>[]
  readonly onStep: (step: TradeStep, status: () => TradeStatus, actor: AnyActorRef) => void
  readonly onEnded: (status: TradeStatus) => void
  readonly onBroken: (tradeId: string, error: unknown) => void
}

interface Entry {
  readonly changes: Changes
  /** Undefined once it has ended. */
  trade: LiveTrade | undefined
  /** Once the end is on disk. */
  final: TradeStatus | undefined
  /** How often it was put back to work after its chart threw. */
  restarts: number
  /** What the caller asked for while it was broken. */
  cancelling: Failure | null
}

/** Puts every stored trade back to work, then takes orders. */
export function startExecution(deps: ExecutionDeps): Execution {
  const { ports, journal, store, metrics, raiseMark, activeTradesMax, onStep, onEnded, onBroken } = deps
  const entries = new Map<string, Entry>()
  const capacity = startChanges()
  let isStopped = false

  const liveDeps: LiveTradeDeps = {
    ports,
    journal,
    metrics,
    raiseMark,
    onStep(trade, step, actor) {
      const entry = entries.get(trade.tradeId)
      onStep({ tradeId: trade.tradeId, ...step }, () => statusOf(trade.tradeId, entry), actor)
      entry?.changes.notify()
    },
    onEnded: (trade) => settle(trade.tradeId, trade.status()),
    onBroken(trade, error) {
      trade.stop()
      onBroken(trade.tradeId, error)
      const entry = entries.get(trade.tradeId)
      if (entry?.trade === trade) void restart(entry, trade, error)
    },
  }

  /** From where it is on disk; the others never notice. */
  async function restart(entry: Entry, broken: LiveTrade, error: unknown): Promise<void> {
    if (entry.restarts >= restartsMax) return await end(broken, error)
    const origin = await putBack(broken, entry.restarts, deps)
    if (isStopped) return
    entry.restarts += 1
    try {
      entry.trade = openTrade(origin, liveDeps)
    } catch (cause) {
      return await end(broken, cause)
    }
    entry.trade.start()
    if (entry.cancelling !== null) entry.trade?.cancel(entry.cancelling)
    entry.changes.notify()
  }

  async function end(broken: LiveTrade, error: unknown): Promise<void> {
    const status = await giveUp(broken, error, deps)
    if (!isStopped) settle(broken.tradeId, status)
  }

  function settle(tradeId: string, status: TradeStatus): void {
    const entry = entries.get(tradeId)
    entries.delete(tradeId)
    if (entry !== undefined) Object.assign(entry, { trade: undefined, final: status })
    entry?.changes.notify()
    capacity.notify()
    onEnded(status)
  }

  function open(tradeId: string, origin: Origin): Entry {
    const entry: Entry = { changes: startChanges(), trade: undefined, final: undefined, restarts: 0, cancelling: null }
    entries.set(tradeId, entry)
    try {
      entry.trade = openTrade(origin, liveDeps)
    } catch (error) {
      entries.delete(tradeId)
      throw error
    }
    return entry
  }

  /** Only once it can be asked for: whoever hears of its first step may ask. */
  function start(entry: Entry): Entry {
    entry.trade?.start()
    return entry
  }

  function handleOf(tradeId: string, entry: Entry | undefined): TradeHandle {
    const status = (): TradeStatus => statusOf(tradeId, entry)
    const read = (): TradeStatus => {
      if (isStopped && entry?.trade !== undefined) {
        throw new ClosedError('The manager was closed; the trade goes on at the next open.', { tradeId })
      }
      return status()
    }
    return {
      tradeId,
      status,
      recorded: () => entry?.trade?.recorded() ?? Promise.resolve(),
      async result() {
        while (entry?.trade !== undefined && !isStopped) {
          await entry.changes.after(entry.changes.count())
        }
        return read()
      },
      updates: () => followStatus(entry?.changes ?? startChanges(), read),
      cancel: () => cancel(tradeId),
    }
  }

  function ended(tradeId: string): TradeStatus {
    const record = readEnded(store, tradeId)
    if (record === undefined) throw new UnknownTradeError('No trade has this id.', { tradeId })
    return record.status
  }

  /** Final in memory is not final yet: only what is on disk is told. */
  function statusOf(tradeId: string, entry: Entry | undefined): TradeStatus {
    const live = entry?.trade?.status()
    if (live === undefined) return entry?.final ?? ended(tradeId)
    return isFinal(live) ? unsettled(live) : live
  }

  function cancel(tradeId: string, failure: Failure = cancelled): void {
    const entry = entries.get(tradeId)
    if (entry?.trade === undefined) return void ended(tradeId)
    entry.cancelling = failure
    entry.trade.cancel(failure)
  }

  /** Asks every trade to stop. Those that stand still, broken, are asked when they go on. */
  function cancelHalted(): void {
    const halt = ports.halting.current()
    if (halt === null) return
    for (const tradeId of [...entries.keys()]) cancel(tradeId, toFailure(haltedError(halt)))
  }

  function checkSame(tradeId: string, before: string, order: AcceptedOrder): void {
    const now = order.fingerprint
    if (before === now) return
    throw new TradeConflictError('Another order already has this trade id.', { tradeId, before, now })
  }

  // First all of them claim what is theirs: none may take what is promised to another.
  const resumed = deps.resumed.map((origin) => open(origin.tradeId, origin))
  for (const entry of resumed) start(entry)
  // In the same turn: none of them has gone on by itself yet.
  cancelHalted()
  ports.halting.onChange(cancelHalted)

  return {
    submit(order) {
      const { tradeId } = order
      if (isStopped) throw new ClosedError('The manager is closed.', { tradeId })
      const live = entries.get(tradeId)
      const record = live === undefined ? readEnded(store, tradeId) : undefined
      if (live?.trade !== undefined) checkSame(tradeId, live.trade.order.fingerprint, order)
      if (record !== undefined) checkSame(tradeId, record.fingerprint, order)
      if (live !== undefined || record !== undefined) return handleOf(tradeId, live)
      ports.halting.check()
      if (entries.size >= activeTradesMax) {
        throw new OverloadedError('As many trades are running as config.activeTradesMax allows.', { activeTradesMax })
      }
      return handleOf(tradeId, start(open(tradeId, { order })))
    },
    status: (tradeId) => statusOf(tradeId, entries.get(tradeId)),
    active: () => new Map([...entries].map(([tradeId, entry]) => [tradeId, statusOf(tradeId, entry)])),
    history: (tradeId) => readHistory(store, tradeId),
    clear: () => forgetEnded(store),
    cancel,
    async whenCapacity() {
      while (!isStopped && entries.size >= activeTradesMax) await capacity.after(capacity.count())
    },
    stop() {
      isStopped = true
      for (const { trade, changes } of entries.values()) {
        trade?.stop()
        changes.notify()
      }
      capacity.notify()
    },
  }
}

function unsettled(status: TradeStatus): TradeStatus {
  return { ...status, status: 'confirming', state: 'confirming.settling', outcome: null }
}

const cancelled: Failure = { code: 'CANCELLED', message: 'The caller cancelled the trade.', retryable: false }
