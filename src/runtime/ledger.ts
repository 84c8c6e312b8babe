import { type BaseUnits, baseUnits } from '../domain/amount.ts'
import { LimitReachedError } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import type { Json } from '../domain/json.ts'
import type { Store, Write } from '../store/store.ts'
import { type Account, openAccount } from './ledgerAccount.ts'

/** What a leg takes of a limit: tokens sold, gas paid, or what it may lose against its first quote. */
export interface Entry {
  readonly kind: 'sold' | 'gas' | 'loss'
  readonly tradeId: string
  /** When its trade was accepted: another trade may have the same id once this one was cleared. */
  readonly acceptedAtMs: number
  readonly venue: string
  readonly pair: string
  /** What `amount` counts, in base units. */
  readonly token: Hex | 'native'
  readonly amount: bigint
}

/** An entry that has been spent. */
export interface Spent extends Entry {
  readonly atMs: number
}

/**
 * A limit on the sum of all entries that it covers; what it does not name it covers all of. `open`: what live legs have reserved;
 * `window`: that and what was spent in the last `windowMs`; `trade`: that of one trade alone.
 */
export interface Rule {
  /** Where it stands in the configuration: errors name it. */
  readonly field: string
  readonly kind: Entry['kind']
  readonly venue: string | null
  readonly pair: string | null
  readonly token: Hex | 'native'
  readonly over: 'open' | 'window' | 'trade'
  readonly windowMs: number
  readonly amount: bigint
}

/** An entry of the leg that has this key. */
export interface KeyedEntry {
  readonly key: string
  readonly entry: Entry
}

/** What a limit leaves, and where it stands in the configuration. */
export interface Room {
  readonly field: string
  readonly amount: bigint
}

/** What an entry would be part of: all of it but the amount. */
export type Scope = Omit<Entry, 'amount'>

/**
 * What counts against limits: reserved by live legs, and spent by those that have ended. What is reserved follows from the trades'
 * own records; what is spent is written with the record of the leg's end, in the same commit. Where there are no rules, nothing
 * is kept.
 */
export interface Ledger {
  /** True where nothing is limited. */
  readonly isIdle: boolean
  /** The most that one more entry may have, by the rules that `covers` picks, and whose limit that is; null where none limits it. */
  room(scope: Scope, nowMs: number, covers?: (rule: Rule) => boolean): Room | null
  /**
   * Reserves for legs, which are named by their keys, in place of what they had reserved of these kinds: all of it or nothing.
   *
   * @throws LimitReachedError
   */
  reserve(entries: readonly KeyedEntry[], nowMs: number): void
  /** Reserves what was reserved before, or cannot be refused any more. */
  hold(key: string, entry: Entry): void
  /** The leg has ended and took so much of it: nothing where it is 0. */
  settle(key: string, kind: Entry['kind'], amount: bigint, atMs: number): void
  /** The leg takes nothing, or has never begun. */
  release(key: string): void
  /** What a leg has reserved of a kind. */
  reserved(key: string, kind: Entry['kind']): bigint
  /** What a trade's record is to be written with. */
  takeWrites(tradeId: string): Write[]
}

const kinds = ['sold', 'gas', 'loss'] as const

/** The ledger of a store, under these rules. */
export function openLedger(rules: readonly Rule[], store: Pick<Store, 'entries'>): Ledger {
  const open = new Map<string, Entry>()
  const pending = new Map<string, Write[]>()
  const accounts = rules.map((rule) => openAccount(rule))
  // Per name the accounts that still count it: where none does any more, it goes from the disk as well.
  const kept = new Map<string, { readonly entry: Spent; accounts: number }>()
  const stored = [...store.entries('spent')].map(({ key, value }) => [String(key), readSpent(value)] as const)
  // The oldest come first, here and wherever one is added.
  for (const [name, entry] of stored.sort(([, one], [, other]) => one.atMs - other.atMs)) keep(name, entry)

  function coveredBy(entry: Scope): Account[] {
    return accounts.filter(({ rule }) => isCovered(rule, entry))
  }

  function keep(name: string, entry: Spent): boolean {
    const counting = coveredBy(entry).filter((account) => account.spend(name, entry))
    kept.set(name, { entry, accounts: counting.length })
    return counting.length > 0
  }

  function note(tradeId: string, write: Write): void {
    pending.set(tradeId, [...(pending.get(tradeId) ?? []), write])
  }

  function forgetOld(tradeId: string, nowMs: number): void {
    for (const account of accounts) {
      for (const name of account.expire(nowMs)) {
        const one = kept.get(name)
        if (one === undefined) continue
        one.accounts -= 1
        if (one.accounts > 0) continue
        kept.delete(name)
        note(tradeId, { space: 'spent', key: name, value: undefined })
      }
    }
  }

  function put(name: string, entry: Entry | undefined): void {
    const before = open.get(name)
    if (before !== undefined) for (const account of coveredBy(before)) account.reserve(before, -before.amount)
    open.delete(name)
    if (entry === undefined) return
    open.set(name, entry)
    for (const account of coveredBy(entry)) account.reserve(entry, entry.amount)
  }

  return {
    isIdle: rules.length === 0,
    room(scope, nowMs, covers = any) {
      let found: Room | null = null
      for (const account of coveredBy(scope)) {
        if (!covers(account.rule)) continue
        const amount = account.left(scope, nowMs)
        if (found === null || amount < found.amount) found = { field: account.rule.field, amount }
      }
      return found
    },
    reserve(entries, nowMs) {
      if (rules.length === 0) return
      for (const account of accounts) {
        const covered = entries.filter(({ entry }) => isCovered(account.rule, entry))
        const [first] = covered
        if (first === undefined) continue
        let [wanted, own] = [0n, 0n]
        for (const { key, entry } of covered) {
          wanted += entry.amount
          own += open.get(nameOf(key, entry.kind))?.amount ?? 0n
        }
        const room = account.left(first.entry, nowMs, own)
        if (wanted > room) throw new LimitReachedError(account.rule, wanted, room)
      }
      for (const { key, entry } of entries) put(nameOf(key, entry.kind), entry)
    },
    hold(key, entry) {
      if (rules.length === 0) return
      put(nameOf(key, entry.kind), entry)
      // A leg that is put back to before its end has not spent it yet.
      const name = lifeOf(key, entry)
      const spent = kept.get(name)
      if (spent === undefined) return
      kept.delete(name)
      for (const account of coveredBy(entry)) account.unspend(name, spent.entry)
      note(entry.tradeId, { space: 'spent', key: name, value: undefined })
    },
    settle(key, kind, amount, atMs) {
      const entry = open.get(nameOf(key, kind))
      if (entry === undefined) return
      put(nameOf(key, kind), undefined)
      forgetOld(entry.tradeId, atMs)
      if (amount === 0n) return
      const [name, spent] = [lifeOf(key, entry), { ...entry, amount, atMs }]
      if (!keep(name, spent)) return void kept.delete(name)
      note(entry.tradeId, { space: 'spent', key: name, value: { ...spent, amount: baseUnits(amount) } })
    },
    release(key) {
      for (const kind of kinds) put(nameOf(key, kind), undefined)
    },
    reserved: (key, kind) => open.get(nameOf(key, kind))?.amount ?? 0n,
    takeWrites(tradeId) {
      const writes = pending.get(tradeId) ?? []
      pending.delete(tradeId)
      return writes
    },
  }
}

function any(): boolean {
  return true
}

function nameOf(key: string, kind: Entry['kind']): string {
  return `${key} ${kind}`
}

/** The name of what is spent: a later trade of the same id has others. */
function lifeOf(key: string, { kind, acceptedAtMs }: Scope): string {
  return `${key} ${acceptedAtMs} ${kind}`
}

/** True where the rule limits such an entry. */
function isCovered({ kind, token, venue, pair }: Rule, entry: Scope): boolean {
  return (
    kind === entry.kind &&
    token === entry.token &&
    (venue === null || venue === entry.venue) &&
    (pair === null || pair === entry.pair)
  )
}

function readSpent(value: Json): Spent {
  const { amount, ...rest } = value as unknown as Omit<Spent, 'amount'> & { readonly amount: BaseUnits }
  return { ...rest, amount: BigInt(amount) }
}
