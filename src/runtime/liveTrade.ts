import { type AnyActorRef, type AnyStateMachine, createActor } from 'xstate'
import { legMachine } from '../../machines/legMachine.ts'
import { tradeMachine } from '../../machines/tradeMachine.ts'
import { type Failure, StuckError } from '../domain/errors.ts'
import type { LegContext } from '../domain/leg.ts'
import type { AcceptedOrder, TradeContext } from '../domain/trade.ts'
import type { Write } from '../store/store.ts'
import type { Journal, Source } from './journal.ts'
import { legEffects } from './legEffects.ts'
import { keyOfLeg, swapIdOf } from './legKeys.ts'
import { holdReserved } from './legLedger.ts'
import { dropWants, noteLegStep, noteWant } from './legUpkeep.ts'
import type { Metrics } from './metrics.ts'
import type { Ports } from './ports.ts'
import { endedWrites, type HistoryEntry, historyWrite, type LiveRecord, liveWrites, noncesOf } from './records.ts'
import { restoreTrade } from './restore.ts'
import { type Running, runActor, type Step } from './runner.ts'
import { type TradeStatus, tradeStatus } from './status.ts'
import { tradeEffects } from './tradeEffects.ts'

/** A trade that has not been announced as ended, with its legs and their effects. */
export interface LiveTrade {
  readonly tradeId: string
  readonly order: AcceptedOrder
  /** Begins, or goes on. */
  start(): void
  status(): TradeStatus
  /** The names of its legs among all legs of all trades. */
  legKeys(): string[]
  /** Resolves once the trade is on disk and will survive the process. */
  recorded(): Promise<void>
  cancel(failure: Failure): void
  /** Ends all effects; the trade stays on disk as it is. */
  stop(): void
}

/** One step of a trade or of one of its legs, for whoever watches. */
export interface TradeStep extends HistoryEntry {
  readonly tradeId: string
}

export interface LiveTradeDeps {
  readonly ports: Ports
  readonly journal: Journal
  readonly metrics: Metrics
  /** The lane record to be written where a leg signed for a higher nonce than is on disk. */
  readonly raiseMark: (wallet: string, nonce: number) => Write | undefined
  readonly onStep: (trade: LiveTrade, step: HistoryEntry, actor: AnyActorRef) => void
  readonly onEnded: (trade: LiveTrade) => void
  /** A chart threw: this stands still from now on, and on disk the trade is as it was last. */
  readonly onBroken: (trade: LiveTrade, error: unknown) => void
}

/** A new order, or a trade as it was on disk. */
export type Origin = { readonly order: AcceptedOrder } | { readonly record: LiveRecord; readonly tradeId: string }

/**
 * A new trade, or one put back in its state: `start` is the same call for both.
 *
 * @throws StoreError where a stored trade does not restore as it was saved.
 */
export function openTrade(origin: Origin, deps: LiveTradeDeps): LiveTrade {
  const { ports, journal, raiseMark, onStep, onEnded, onBroken } = deps
  const actor = 'order' in origin ? createActor(tradeMachine, { input: origin.order }) : restoreTrade(origin)
  const { order } = actor.getSnapshot().context as TradeContext
  const { tradeId } = order
  const attached = new Set<string>()
  const legs: Running[] = []
  let running: Running | undefined
  let history: HistoryEntry[] = []
  let isBroken = false
  let final: TradeStatus | null = null
  let sequence = 'record' in origin ? origin.record.historyNext : 0

  /** Final ones are asked for by the store and by everybody who waits, and do not change. */
  function status(): TradeStatus {
    if (final !== null) return final
    const current = tradeStatus(actor)
    if (actor.getSnapshot().status === 'done') final = current
    return current
  }

  const source: Source = {
    takeWrites() {
      try {
        // What a chart that threw left behind is not what it was: the last good state stays on disk.
        return isBroken ? [] : currentWrites()
      } catch (error) {
        // Nothing of it may go on as if it were on disk.
        breakDown(error)
        return []
      }
    },
  }

  function currentWrites(): Write[] {
    const chunks = history.length === 0 ? 0 : 1
    // First of all what may throw: marks that rose in memory are written.
    const record =
      actor.getSnapshot().status === 'done'
        ? endedWrites(status(), order)
        : liveWrites(actor, tradeId, sequence + chunks)
    const entries = history
    history = []
    const marks = [...noncesOf(actor)].flatMap(([wallet, nonce]) => raiseMark(wallet, nonce) ?? [])
    const chunk = entries.length === 0 ? [] : [historyWrite(tradeId, sequence, entries)]
    sequence += chunk.length
    return [...record, ...marks, ...chunk, ...ports.ledger.takeWrites(tradeId)]
  }

  const trade: LiveTrade = {
    tradeId,
    order,
    start() {
      actor.subscribe({ error: breakDown })
      actor.start()
      const tradeOptions = { ...options, onStep: onTradeStep }
      running = runActor(actor, tradeMachine as AnyStateMachine, effects.trade, tradeFaulted, tradeOptions)
      if (isBroken) running.stop()
    },
    status,
    legKeys: () => (actor.getSnapshot().context as TradeContext).plan.map(({ legId }) => keyOfLeg({ tradeId, legId })),
    recorded: () => journal.durable(),
    cancel(failure) {
      if (isBroken) return
      actor.send({ type: 'trade.cancel', failure, atMs: ports.clock.now() })
      // A leg that only takes note of it, where it is, makes no step.
      journal.touch(source)
    },
    stop: () => {
      for (const leg of legs) leg.stop()
      running?.stop()
    },
  }

  function note(step: Step, stepped: AnyActorRef, leg: LegContext | null): void {
    const { from, to, event, atMs } = step
    const legId = leg?.order.legId
    const hash = leg?.attempts.at(-1)?.hash ?? leg?.hash ?? undefined
    const entry =
      legId === undefined ? { from, to, event, atMs } : { legId, from, to, event, atMs, ...(hash && { hash }) }
    // A restored actor has not moved: nothing to record.
    if (from !== null || !('record' in origin)) {
      history.push(entry)
      // What was sent is known before anything else of it: a restart would send it again and be here.
      if (to === 'submitted.pending') journal.touchLater(source)
      else journal.touch(source)
    }
    onStep(trade, entry, stepped)
  }

  function end(): void {
    dropWants(ports, possibleKeys())
    onEnded(trade)
  }

  /** Also of legs that were planned while the trade was told to stop, and that nobody took. */
  function possibleKeys(): string[] {
    const { round } = actor.getSnapshot().context as TradeContext
    const rounds = Array.from({ length: round + ports.lanes.size + 1 }, (_, index) => index)
    const planned = order.venues.flatMap((venue) => rounds.map((one) => swapIdOf(venue, one)))
    return [...trade.legKeys(), ...planned.map((legId) => keyOfLeg({ tradeId, legId }))]
  }

  /** What cannot be noted of a step is as bad as a chart that throws: what was noted elsewhere does not fit it any more. */
  function guarded(onStep: (step: Step) => void): (step: Step) => void {
    return (step) => {
      try {
        if (!isBroken) onStep(step)
      } catch (error) {
        breakDown(error)
      }
    }
  }

  /** The leg that threw tells of it, and then its trade: once is enough. */
  function breakDown(error: unknown): void {
    if (isBroken) return
    isBroken = true
    onBroken(trade, error)
  }

  /** What a live leg may still take is not there for anybody else. */
  function claim(leg: LegContext): void {
    noteWant(ports, leg)
    holdReserved(ports, leg)
  }

  function attachLegs(): void {
    for (const [legId, leg] of Object.entries(actor.getSnapshot().children)) {
      if (isBroken) return
      if (attached.has(legId) || leg === undefined) continue
      attached.add(legId)
      leg.subscribe({ error: breakDown })
      if (leg.getSnapshot().status !== 'active') continue
      claim(leg.getSnapshot().context as LegContext)
      const onLegStep = guarded((step) => {
        const now = step.snapshot.context as LegContext
        noteLegStep(ports, step, now)
        note(step, leg, now)
      })
      const run = runActor(leg, legMachine as AnyStateMachine, effects.leg, legFaulted, {
        ...options,
        onStep: onLegStep,
      })
      // One that broke as it began was not there yet to be stopped with the others.
      if (isBroken) run.stop()
      legs.push(run)
    }
  }

  const effects = {
    leg: legEffects(ports),
    trade: tradeEffects({ ports, metrics: deps.metrics, actor: () => actor, onEnded: end }),
  }
  const onStuck = (failure: Failure, state: string): void =>
    ports.onTrouble(new StuckError(failure.message, { state }), `trade ${tradeId}`)
  const options = { clock: ports.clock, durable: () => journal.durable(), isOver: () => isBroken, onStuck }
  const onTradeStep = guarded((step) => {
    // A leg's step that moved the trade comes before the trade's own.
    for (const leg of legs) leg.catchUp()
    note(step, actor, null)
    attachLegs()
  })
  // Before any of its legs, or of another trade's, goes on.
  for (const leg of Object.values(actor.getSnapshot().children)) {
    if (leg?.getSnapshot().status === 'active') claim(leg.getSnapshot().context as LegContext)
  }
  return trade
}

function legFaulted(failure: Failure) {
  return { type: 'leg.faulted', failure }
}

function tradeFaulted(failure: Failure) {
  return { type: 'trade.faulted', failure }
}
