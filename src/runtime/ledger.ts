import { type BaseUnits, baseUnits } from '../domain/amount.ts'
import { LimitReachedError } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import type { Json } from '../domain/json.ts'
import type { Store, Write } from '../store/store.ts'

/** What a leg takes of a limit: tokens sold, gas paid, or what it may lose against its first quote. */
export interface Entry {
  readonly kind: 'sold' | 'gas' | 'loss'
  readonly tradeId: string
  readonly venue: string
  readonly pair: string
  /** What `amount` counts, in base units. */
  readonly token: Hex | 'native'
  readonly amount: bigint
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

interface Spent extends Entry {
  readonly atMs: number
}

const kinds = ['sold', 'gas', 'loss'] as const
const dayMs = 24 * 60 * 60 * 1000
const none: ReadonlySet<string> = new Set()

/** The ledger of a store, under these rules. */
export function openLedger(rules: readonly Rule[], store: Pick<Store, 'entries'>): Ledger {
  const open = new Map<string, Entry>()
  const spent = new Map<string, Spent>()
  const pending = new Map<string, Write[]>()
  // A trade's own limits count all of its life: none lives for a day.
  const keptMs = Math.max(dayMs, ...rules.map(({ windowMs }) => windowMs))
  const stored = [...store.entries('spent')].map(({ key, value }) => [String(key), readSpent(value)] as const)
  // The oldest come first, here and wherever one is added.
  for (const [key, entry] of stored.sort(([, one], [, other]) => one.atMs - other.atMs)) spent.set(key, entry)

  /** What a rule leaves beside all that is reserved, but for these, and spent. */
  function left(rule: Rule, { tradeId }: Pick<Entry, 'tradeId'>, nowMs: number, except: ReadonlySet<string>): bigint {
    let rest = rule.amount
    const isCounted = (entry: Entry): boolean =>
      isCovered(rule, entry) && (rule.over !== 'trade' || entry.tradeId === tradeId)
    for (const [name, entry] of open) if (!except.has(name) && isCounted(entry)) rest -= entry.amount
    if (rule.over !== 'open') {
      const since = rule.over === 'window' ? nowMs - rule.windowMs : Number.NEGATIVE_INFINITY
      for (const [name, entry] of spent) {
        if (!except.has(name) && entry.atMs > since && isCounted(entry)) rest -= entry.amount
      }
    }
    return rest > 0n ? rest : 0n
  }

  function note(tradeId: string, write: Write): void {
    pending.set(tradeId, [...(pending.get(tradeId) ?? []), write])
  }

  /** What no window reaches any more goes from the disk as well. */
  function forgetOld(tradeId: string, nowMs: number): void {
    for (const [key, { atMs }] of spent) {
      if (atMs > nowMs - keptMs) break
      spent.delete(key)
      note(tradeId, { space: 'spent', key, value: undefined })
    }
  }

  return {
    isIdle: rules.length === 0,
    room(scope, nowMs, covers = any) {
      let found: Room | null = null
      for (const rule of rules) {
        if (!isCovered(rule, scope) || !covers(rule)) continue
        const amount = left(rule, scope, nowMs, none)
        if (found === null || amount < found.amount) found = { field: rule.field, amount }
      }
      return found
    },
    reserve(entries, nowMs) {
      if (rules.length === 0) return
      const own = new Set(entries.map(({ key, entry }) => nameOf(key, entry.kind)))
      for (const rule of rules) {
        const covered = entries.filter(({ entry }) => isCovered(rule, entry))
        const [first] = covered
        if (first === undefined) continue
        const wanted = covered.reduce((sum, { entry }) => sum + entry.amount, 0n)
        const room = left(rule, first.entry, nowMs, own)
        if (wanted > room) throw new LimitReachedError(rule, wanted, room)
      }
      for (const { key, entry } of entries) open.set(nameOf(key, entry.kind), entry)
    },
    hold(key, entry) {
      if (rules.length === 0) return
      const name = nameOf(key, entry.kind)
      open.set(name, entry)
      // A leg that is put back to before its end has not spent it yet.
      spent.delete(name)
    },
    settle(key, kind, amount, atMs) {
      const name = nameOf(key, kind)
      const entry = open.get(name)
      if (entry === undefined) return
      open.delete(name)
      forgetOld(entry.tradeId, atMs)
      if (amount === 0n || !rules.some((rule) => rule.over !== 'open' && isCovered(rule, entry))) return
      // Behind all others, so that the oldest come first.
      spent.delete(name)
      spent.set(name, { ...entry, amount, atMs })
      note(entry.tradeId, { space: 'spent', key: name, value: { ...entry, amount: baseUnits(amount), atMs } })
    },
    release(key) {
      for (const kind of kinds) open.delete(nameOf(key, kind))
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
