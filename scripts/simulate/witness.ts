import type { Hex } from '../../src/domain/hex.ts'
import type { TradeStep } from '../../src/runtime/liveTrade.ts'
import type { TradeStatus } from '../../src/runtime/status.ts'
import { ancestorAt, findMined } from './ledger.ts'
import { nonceOf } from './state.ts'
import { isNothing, type WireTransaction } from './wire.ts'
import type { World } from './world.ts'

/** What is wrong: a leg forgotten, done twice, without an end, beyond a limit, or anything else that must not be. */
export interface Violation {
  readonly kind: 'lost' | 'doubled' | 'stuck' | 'over' | 'other'
  readonly text: string
}

/** One transaction's first way to the wire. */
export interface Departure {
  readonly transaction: WireTransaction
  readonly atMs: number
  /** Nonces of its wallet below this one were finally used up by then. */
  readonly finalCount: number
}

/** Sees what the process does from outside, and keeps what the oracle needs. */
export interface Witness {
  signed(raw: Hex): void
  /** A process begins, and owes these bytes to the nodes before anything is asked of them. */
  owes(raws: ReadonlySet<Hex>): void
  /** A node is asked for the state of its chain. */
  asks(method: string): void
  /** All that was ever signed. */
  readonly seen: ReadonlySet<Hex>
  /** The bytes leave the process. */
  departs(raw: Hex): void
  /** A text is on disk. */
  safe(text: string): void
  /** Replies to accepted transactions on their way back: `1` more or `-1` fewer. */
  replyUnderWay(change: 1 | -1): void
  /** Signatures under way. */
  signing(change: 1 | -1): void
  step(step: TradeStep): void
  announced(status: TradeStatus): void
  killed(): void
  cancelled(): void
  fault(violation: Violation): void
  /** The store is now an older one, with these trades live in it. */
  noteRestored(live: readonly string[]): void
  restored(): readonly string[] | null
  /** A process begins: what every node shows of an older life can be known to it. */
  begins(): void
  /** False for what nobody could know of after a restore: it was pending, or not everywhere in a block. */
  isKnowable(hash: Hex): boolean
  /** Nobody knows of what was sent before; 0 where the store was never restored. */
  restoredAtMs(): number
  /** Legs by the hashes of their attempts, as the steps said. */
  readonly owners: ReadonlyMap<Hex, string>
  /** The first departure of each transaction, in order. */
  readonly departures: ReadonlyMap<Hex, Departure>
  /** What was announced first, by trade. */
  readonly announcements: ReadonlyMap<string, TradeStatus>
  readonly violations: readonly Violation[]
}

/** What a process asks first when it does not send first. */
const chainQuestions = ['eth_getTransactionCount', 'eth_getTransactionReceipt', 'eth_feeHistory', 'eth_call']

/** Nothing has been seen yet. */
export function startWitness(world: World, markOf: (wallet: Hex) => number): Witness {
  const { wire, ledger, nodes, plan, timeline, story, scenarios } = world
  const unsafe = new Set<Hex>()
  const seen = new Set<Hex>()
  const departures = new Map<Hex, Departure>()
  const announcements = new Map<string, TradeStatus>()
  const violations: Violation[] = []
  const states = new Map<string, { readonly path: string; readonly hash: Hex | undefined }>()
  const trades = new Map<string, string>()
  const attempts = new Map<string, readonly WireTransaction[]>()
  const owners = new Map<Hex, string>()
  let restored: readonly string[] | null = null
  let restoredAtMs = 0
  let shown: ReadonlySet<Hex> | null = null
  let debts = new Set<Hex>()
  let replies = 0
  let signatures = 0

  const fault = (violation: Violation): void => {
    violations.push(violation)
    story.tell('ORACLE', () => `${violation.kind}: ${violation.text}`)
  }

  function final(wallet: Hex): number {
    const block = ancestorAt(ledger.tip(), ledger.highest() - plan.confirmations + 1)
    return block === undefined ? 0 : nonceOf(block.state, wallet)
  }

  /** Transactions of the same nonce that were sent, newest last. */
  function attemptsLike({ from, nonce }: WireTransaction): readonly WireTransaction[] {
    return attempts.get(`${from} ${nonce}`) ?? []
  }

  function noteAttempt(transaction: WireTransaction): void {
    const { hash, from, nonce, maxFee, tip } = transaction
    const finalCount = final(from)
    departures.set(hash, { transaction, atMs: timeline.now(), finalCount })
    const earlier = attemptsLike(transaction)
    attempts.set(`${from} ${nonce}`, [...earlier, transaction])
    const last = earlier.at(-1)
    const isRaised = (before: bigint, now: bigint): boolean => now * 10n > before * 11n || now - before === 1n
    // What is finally used up nobody replaces: such bytes are in vain, and harmless.
    if (last === undefined || finalCount > nonce || (isRaised(last.maxFee, maxFee) && isRaised(last.tip, tip))) return
    const text = `${hash} (nonce ${nonce}) raises ${last.maxFee}/${last.tip} to ${maxFee}/${tip}: some nodes refuse that.`
    fault({ kind: 'other', text })
  }

  function noteStep({ from, to, event, hash }: TradeStep): void {
    if (event === 'leg.displaced') scenarios.note('5 foreign transaction')
    if (to === 'preparing.holding' || (event === 'leg.unchanged' && from === 'submitted.bumping')) {
      scenarios.note('8 price above the ceiling')
    }
    if (to !== 'submitted.cancelling' || hash === undefined) return
    const stuck = departures.get(hash)?.transaction
    if (stuck === undefined) return
    const isBefore = [...departures.values()].some(
      ({ transaction }) => transaction.from === stuck.from && transaction.nonce > stuck.nonce,
    )
    if (isBefore) scenarios.note('7 one stuck, others behind it')
  }

  return {
    departures,
    announcements,
    owners,
    seen,
    owes(raws) {
      debts = new Set(raws)
    },
    asks(method) {
      if (debts.size === 0 || !chainQuestions.includes(method)) return
      fault({ kind: 'other', text: `${method} was asked before ${[...debts].join(', ')} went out again.` })
      debts.clear()
    },
    restored: () => restored,
    restoredAtMs: () => restoredAtMs,
    begins() {
      if (restored === null || shown !== null) return
      const isShown = (hash: Hex): boolean => nodes.every((node) => findMined(ledger, node.view(), hash) !== undefined)
      shown = new Set([...departures.keys()].filter(isShown))
    },
    isKnowable: (hash) => (departures.get(hash)?.atMs ?? 0) >= restoredAtMs || shown?.has(hash) === true,
    noteRestored(live) {
      restored = live
      restoredAtMs = timeline.now()
      announcements.clear()
      attempts.clear()
    },
    violations,
    fault,
    signed(raw) {
      if (seen.has(raw)) return
      seen.add(raw)
      unsafe.add(raw)
    },
    departs(raw) {
      const transaction = wire.read(raw)
      if (transaction === undefined) return fault({ kind: 'other', text: `Bytes that nobody signed: ${raw}` })
      const { hash, from, nonce, maxFee } = transaction
      debts.delete(raw)
      if (markOf(from) < nonce) {
        fault({
          kind: 'other',
          text: `${hash} left with nonce ${nonce}, and the lane’s mark on disk is ${markOf(from)}.`,
        })
      }
      story.tell(
        'runtime',
        () =>
          `sends ${hash.slice(0, 10)} (nonce ${nonce}, ${maxFee} wei, ${isNothing(transaction) ? 'nothing' : 'call'})`,
      )
      if (unsafe.has(raw)) {
        fault({ kind: 'lost', text: `Recorded first: ${hash} (nonce ${nonce}) left before it was on disk.` })
        unsafe.delete(raw)
      }
      if (!departures.has(hash)) noteAttempt(transaction)
    },
    safe(text) {
      for (const raw of unsafe) if (text.includes(raw)) unsafe.delete(raw)
    },
    replyUnderWay(change) {
      replies += change
    },
    signing(change) {
      signatures += change
    },
    step(step) {
      const { tradeId, legId, from, to, event, hash } = step
      story.tell(
        'step',
        () => `${tradeId}${legId === undefined ? '' : `/${legId}`}: ${from ?? '·'} → ${to} (${event ?? '·'})`,
      )
      if (legId === undefined) return void trades.set(tradeId, to)
      if (hash !== undefined) owners.set(hash, `${tradeId}/${legId}`)
      states.set(`${tradeId}/${legId}`, { path: to, hash })
      noteStep(step)
    },
    announced(status) {
      const before = announcements.get(status.tradeId)
      if (before === undefined) announcements.set(status.tradeId, status)
      else if (JSON.stringify(before) !== JSON.stringify(status)) {
        fault({ kind: 'other', text: `${status.tradeId} was announced as something else before.` })
      }
      for (const leg of status.legs) {
        const mined = leg.status === 'done' && leg.hash !== null ? departures.get(leg.hash) : undefined
        if (mined !== undefined && attemptsLike(mined.transaction).some(isNothing))
          scenarios.note('9 cancellation loses')
      }
    },
    killed() {
      if (replies > 0) scenarios.note('2 killed before the reply was noted')
      if (signatures > 0) scenarios.note('10 late signature')
      replies = 0
      signatures = 0
      for (const { path, hash } of states.values()) {
        const newest = hash === undefined ? undefined : departures.get(hash)
        const isUnsent = path === 'submitted.broadcasting' && newest === undefined
        if (/^preparing\.(reserving|signing|releasing)$/.test(path) || isUnsent)
          scenarios.note('1 killed while preparing')
        const isPending = path.startsWith('submitted') && newest !== undefined
        const isBumped = isPending && attemptsLike(newest.transaction).length > 1
        if (path === 'submitted.bumping' || isBumped) scenarios.note('3 killed around a bump')
      }
      for (const path of trades.values()) {
        if (/^retrying\.(reallocating|unwinding)$/.test(path)) scenarios.note('16 killed between two splits')
      }
      trades.clear()
      states.clear()
    },
    cancelled() {
      if (signatures > 0) scenarios.note('10 late signature')
    },
  }
}
