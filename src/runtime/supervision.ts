import { type Failure, toFailure } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import type { Attempt } from '../domain/transaction.ts'
import type { Store } from '../store/store.ts'
import type { Journal, Source } from './journal.ts'
import { dropWants } from './legUpkeep.ts'
import type { LiveTrade, Origin } from './liveTrade.ts'
import { known, type Ports } from './ports.ts'
import { endedWrites, readLiveTrade } from './records.ts'
import { type OpenLeg, openWork } from './resume.ts'
import type { TradeStatus } from './status.ts'

export interface SupervisionDeps {
  readonly ports: Pick<Ports, 'lanes' | 'gaps' | 'clock' | 'follower' | 'allowances' | 'funds' | 'ledger'>
  readonly journal: Journal
  readonly store: Store
}

/** How often a trade whose chart throws is put back to work: a fault that comes back each time is not mended by more. */
export const restartsMax = 3
const restartDelayMs = 1_000

/**
 * Puts a broken trade back to where it is on disk: the nonces and places that its legs took since are taken back.
 *
 * @param restarts - How often that was done before.
 * @returns What to open it from, when it is time to.
 */
export async function putBack(broken: LiveTrade, restarts: number, deps: SupervisionDeps): Promise<Origin> {
  const { ports, journal, store } = deps
  // Whatever of it is on its way to the disk is there after this: that is where it goes on.
  await journal.durable()
  const stored = readLiveTrade(store, broken.tradeId)
  const work = stored === undefined ? [] : openWork([stored], [], ports.clock.now())
  for (const key of broken.legKeys()) putLegBack(key, work, ports)
  // Split once more, it may have other legs.
  dropWants(ports, broken.legKeys())
  await new Promise<void>((resolve) => ports.clock.at(ports.clock.now() + restartDelayMs * 2 ** restarts, resolve))
  return stored ?? { order: broken.order }
}

function putLegBack(
  key: string,
  work: readonly OpenLeg[],
  { lanes, gaps, funds }: Pick<Ports, 'lanes' | 'gaps' | 'funds'>,
): void {
  const leg = work.find((one) => one.key === key)
  for (const lane of lanes.values()) {
    const isItsLane = leg?.wallet === lane.wallet
    const place = isItsLane && leg !== undefined ? leg : { nonce: null, holdsPlace: false }
    // What of it was counted since may be counted again.
    funds.forget(lane.wallet)
    const gap = lane.putBack(key, place)
    if (gap !== null) gaps.takeOver(lane.wallet, gap, [])
  }
}

/**
 * Ends a trade that cannot go on, with what is known of it. Its open nonces are used up by cancellations; what was signed for
 * them may still be what mines, and is named in the failure.
 *
 * @returns The status it ended with, once that is on disk.
 */
export async function giveUp(broken: LiveTrade, error: unknown, deps: SupervisionDeps): Promise<TradeStatus> {
  const { ports, journal, store } = deps
  await journal.durable()
  const stored = readLiveTrade(store, broken.tradeId)
  const work = stored === undefined ? [] : openWork([stored], [], ports.clock.now())
  for (const key of broken.legKeys()) {
    putLegBack(key, work, ports)
    ports.follower.forget(key)
  }
  // What was signed may still be mined: it counts as if it were.
  for (const { key, attempts } of work) {
    for (const kind of attempts.length > 0 ? (['sold', 'gas', 'loss'] as const) : []) {
      ports.ledger.settle(key, kind, ports.ledger.reserved(key, kind), ports.clock.now())
    }
  }
  dropWants(ports, broken.legKeys())
  for (const { key, wallet, nonce, attempts } of work) {
    const lane = known(ports.lanes, wallet, 'wallet')
    const isOwn = nonce !== null && (attempts.length > 0 || lane.owns(key, nonce))
    lane.leave(key, null)
    if (isOwn) ports.gaps.takeOver(wallet, nonce, attempts)
  }
  const status = givenUp(broken.status(), error, work, ports.clock.now())
  const source: Source = {
    takeWrites: () => [...endedWrites(status, broken.order), ...ports.ledger.takeWrites(broken.tradeId)],
  }
  journal.touch(source)
  await journal.durable()
  return status
}

function givenUp(status: TradeStatus, error: unknown, work: readonly OpenLeg[], atMs: number): TradeStatus {
  const legs = status.legs.map((leg) => {
    if (leg.status === 'done' || leg.status === 'failed') return leg
    const open = work.find(({ key }) => key === `${status.tradeId}/${leg.legId}`)
    const failure = brokenBy(error, open?.attempts ?? [], open?.wallet)
    return { ...leg, status: 'failed', state: 'failed', failure, endedAtMs: atMs } as const
  })
  const isFilled = legs.some((leg) => leg.kind === 'swap' && leg.status === 'done')
  return {
    ...status,
    status: isFilled ? 'done' : 'failed',
    state: isFilled ? 'done' : 'failed',
    outcome: isFilled ? 'partial' : null,
    failure: brokenBy(error, []),
    endedAtMs: atMs,
    legs,
  }
}

function brokenBy(error: unknown, attempts: readonly Attempt[], wallet?: Hex): Failure {
  const signed = attempts.map(({ nonce, hash }) => `\n  may still be mined: ${hash} (nonce ${nonce} of ${wallet})`)
  const message = `Its statechart broke ${restartsMax + 1} times: ${toFailure(error).message}${signed.join('')}`
  return { code: 'BROKEN', message, retryable: false }
}
