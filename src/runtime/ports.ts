import type { Chain } from '../chain/chain.ts'
import type { HeadFollower } from '../chain/headFollower.ts'
import type { Dex } from '../dex/dex.ts'
import type { Distribution } from '../distribution/distribution.ts'
import type { Clock } from '../domain/clock.ts'
import type { Hex } from '../domain/hex.ts'
import type { Attempt } from '../domain/transaction.ts'
import type { Signer } from '../signer/signer.ts'
import type { Allowances } from './allowances.ts'
import type { Funds } from './funds.ts'
import type { GasBook } from './gasBook.ts'
import type { Halting } from './halting.ts'
import type { Lane } from './lanes.ts'
import type { Ledger } from './ledger.ts'
import type { Limits } from './limitRules.ts'
import type { PoolBook } from './poolBook.ts'
import type { OnTrouble } from './trouble.ts'

/** Nonces that no leg owns. */
export interface Gaps {
  /** Closes every gap that a wallet has, when the chain has counted `mined` of its transactions. */
  closeGaps(wallet: Hex, mined: number): void
  /** Closes a nonce for which others, who will not see it through, have signed already. */
  takeOver(wallet: Hex, nonce: number, attempts: readonly Attempt[]): void
}

/** Everything that effects reach the outside with. */
export interface Ports {
  readonly chain: Chain
  readonly follower: HeadFollower
  readonly dexes: ReadonlyMap<string, Dex>
  readonly signer: Signer
  readonly lanes: ReadonlyMap<Hex, Lane>
  readonly distribution: Distribution
  readonly clock: Clock
  readonly allowances: Allowances
  readonly gasBook: GasBook
  readonly funds: Funds
  readonly pools: PoolBook
  readonly limits: Pick<Limits, 'shares'>
  readonly ledger: Ledger
  readonly halting: Halting
  readonly gaps: Gaps
  readonly onTrouble: OnTrouble
}

/**
 * The value that a name stands for; a name that nothing has is a fault of ours or of an old store, never a default.
 *
 * @throws TypeError where the map has none.
 *
 * @example
 * known(dexes, 'uniswap-v2', 'venue')
 */
export function known<Key extends string, Value>(map: ReadonlyMap<Key, Value>, key: Key, what: string): Value {
  const value = map.get(key)
  if (value === undefined) throw new TypeError(`No ${what} is called ${key} any more.`)
  return value
}
