import { type ActorRefFrom, type AnyStateMachine, createActor, type Snapshot } from 'xstate'
import { legMachine } from '../../machines/legMachine.ts'
import { machineVersion } from '../../machines/version.ts'
import { NonceDriftError, StoreError, StuckError } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import type { Json } from '../domain/json.ts'
import type { GapTask, LegContext, LegOrder, LegPolicy } from '../domain/leg.ts'
import type { Attempt } from '../domain/transaction.ts'
import type { Store, Write } from '../store/store.ts'
import type { Journal, Source } from './journal.ts'
import { legEffects } from './legEffects.ts'
import { keyOfLeg } from './legKeys.ts'
import { noteLegStep } from './legUpkeep.ts'
import { type Gaps, known, type Ports } from './ports.ts'
import { readableVersions } from './records.ts'
import { type Running, runActor } from './runner.ts'

/** Has nonces used up that no leg owns, so that later ones are not held up by them. */
export interface GapFillers extends Gaps {
  stop(): void
}

export interface GapFillersDeps {
  readonly ports: Omit<Ports, 'gaps'>
  readonly journal: Journal
  readonly policy: LegPolicy
  readonly raiseMark: (wallet: string, nonce: number) => Write | undefined
  /** Gaps of the store, to go on where they were. */
  readonly resumed: readonly StoredGap[]
}

/** A gap that is being closed, as it is on disk: a leg of its own, by its key. */
export interface StoredGap {
  readonly key: string
  readonly snapshot: Json
}

interface GapRecord {
  readonly schema: number
  readonly machineVersion: number
  readonly snapshot: Json
}

const schema = 1

/**
 * The gaps that were being closed.
 *
 * @throws StoreError for a record from a version that this one cannot take over. Nothing was changed.
 */
export function readGaps(store: Store): StoredGap[] {
  return [...store.entries('gap')].map(({ key, value }) => {
    const record = value as unknown as GapRecord
    if (record.schema !== schema || !readableVersions.includes(record.machineVersion)) {
      throw new StoreError('A stored gap is from a version of the machines that this one cannot take over.', {
        gap: String(key),
        'stored machine version': record.machineVersion,
      })
    }
    return { key: String(key), snapshot: record.snapshot }
  })
}

/** Goes on with the gaps of the store, and closes those that it is told of. Each is a leg without a trade. */
export function startGapFillers({ ports, journal, policy, raiseMark, resumed }: GapFillersDeps): GapFillers {
  const running = new Map<string, Running>()
  let isStopped = false
  const effects = legEffects({ ...ports, gaps: { closeGaps, takeOver } })

  function start(key: string, origin: { order: LegOrder } | { snapshot: Json }): void {
    const actor =
      'order' in origin
        ? createActor(legMachine, { input: { order: origin.order, atMs: ports.clock.now() } })
        : createActor(legMachine, {
            snapshot: origin.snapshot as unknown as Snapshot<unknown>,
            // Not used where there is a snapshot.
            input: undefined as never,
          })
    let isBroken = false
    const source: Source = {
      takeWrites: () => {
        try {
          return isBroken ? [] : writesOf(actor, key)
        } catch (error) {
          breakDown(error)
          return []
        }
      },
    }

    /** Nothing of it may go on as if it were on disk. */
    function breakDown(error: unknown): void {
      if (isBroken) return
      isBroken = true
      running.get(key)?.stop()
      running.delete(key)
      ports.onTrouble(error, `closing the gap ${key}, which goes on at the next open`)
    }

    actor.subscribe({ error: breakDown })
    actor.start()
    const run = runActor(
      actor,
      legMachine as AnyStateMachine,
      effects,
      (failure) => ({ type: 'leg.faulted', failure }),
      {
        clock: ports.clock,
        durable: () => journal.durable(),
        isOver: () => isBroken,
        onStuck: (failure, state) =>
          ports.onTrouble(new StuckError(failure.message, { state }), `closing the gap ${key}`),
        onStep: ({ from, to, snapshot }) => {
          try {
            noteLegStep(ports, { from, to }, snapshot.context as LegContext)
          } catch (error) {
            return breakDown(error)
          }
          if (from !== null || 'order' in origin) journal.touch(source)
          if (snapshot.status === 'done') running.delete(key)
        },
      },
    )
    if (isBroken) run.stop()
    else if (actor.getSnapshot().status === 'active') running.set(key, run)
  }

  function writesOf(actor: ActorRefFrom<typeof legMachine>, key: string): Write[] {
    const { status, context } = actor.getSnapshot()
    if (status === 'done') return [{ space: 'gap', key, value: undefined }]
    const { wallet, nonce } = context.order.task as GapTask
    const snapshot = actor.getPersistedSnapshot() as unknown as Json
    const record: GapRecord = { schema, machineVersion, snapshot }
    const write: Write = { space: 'gap', key, value: record as unknown as Json }
    const mark = raiseMark(wallet, nonce)
    return mark === undefined ? [write] : [write, mark]
  }

  function takeOver(wallet: Hex, nonce: number, attempts: readonly Attempt[]): void {
    if (isStopped) return
    const order = gapOrder({ kind: 'gap', wallet, nonce, attempts }, policy, ports.clock.now())
    const key = keyOfLeg(order)
    if (running.has(key)) return
    known(ports.lanes, wallet, 'wallet').own(key, nonce)
    start(key, { order })
  }

  function closeGaps(wallet: Hex, mined: number): void {
    const nonces = known(ports.lanes, wallet, 'wallet').gaps(mined, ports.follower.head().number)
    if (nonces.length === 0) return
    const facts = { wallet, mined, nonces: nonces.join(', ') }
    ports.onTrouble(
      new NonceDriftError('The chain waits for nonces that no leg owns: they are used up.', facts),
      'nonces',
    )
    for (const nonce of nonces) takeOver(wallet, nonce, [])
  }

  for (const { key, snapshot } of resumed) start(key, { snapshot })
  return {
    closeGaps,
    takeOver,
    stop() {
      isStopped = true
      for (const run of running.values()) run.stop()
    },
  }
}

/** A gap as an order: it belongs to no trade, and what it wants is that its nonce is used up. */
function gapOrder(task: GapTask, policy: LegPolicy, nowMs: number): LegOrder {
  return {
    tradeId: 'gap',
    legId: `${task.wallet}:${task.nonce}`,
    venue: '',
    task,
    quote: null,
    quotedAtMs: nowMs,
    after: null,
    preflight: false,
    policy,
  }
}
