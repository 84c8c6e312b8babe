import type { Grant } from '../dex/erc20.ts'
import { type BaseUnits, baseUnits } from '../domain/amount.ts'

/** What venues may take and what live legs still want them to take. In memory: read from the chain, rebuilt from live legs. */
export interface Allowances {
  /** What the chain last said, in base units. */
  note(grant: Grant, allowed: bigint): void
  /** A swap has taken so much of it. */
  take(grant: Grant, amount: bigint): void
  /** A live leg will have `amount` taken. The same leg may want again; its last word counts. */
  want(leg: string, grant: Grant, amount: bigint): void
  /** The leg has ended. */
  drop(leg: string): void
  /** True where what is allowed covers all that live legs want. */
  isEnough(grant: Grant): boolean
  /** What an approval must set, so that it serves every live leg: an approval replaces the one before it. */
  needed(grant: Grant): BaseUnits
}

/** An empty table. */
export function allowanceTable(): Allowances {
  const allowed = new Map<string, bigint>()
  const wanted = new Map<string, Map<string, bigint>>()
  const grantOf = new Map<string, string>()

  const total = (key: string): bigint => {
    let sum = 0n
    for (const amount of wanted.get(key)?.values() ?? []) sum += amount
    return sum
  }

  return {
    note: (grant, amount) => void allowed.set(keyOf(grant), amount),
    take(grant, amount) {
      const before = allowed.get(keyOf(grant)) ?? 0n
      allowed.set(keyOf(grant), before > amount ? before - amount : 0n)
    },
    want(leg, grant, amount) {
      const key = keyOf(grant)
      grantOf.set(leg, key)
      const legs = wanted.get(key) ?? new Map<string, bigint>()
      wanted.set(key, legs.set(leg, amount))
    },
    drop(leg) {
      const key = grantOf.get(leg)
      if (key === undefined) return
      grantOf.delete(leg)
      wanted.get(key)?.delete(leg)
    },
    isEnough: (grant) => (allowed.get(keyOf(grant)) ?? 0n) >= total(keyOf(grant)),
    needed: (grant) => baseUnits(total(keyOf(grant))),
  }
}

function keyOf({ wallet, token, spender }: Grant): string {
  return `${wallet} ${token} ${spender}`
}
