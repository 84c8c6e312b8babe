import type { AnyActorRef, AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from 'xstate'
import type { Clock } from '../domain/clock.ts'
import { type Failure, toFailure } from '../domain/errors.ts'

type Distribute<Event> = Event extends unknown ? Omit<Event, 'atMs'> : never

type Result<Event> = Distribute<Event> | null

/**
 * What effects are to do, by name: each ends in one event, which the runner stamps with the time; in a final state in none. One
 * that waits takes a signal, which aborts when the actor leaves the state; one that takes none costs none.
 */
export type Effects<Context, Effect extends string, Event> = {
  readonly [Name in Effect]: (context: Context, signal: AbortSignal) => Result<Event> | Promise<Result<Event>>
}

/**
 * One step of an actor, for whoever saves, logs or shows it. `from` is null for the state it was started in; `event` is null
 * where it did not come from the actor's own effect, but from another actor or from the caller.
 */
export interface Step {
  readonly from: string | null
  readonly to: string
  readonly event: string | null
  readonly atMs: number
  readonly snapshot: AnyMachineSnapshot
}

export interface RunnerOptions {
  readonly clock: Clock
  /** Resolves when everything up to now is on disk. Effects of `durable` states wait for it. */
  readonly durable: () => Promise<void>
  /** True where no further effect may begin: what was noted of the actor is not what it is any more. */
  readonly isOver?: () => boolean
  /** Told of every step before its effect begins. Must not throw. */
  readonly onStep: (step: Step) => void
  /** Told of a fault that the actor's state has no answer to, and of a chart that threw: it stands there. */
  readonly onStuck: (failure: Failure, state: string) => void
}

/** An actor whose effects are being performed. */
export interface Running {
  /** Takes note of where the actor is now, before its own word of it comes: a parent hears of a step before the observers do. */
  catchUp(): void
  /** The running effect is aborted and no further one begins. */
  stop(): void
}

/** One effect under way. */
interface Run {
  abort: AbortController | null
}

interface Meta {
  readonly effect: string
  readonly durable: boolean
}

/**
 * Performs the effect of the state that an actor is in, now and after every event, and sends the result back as one event.
 * Starting and resuming are the same call. Leaving a state aborts its effect; a late result is dropped.
 *
 * @param faulted - The event that tells the chart of an effect that threw.
 */
export function runActor<Context, Effect extends string, Event extends { readonly type: string }>(
  actor: AnyActorRef,
  machine: AnyStateMachine,
  effects: Effects<Context, Effect, Event>,
  faulted: (failure: Failure) => { readonly type: string },
  { clock, durable, isOver = never, onStep, onStuck }: RunnerOptions,
): Running {
  const metas = metasOf(machine)
  let path: string | null = null
  let running: Run | null = null
  let lastEvent: string | null = null
  let isStopped = false

  function take(snapshot: AnyMachineSnapshot): void {
    const next = pathOf(snapshot.value)
    if (next === path) return
    running?.abort?.abort(left)
    running = null
    const step = { from: path, to: next, event: lastEvent, atMs: clock.now(), snapshot }
    path = next
    lastEvent = null
    onStep(step)
    if (isStopped) return
    const meta = metas.get(next)
    if (meta === undefined) return
    const run: Run = { abort: null }
    running = run
    if (meta.durable) void durable().then(() => begin(meta.effect as Effect, run))
    else begin(meta.effect as Effect, run)
  }

  function begin(effect: Effect, run: Run): void {
    if (run !== running || isOver()) return
    const deliver = (event: { readonly type: string } | null): void => {
      if (run !== running || event === null) return
      // It has ended: leaving the state has nothing to abort.
      running = null
      lastEvent = event.type
      actor.send({ ...event, atMs: clock.now() })
    }
    const fail = (error: unknown): void => {
      const failure = toFailure(error)
      const event = faulted(failure)
      if (run === running && !(actor.getSnapshot() as AnyMachineSnapshot).can(event)) onStuck(failure, path ?? '')
      deliver(event)
    }
    try {
      const perform = effects[effect]
      if (perform.length > 1) run.abort = new AbortController()
      const result = perform(actor.getSnapshot().context as Context, run.abort?.signal ?? unaborted)
      if (result instanceof Promise) result.then(deliver, fail)
      else deliver(result)
    } catch (error) {
      fail(error)
    }
  }

  const subscription = actor.subscribe({
    next: (snapshot) => take(snapshot as AnyMachineSnapshot),
    // Without it a chart that throws while it is being started would end the process.
    error: (error) => onStuck(toFailure(error), path ?? ''),
  })
  const catchUp = (): void => take(actor.getSnapshot() as AnyMachineSnapshot)
  catchUp()
  return {
    catchUp,
    stop() {
      isStopped = true
      subscription.unsubscribe()
      running?.abort?.abort(left)
      running = null
    },
  }
}

/**
 * Where a machine stands, as one string.
 *
 * @example
 * pathOf({ submitted: 'pending' }) // 'submitted.pending'
 */
export function pathOf(value: unknown): string {
  if (typeof value === 'string') return value
  for (const [parent, child] of Object.entries(value as Record<string, unknown>)) return `${parent}.${pathOf(child)}`
  return ''
}

const known = new WeakMap<AnyStateMachine, ReadonlyMap<string, Meta>>()

/** For effects that take no signal. */
const unaborted = new AbortController().signal

const never = (): boolean => false

/** One reason for all: to make an error for each abort would cost more than the step itself. */
const left = new Error('The actor has left the state.')

/** The effects of all states of a machine, by path. */
function metasOf(machine: AnyStateMachine): ReadonlyMap<string, Meta> {
  const found = known.get(machine)
  if (found !== undefined) return found
  const metas = new Map<string, Meta>()
  const visit = (node: AnyStateNode): void => {
    const meta = node.meta as { effect?: string; durable?: true } | undefined
    if (meta?.effect !== undefined)
      metas.set(node.path.join('.'), { effect: meta.effect, durable: meta.durable === true })
    for (const child of Object.values(node.states)) visit(child as AnyStateNode)
  }
  visit(machine.root)
  known.set(machine, metas)
  return metas
}
