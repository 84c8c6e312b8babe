import { EventEmitter } from 'node:events'
import type { AnyActorRef } from 'xstate'
import { type OpenOptions, parseOptions, type Settings } from '../config.ts'
import { detached } from '../domain/detached.ts'
import { type Failure, TradeFailedError } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import type { LegContext } from '../domain/leg.ts'
import { topState } from '../monitor/format.ts'
import { logTransition, type Transition } from '../monitor/log.ts'
import { acceptOrder, type OrderRules, type TradeOrder } from './accept.ts'
import type { Halt } from './halting.ts'
import { type Inspection, startInspection } from './inspection.ts'
import type { TradeStep } from './liveTrade.ts'
import type { VenueMetrics } from './metrics.ts'
import { type OpenExecution, type Openers, openExecution, realOpeners } from './openExecution.ts'
import { openersFor } from './paperOpeners.ts'
import { policyOf } from './policy.ts'
import type { HistoryEntry } from './records.ts'
import type { LegStatus, TradeStatus } from './status.ts'
import type { TradeHandle } from './tradeHandle.ts'

/** What a manager tells its listeners, by event name. Listeners run in the same turn: keep them short. */
export interface ExecutionEvents {
  /** A trade's status changed. */
  trade: [TradeStatus]
  /** A leg's status changed. */
  leg: [{ readonly tradeId: string; readonly leg: LegStatus }]
  /** Any transition of a trade or leg, inner states included. */
  step: [TradeStep]
  /** A trade ended, and that is on disk. */
  ended: [TradeStatus]
  /** Trading was halted, by a call or by a halt file, or goes on again (null). */
  halted: [Halt | null]
  /** Something goes wrong, or is well again (`failure: null`); nothing ends by it. */
  trouble: [{ readonly what: string; readonly failure: Failure | null }]
}

/**
 * Executes trades on decentralised exchanges and sees each of them through, over crashes and restarts.
 *
 * @example
 * const execution = await ExecutionManager.open({ chain, wallets, tokens, venues })
 * const statuses = await execution.executeTrade({ tradeId: 'trade_1', pair: 'ETH/USDC', amount: '1.5' })
 */
export class ExecutionManager extends EventEmitter<ExecutionEvents> {
  readonly #settings: Settings
  #open: OpenExecution | undefined
  #inspection: Inspection | undefined
  #closing: Promise<void> | undefined
  #early: ExecutionEvents['trouble'][0][] = []

  private constructor(settings: Settings) {
    super()
    this.#settings = settings
  }

  /**
   * Opens the store, resumes every unfinished trade, and is ready for orders.
   *
   * @throws InvalidConfigError with every fault of the options; StoreLockedError where another process has `dataDir` open;
   * StoreError, WalletError, WrongChainError, NotAContractError, EndpointError as their texts say. Nothing stays open then.
   */
  static open(options: OpenOptions): Promise<ExecutionManager> {
    return openManager(options, realOpeners)
  }

  /** @internal For tests and simulations: with parts of one's own. */
  static async openWith(options: OpenOptions, openers: Openers): Promise<ExecutionManager> {
    const manager = new ExecutionManager(parseOptions(options))
    await manager.#start(openers)
    return manager
  }

  async #start(openers: Openers): Promise<void> {
    if (this.#settings.inspect !== null) this.#inspection = await startInspection(this.#settings.inspect)
    try {
      this.#open = await openExecution(this.#settings, openersFor(this.#settings, openers), {
        onStep: (step, status, actor) => detached(() => this.#onStep(step, status, actor)),
        onEnded: (status) => this.#onEnded(status),
        onHalted: (halt) => detached(() => this.emit('halted', halt)),
        onTrouble: (trouble) => this.#onTrouble(trouble),
      })
    } catch (error) {
      await this.#inspection?.close()
      throw error
    }
    openers.clock.soon(() => {
      for (const trouble of this.#early.splice(0)) this.#onTrouble(trouble)
    })
  }

  /**
   * Executes an order and resolves when every leg has ended, with one status a leg.
   *
   * @throws InvalidOrderError, InvalidAmountError for a faulty order; TradeConflictError for another order under the same id;
   * OverloadedError; HaltedError; TradeFailedError where no leg could begin; ClosedError where the manager closes first.
   */
  async executeTrade(order: TradeOrder): Promise<readonly LegStatus[]> {
    const { tradeId, legs, failure } = await this.submitTrade(order).result()
    if (legs.length === 0 && failure !== null) throw new TradeFailedError(tradeId, failure)
    return legs
  }

  /**
   * Starts an order and returns at once. The same order under the same id returns its trade, running or ended.
   *
   * @throws InvalidOrderError, InvalidAmountError, TradeConflictError, OverloadedError, HaltedError, ClosedError.
   */
  submitTrade(order: TradeOrder): TradeHandle {
    const { execution } = this.#running()
    return execution.submit(acceptOrder(order, this.#rules()))
  }

  /**
   * The trade and its legs as they are now; survives restarts.
   *
   * @throws UnknownTradeError where no trade has this id, or it was cleared.
   */
  getExecutionStatus(tradeId: string): TradeStatus {
    return this.#running().execution.status(tradeId)
  }

  /** All trades that have not ended, by id. */
  getActiveExecutions(): Map<string, TradeStatus> {
    return this.#running().execution.active()
  }

  /** Forgets the trades that have ended, and keeps the totals. Resolves with how many, once that is on disk. */
  clearCompletedExecutions(): Promise<number> {
    return this.#running().execution.clear()
  }

  /**
   * Asks every leg of a trade to stop: what was not sent is not sent, and what was sent is cancelled on chain. A cancellation
   * may lose that race; the leg then reports its fill. An ended trade stays as it is.
   *
   * @throws UnknownTradeError
   */
  cancelTrade(tradeId: string): void {
    this.#running().execution.cancel(tradeId)
  }

  /**
   * The kill switch. From this call on no order is accepted and nothing is signed but cancellations; every trade is asked to stop, as
   * by `cancelTrade`, and none is split again or sold back. Resolves when that is on disk: it holds over restarts, until `release`.
   *
   * @param reason - For people: it is in every refusal, and in the failure of what was stopped.
   * @throws ClosedError
   */
  halt(reason?: string): Promise<void> {
    return this.#running().halting.halt(reason)
  }

  /**
   * Takes orders again, and a halt file away. What was stopped stays stopped. Resolves when that is on disk.
   *
   * @throws StoreError where the halt file cannot be removed; HaltedError where somebody halts meanwhile; ClosedError.
   */
  release(): Promise<void> {
    return this.#running().halting.release()
  }

  /** Since when nothing is traded, and why; null while trading goes on. */
  get halted(): Halt | null {
    return this.#running().halting.current()
  }

  /** Every transition of a trade and its legs, oldest first, until it is cleared. */
  getHistory(tradeId: string): readonly HistoryEntry[] {
    return this.#running().execution.history(tradeId)
  }

  /** Success rate, gas cost and time by venue and pair, over all trades that ended, cleared ones included. */
  getMetrics(): readonly VenueMetrics[] {
    return this.#running().metrics.all()
  }

  /** Resolves when fewer trades run than `activeTradesMax`. */
  whenCapacity(): Promise<void> {
    return this.#running().execution.whenCapacity()
  }

  /** Lower-case addresses of the wallets, in the order of the configuration. */
  get wallets(): readonly Hex[] {
    return this.#running().signer.wallets
  }

  /** True where nothing is signed or sent: see `paper`. */
  get isPaper(): boolean {
    return this.#settings.paper !== null
  }

  /** Where the inspector listens; null where `inspect` is off. */
  get inspectorUrl(): string | null {
    return this.#inspection?.url ?? null
  }

  /** Stops where every trade is, writes what is left and frees `dataDir`. Unfinished trades resume at the next open. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#open?.close()
    await this.#inspection?.close()
  }

  #running(): OpenExecution {
    if (this.#open === undefined) throw new TypeError('The manager is not open yet.')
    return this.#open
  }

  #rules(): OrderRules {
    const { tokens, clock } = this.#running()
    const { execution, venues } = this.#settings
    return {
      tokens,
      venues: venues.map(({ id }) => id),
      slippageBps: execution.maxSlippageBps,
      policy: policyOf(execution),
      fillPolicy: execution.fillPolicy,
      reallocationsMax: execution.reallocationsMax,
      nowMs: clock.now,
    }
  }

  /** What happened while opening is told once somebody can listen. */
  #onTrouble(trouble: ExecutionEvents['trouble'][0]): void {
    if (this.#open === undefined) this.#early.push(trouble)
    else detached(() => this.emit('trouble', trouble))
  }

  #onEnded(status: TradeStatus): void {
    detached(() => this.emit('trade', status))
    detached(() => this.emit('ended', status))
  }

  #onStep(step: TradeStep, status: () => TradeStatus, actor: AnyActorRef): void {
    this.#inspection?.note(step, actor)
    const { tradeId, legId, from, to } = step
    if (this.#open !== undefined && from !== null) {
      logTransition(this.#open.logger, { ...step, from, event: step.event ?? '', ...legFacts(step, actor) })
    }
    if (this.listenerCount('step') > 0) this.emit('step', step)
    if (from !== null && topState(from) === topState(to)) return
    // Its end is told once it is on disk.
    const isEnd = topState(to) === 'done' || topState(to) === 'failed'
    if (legId === undefined && !isEnd && this.listenerCount('trade') > 0) this.emit('trade', status())
    if (legId !== undefined && this.listenerCount('leg') > 0) {
      const leg = status().legs.find((one) => one.legId === legId)
      if (leg !== undefined) this.emit('leg', { tradeId, leg })
    }
  }
}

function openManager(options: OpenOptions, openers: Openers): Promise<ExecutionManager> {
  return ExecutionManager.openWith(options, openers)
}

/** What a log line says of a leg beside its step. */
function legFacts({ legId, hash }: TradeStep, actor: AnyActorRef): Partial<Transition> {
  if (legId === undefined) return {}
  const { order, nonce, failure } = actor.getSnapshot().context as LegContext
  return { venue: order.venue, ...(hash && { hash }), ...(nonce !== null && { nonce }), ...(failure && { failure }) }
}
