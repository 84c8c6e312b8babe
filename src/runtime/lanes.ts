import { createActor } from 'xstate'
import { type LaneEffect, type LaneEvent, laneMachine } from '../../machines/laneMachine.ts'
import type { Chain } from '../chain/chain.ts'
import type { Clock } from '../domain/clock.ts'
import { EndpointError, NonceDriftError, StuckError } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import { type Effects, type Running, runActor } from './runner.ts'
import type { OnTrouble } from './trouble.ts'

/** One wallet's nonces, as the effects of legs ask for them. A leg is named by its key. */
export interface Lane {
  readonly wallet: Hex
  /** Legs that hold a place in flight. */
  readonly inFlight: number
  /** Resolves when the leg has a place; it keeps it until it leaves. Nothing is returned where there is one at once. */
  admit(key: string, signal: AbortSignal): Promise<void> | undefined
  /** The next nonce. Only for a leg that was admitted. */
  reserve(key: string): number
  /** True where the lane took the nonce back; false where a later one is out, so that somebody must use it. */
  giveBack(key: string, nonce: number): boolean
  /** The leg's nonce has come to its end, or it never got one. */
  leave(key: string): void
  /** A foreign transaction took a nonce: asks the chain again. */
  resync(): Promise<void>
  stop(): void
}

export interface LaneOptions {
  readonly wallet: Hex
  readonly chain: Chain
  readonly clock: Clock
  readonly inFlightMax: number
  /** Highest nonce that is on disk for this wallet, or null. */
  readonly recorded: number | null
  /** Resumed legs that hold a place already. */
  readonly holders: readonly string[]
  /** Nonces of resumed legs. */
  readonly owned: readonly number[]
  readonly onTrouble: OnTrouble
}

/**
 * Opens a lane: the next nonce is the higher of what is recorded and what the chain has counted. Where they do not meet,
 * that is reported: another program uses the wallet, the store is older than the chain, or the endpoint lags.
 *
 * @throws EndpointError where the chain does not answer.
 */
export async function openLane(options: LaneOptions): Promise<Lane> {
  const { wallet, chain, clock, inFlightMax, recorded, onTrouble } = options
  const holders = new Set(options.holders)
  const admitted = new Map<string, () => void>()
  const actor = createActor(laneMachine, { input: { inFlight: holders.size, inFlightMax } })
  let given: number | null = null
  let accepted = false

  actor.on('admitted', ({ leg }) => {
    holders.add(leg)
    admitted.get(leg)?.()
    admitted.delete(leg)
  })
  actor.on('reserved', ({ nonce }) => {
    given = nonce
  })
  actor.on('returned', (reply) => {
    accepted = reply.accepted
  })

  const next = async (): Promise<number> => {
    const mined = await chain.minedNonce(wallet)
    if (recorded === null) return mined
    const what = 'the nonces at opening'
    const facts = { wallet, 'next by the store': recorded + 1, 'next by the chain': mined, unfinished: holders.size }
    const open = Array.from({ length: Math.max(0, recorded + 1 - mined) }, (_, index) => mined + index)
    const missing = open.filter((nonce) => !options.owned.includes(nonce)).join(', ')
    if (mined > recorded + 1) onTrouble(new NonceDriftError('The chain is ahead of the store.', facts), what)
    if (missing !== '')
      onTrouble(new NonceDriftError('The chain lacks nonces that no leg has.', { ...facts, missing }), what)
    return Math.max(recorded + 1, mined)
  }
  const effects: Effects<unknown, LaneEffect, LaneEvent & { atMs: number }> = {
    sync: async () => ({ type: 'lane.synced', next: await next() }),
  }
  actor.start()
  let running: Running | undefined
  await new Promise<void>((resolve, reject) => {
    running = runActor(actor, laneMachine, effects, (failure) => ({ type: 'lane.faulted', failure }), {
      clock,
      durable: () => Promise.resolve(),
      onStuck: (failure, state) => onTrouble(new StuckError(failure.message), `the lane of ${wallet} in ${state}`),
      onStep: (step) => {
        if (step.to === 'open') resolve()
        if (step.to === 'failed')
          reject(new EndpointError(actor.getSnapshot().context.failure?.message ?? '', { wallet }))
      },
    })
  })

  return {
    wallet,
    get inFlight() {
      return holders.size
    },
    admit(key, signal) {
      actor.send({ type: 'lane.wanted', leg: key })
      if (holders.has(key)) return undefined
      return new Promise((resolve) => {
        admitted.set(key, resolve)
        signal.addEventListener('abort', () => {
          if (!admitted.delete(key)) return
          actor.send({ type: 'lane.unwanted', leg: key })
        })
      })
    },
    reserve(key) {
      given = null
      actor.send({ type: 'lane.reserve', leg: key })
      if (given === null) throw new TypeError('A lane that is not open was asked for a nonce.')
      return given
    },
    giveBack(key, nonce) {
      actor.send({ type: 'lane.return', leg: key, nonce })
      return accepted
    },
    leave(key) {
      if (holders.delete(key)) actor.send({ type: 'lane.freed' })
    },
    async resync() {
      actor.send({ type: 'lane.synced', next: await chain.minedNonce(wallet) })
    },
    stop() {
      running?.stop()
      actor.stop()
    },
  }
}
