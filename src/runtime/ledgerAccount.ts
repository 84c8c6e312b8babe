import type { Rule, Scope, Spent } from './ledger.ts'

/** What counts in the sum of one rule, kept as sums: asking costs the same however much was spent. */
export interface Account {
  readonly rule: Rule
  /** Adds to what is reserved; takes from it where the amount is below zero. */
  reserve(scope: Scope, amount: bigint): void
  /** Counts what was spent, behind all that was before. False where the rule does not count what is spent. */
  spend(name: string, entry: Spent): boolean
  unspend(name: string, entry: Spent): void
  /** Names of what the rule does not count any more. */
  expire(nowMs: number): string[]
  /** What the rule leaves, where `own` of what is reserved does not count. */
  left(scope: Scope, nowMs: number, own?: bigint): bigint
}

/** A trade's own limits count all of its life: none lives for a day. */
const dayMs = 24 * 60 * 60 * 1000

/** The account of a rule, with nothing in it. */
export function openAccount(rule: Rule): Account {
  // By the trade where it counts one trade alone; else all under one name.
  const sums = new Map<string, bigint>()
  const spent = new Map<string, Spent>()
  const keptMs = rule.over === 'trade' ? dayMs : rule.windowMs
  const sumOf = ({ tradeId, acceptedAtMs }: Scope): string =>
    rule.over === 'trade' ? `${tradeId} ${acceptedAtMs}` : ''

  function add(scope: Scope, amount: bigint): void {
    const name = sumOf(scope)
    const sum = (sums.get(name) ?? 0n) + amount
    if (sum === 0n) sums.delete(name)
    else sums.set(name, sum)
  }

  function remove(name: string, entry: Spent): void {
    if (spent.delete(name)) add(entry, -entry.amount)
  }

  function expire(nowMs: number): string[] {
    const gone: string[] = []
    for (const [name, entry] of spent) {
      if (entry.atMs > nowMs - keptMs) break
      remove(name, entry)
      gone.push(name)
    }
    return gone
  }

  return {
    rule,
    reserve: add,
    spend(name, entry) {
      if (rule.over === 'open') return false
      spent.set(name, entry)
      add(entry, entry.amount)
      return true
    },
    unspend: remove,
    expire,
    left(scope, nowMs, own = 0n) {
      let sum = (sums.get(sumOf(scope)) ?? 0n) - own
      // What is over by now goes with the next end of a leg.
      for (const { atMs, amount } of spent.values()) {
        if (rule.over === 'trade' || atMs > nowMs - keptMs) break
        sum -= amount
      }
      return sum < rule.amount ? rule.amount - sum : 0n
    },
  }
}
