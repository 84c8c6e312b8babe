import { type Grant, unlimited } from '../dex/erc20.ts'
import { type BaseUnits, baseUnits } from '../domain/amount.ts'

/** What venues may take and what live legs still want them to take. In memory: read from the chain, rebuilt from live legs. */
export interface Allowances {
  /** What the chain last said, in base units. */
  note(grant: Grant, allowed: bigint): void
  /** It is not known any more. */
  forget(grant: Grant): void
  /** True where what is allowed is known, and whether it may be changed. */
  isClear(grant: Grant): boolean
  /** Whether the token lets an allowance that is not zero be changed to another that is not. */
  noteChangeable(grant: Grant, isChangeable: boolean): void
  /** A swap has taken so much of it. */
  take(grant: Grant, amount: bigint): void
  /** A live leg will have `amount` taken under all of these. The same leg may want again; its last word counts. */
  want(leg: string, grants: readonly Grant[], amount: bigint): void
  /** The leg has ended. */
  drop(leg: string): void
  /** True where what is allowed covers all that live legs want, and `more`. */
  isEnough(grant: Grant, more?: bigint): boolean
  /** True where the allowance has to be set to zero before it is set to anything else. */
  needsReset(grant: Grant): boolean
  /** What an approval must set, so that it serves every live leg: an approval replaces the one before it. */
  needed(grant: Grant): BaseUnits
}

/** From here on an allowance counts as one without an end, which tokens do not count down. Permit2 has 160 bits. */
const endless = 2n ** 159n

/** An empty table. */
export function allowanceTable(): Allowances {
  const allowed = new Map<string, bigint>()
  const wanted = new Map<string, Map<string, bigint>>()
  const grantsOf = new Map<string, readonly string[]>()
  const changeable = new Map<string, boolean>()

  const total = (key: string): bigint => {
    let sum = 0n
    for (const amount of wanted.get(key)?.values() ?? []) sum += amount
    return sum
  }

  function drop(leg: string): void {
    for (const key of grantsOf.get(leg) ?? []) wanted.get(key)?.delete(leg)
    grantsOf.delete(leg)
  }

  return {
    note: (grant, amount) => void allowed.set(keyOf(grant), amount),
    forget: (grant) => void allowed.delete(keyOf(grant)),
    isClear(grant) {
      const amount = allowed.get(keyOf(grant))
      return amount === 0n || (amount !== undefined && (grant.via !== undefined || changeable.has(grant.token)))
    },
    noteChangeable: ({ token }, isChangeable) => void changeable.set(token, isChangeable),
    take(grant, amount) {
      const before = allowed.get(keyOf(grant)) ?? 0n
      if (before < endless) allowed.set(keyOf(grant), before > amount ? before - amount : 0n)
    },
    want(leg, grants, amount) {
      drop(leg)
      const keys = grants.map(keyOf)
      grantsOf.set(leg, keys)
      for (const key of keys) {
        const legs = wanted.get(key) ?? new Map<string, bigint>()
        wanted.set(key, legs.set(leg, amount))
      }
    },
    drop,
    isEnough: (grant, more = 0n) => (allowed.get(keyOf(grant)) ?? 0n) >= total(keyOf(grant)) + more,
    needsReset: (grant) =>
      grant.via === undefined && changeable.get(grant.token) === false && (allowed.get(keyOf(grant)) ?? 0n) > 0n,
    needed: (grant) => baseUnits(total(keyOf(grant))),
  }
}

/** What an approval is to set. */
export function amountOf(allowances: Allowances, grant: Grant, amount: 'needed' | 'unlimited' | 'zero'): BaseUnits {
  if (amount === 'zero') return '0'
  return amount === 'unlimited' ? unlimited : allowances.needed(grant)
}

function keyOf({ wallet, token, spender, via }: Grant): string {
  return `${wallet} ${token} ${spender} ${via ?? ''}`
}
