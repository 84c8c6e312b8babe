import { createActor } from 'xstate'
import { type LaneEffect, type LaneEvent, laneMachine } from '../../machines/laneMachine.ts'
import type { Chain } from '../chain/chain.ts'
import type { Clock } from '../domain/clock.ts'
import { EndpointError, NonceDriftError, StuckError } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import { nonceOwners } from './nonceOwners.ts'
import { type Effects, type Running, runActor } from './runner.ts'
import type { OnTrouble } from './trouble.ts'

/** One wallet's nonces, as the effects of legs ask for them. A leg is named by its key. */
export interface Lane {
  readonly wallet: Hex
  /** The chain's count of its transactions when the lane was opened. */
  readonly minedAtOpening: number
  /** Nonces that the chain had used up at opening without anything that the store knows to be signed for them. */
  readonly strangers: readonly number[]
  /** Legs that hold a place in flight. */
  readonly inFlight: number
  /** Resolves when the leg has a place; it keeps it until it leaves. Nothing is returned where there is one at once. */
  admit(key: string, signal: AbortSignal): Promise<void> | undefined
  /** The next nonce. Only for a leg that was admitted. */
  reserve(key: string): number
  /** True where the lane took the nonce back; false where a later one is out, so that somebody must use it. */
  giveBack(key: string, nonce: number): boolean
  /** The leg's nonce has come to its end, or it never got one. `finalAt`: the head at which it was used up for good, or null. */
  leave(key: string, finalAt: number | null): void
  /** A nonce has an owner who did not reserve it: who closes a gap. Until it leaves. */
  own(key: string, nonce: number): void
  /**
   * A leg was put back to where it was on disk: what it took since is taken back. Returns the nonce that somebody must use up, if
   * there is one: it is not the leg's any more, and later ones are out.
   */
  putBack(key: string, place: { readonly nonce: number | null; readonly holdsPlace: boolean }): number | null
  /** True where the leg still is who has the nonce. */
  owns(key: string, nonce: number): boolean
  /** A node says that the leg's nonce is used up: it is worth a look. */
  noteUsedUp(key: string): void
  /** True, once, for a leg whose nonce was used up by the time that it was resumed, or as a node says. */
  takeUsedUp(key: string): boolean
  /** Nonces that were given out, that nobody owns, and that the chain, having counted `mined` at `head`, still waits for. */
  gaps(mined: number, head: number): number[]
  /** The chain's count of the wallet's transactions. Asked once for all legs that want to know it at the same head. */
  minedCount(head: Hex): Promise<number>
  /** A foreign transaction took a nonce: asks the chain how far it is. */
  resync(used: number): Promise<void>
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
  /** Nonces of resumed legs, each with its leg's key. */
  readonly owned: ReadonlyMap<number, string>
  /** Those of them that nothing was signed for, as far as the store knows. */
  readonly unsigned?: ReadonlySet<number>
  readonly onTrouble: OnTrouble
}

/** Of what the chain did without the store, so much is looked at: one more than is of any use. */
const strangersMax = 65

/** More transactions than another program is likely to have sent with the wallet meanwhile. */
const jumpMax = 64
const triesMax = 5
const retryDelayMs = 2_000

/**
 * Blocks for which a nonce that was used up at depth is final, whatever an endpoint that lags may count. After that the chain is
 * believed again: it may have been orphaned after all.
 */
const trustedBlocks = 32

/**
 * Opens a lane: the next nonce is the higher of what is recorded and what the chain has counted. Where they do not meet,
 * that is reported: another program uses the wallet, the store is older than the chain, or the endpoint lags.
 *
 * @throws EndpointError where the chain does not answer.
 */
export async function openLane(options: LaneOptions): Promise<Lane> {
  const { wallet, chain, clock, inFlightMax, recorded, onTrouble } = options
  const holders = new Set(options.holders)
  const owners = nonceOwners(options.owned)
  const usedUp = new Set<string>()
  let final = { nonce: -1, block: 0 }
  let counted: { readonly head: Hex; readonly count: Promise<number> } | undefined
  let minedAtOpening = 0
  let strangers: readonly number[] = []
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

  /**
   * The chain's count. One that is far above what is known may be made up by an endpoint that answers alone: who believed it
   * would have to pay for every nonce below. So it is asked for again, and has to be said each time.
   */
  async function credibleCount(known: number | null): Promise<number> {
    let count = await chain.minedNonce(wallet)
    for (let tries = 1; tries < triesMax && known !== null && count - known > jumpMax; tries += 1) {
      await new Promise<void>((resolve) => clock.at(clock.now() + retryDelayMs, resolve))
      count = Math.min(count, await chain.minedNonce(wallet))
    }
    return count
  }

  const next = async (): Promise<number> => {
    const mined = await credibleCount(recorded)
    minedAtOpening = mined
    for (const [nonce, key] of options.owned) if (nonce < mined) usedUp.add(key)
    if (recorded === null) return mined
    const unsigned = [...(options.unsigned ?? [])].filter((nonce) => nonce < mined)
    const what = 'the nonces at opening'
    const facts = { wallet, 'next by the store': recorded + 1, 'next by the chain': mined, unfinished: holders.size }
    const ahead = Math.min(Math.max(0, mined - recorded - 1), strangersMax)
    strangers = [...unsigned, ...Array.from({ length: ahead }, (_, index) => recorded + 1 + index)]
    if (mined > recorded + 1) onTrouble(new NonceDriftError('The chain is ahead of the store.', facts), what)
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
    minedAtOpening,
    strangers,
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
      owners.own(key, given)
      return given
    },
    giveBack(key, nonce) {
      // Who was put back to an older record may remember a nonce that is somebody else's by now: it has nothing to give.
      if (!owners.isOwnedBy(nonce, key)) return true
      actor.send({ type: 'lane.return', leg: key, nonce })
      if (accepted) owners.disown(key)
      return accepted
    },
    leave(key, finalAt) {
      const nonce = owners.disown(key)
      if (nonce !== undefined && finalAt !== null && nonce >= final.nonce) final = { nonce, block: finalAt }
      if (holders.delete(key)) actor.send({ type: 'lane.freed' })
    },
    own: owners.own,
    owns: (key, nonce) => owners.isOwnedBy(nonce, key),
    noteUsedUp(key) {
      counted = undefined
      usedUp.add(key)
    },
    takeUsedUp: (key) => usedUp.delete(key),
    putBack(key, { nonce, holdsPlace }) {
      if (!holdsPlace && holders.delete(key)) actor.send({ type: 'lane.freed' })
      const taken = owners.nonceOf(key)
      if (taken === undefined || taken === nonce) return null
      owners.disown(key)
      actor.send({ type: 'lane.return', leg: key, nonce: taken })
      return accepted ? null : taken
    },
    gaps(mined, head) {
      const isTrusted = head < final.block + trustedBlocks
      const next = actor.getSnapshot().context.next ?? mined
      return owners.unowned(isTrusted ? Math.max(mined, final.nonce + 1) : mined, next)
    },
    minedCount(head) {
      if (counted?.head !== head) counted = { head, count: chain.minedNonce(wallet) }
      // One that failed is asked for again.
      counted.count.catch(() => {
        counted = undefined
      })
      return counted.count
    },
    async resync(used) {
      const known = Math.max(used, actor.getSnapshot().context.next ?? 0)
      actor.send({ type: 'lane.synced', next: Math.max(used + 1, await credibleCount(known)) })
    },
    stop() {
      running?.stop()
      actor.stop()
    },
  }
}
