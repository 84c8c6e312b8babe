import type { Chain } from '../chain/chain.ts'
import type { Clock } from '../domain/clock.ts'
import type { Hex } from '../domain/hex.ts'
import { together } from '../domain/together.ts'
import type { laneMarks } from './laneMarks.ts'
import { type Lane, openLane } from './lanes.ts'
import type { OpenLeg } from './resume.ts'
import type { OnTrouble } from './trouble.ts'

export interface LanesOptions {
  readonly chain: Chain
  readonly clock: Clock
  /** What live legs and gaps of the store have open. */
  readonly work: readonly OpenLeg[]
  readonly marks: ReturnType<typeof laneMarks>
  readonly inFlightMax: number
  readonly onTrouble: OnTrouble
}

/**
 * Opens a lane for each wallet, with what the store says of it.
 *
 * @throws EndpointError where the chain does not answer. Nothing stays open then.
 */
export async function openLanes(wallets: readonly Hex[], options: LanesOptions): Promise<ReadonlyMap<Hex, Lane>> {
  const { work, marks, ...common } = options
  const lanes = await together(
    wallets.map((wallet) => {
      const mine = work.filter((leg) => leg.wallet === wallet)
      const owned = new Map(mine.flatMap(({ nonce, key }) => (nonce === null ? [] : [[nonce, key] as const])))
      // Recorded first: what the store knows of no signature for, this store's process cannot have sent.
      const isUnsigned = ({ attempts, venue }: OpenLeg): boolean => venue !== null && attempts.length === 0
      const unsigned = new Set(mine.flatMap((leg) => (leg.nonce !== null && isUnsigned(leg) ? [leg.nonce] : [])))
      const known = [...owned.keys(), ...(marks.read(wallet) === undefined ? [] : [Number(marks.read(wallet))])]
      const recorded = known.length === 0 ? null : Math.max(...known)
      const holders = mine.filter(({ holdsPlace }) => holdsPlace).map(({ key }) => key)
      return openLane({ ...common, wallet, holders, owned, unsigned, recorded })
    }),
  )
  return new Map(lanes.map((lane) => [lane.wallet, lane]))
}
