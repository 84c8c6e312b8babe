import { fractionToBps, maximumInput, minimumOutput } from '../../src/domain/amount.ts'
import { noteArisen } from './arisen.ts'
import { walletOf } from './contracts.ts'
import { type Ended, type Evidence, type Leg, legsOf, minedOf, units, unitsOf } from './evidence.ts'
import { withinLimits } from './exposure.ts'
import { policiesKept } from './policies.ts'
import { exact, truthful } from './reports.ts'
import { readRouterCall } from './router.ts'
import { nonceOf } from './state.ts'
import { isNothing, type WireTransaction } from './wire.ts'
import type { Violation, Witness } from './witness.ts'
import type { World } from './world.ts'

/** Checks what must always hold against the simulated chain itself, once it has settled. */
export function checkAll(world: World, witness: Witness, endings: readonly Ended[]): void {
  const legs = endings.flatMap((one) => legsOf(world, witness, one))
  noteArisen({ world, witness, endings, legs })
  const all = [atMostOnce, noGaps, onlyReceipts, exact, truthful, bounded, withinLimits, policiesKept]
  // What an older store cannot know of it cannot report.
  for (const check of witness.restored() === null ? all : [restoredOnce, noGaps, bounded]) {
    for (const violation of check({ world, witness, endings, legs })) witness.fault(violation)
  }
}

function* atMostOnce({ witness, legs }: Evidence): Generator<Violation> {
  const owners = new Map<string, Set<string>>()
  for (const { name, sent } of legs) {
    for (const { transaction } of sent) {
      const place = placeOf(transaction)
      owners.set(place, (owners.get(place) ?? new Set()).add(name))
    }
  }
  for (const [place, names] of owners) {
    if (names.size > 1) yield { kind: 'doubled', text: `Nonce ${place} was used by ${[...names].join(' and ')}.` }
  }
  const owned = new Set(legs.flatMap(({ sent }) => sent.map(({ transaction }) => transaction.hash)))
  for (const [hash, { transaction }] of witness.departures) {
    if (!owned.has(hash) && !isNothing(transaction)) {
      yield { kind: 'doubled', text: `${hash} (nonce ${transaction.nonce}) belongs to no leg.` }
    }
  }
  for (const leg of legs) {
    const swaps = leg.mined.filter(({ transaction, outcome }) => outcome.succeeded && !isNothing(transaction))
    if (swaps.length > 1) yield { kind: 'doubled', text: `${leg.name} succeeded ${swaps.length} times.` }
    yield* tooEarly(leg)
  }
}

/** With an older store in place: what was live in it is still done once at most. */
function* restoredOnce({ world, witness }: Evidence): Generator<Violation> {
  const done = new Map<string, number>()
  for (const [hash, { transaction }] of witness.departures) {
    const name = witness.owners.get(hash) ?? ''
    const isKnown = witness.restored()?.includes(name.split('/')[0] ?? '')
    const isSwap = readRouterCall(transaction) !== undefined
    const count = minedOf(world, transaction).filter(({ outcome }) => outcome.succeeded).length
    if (isKnown && isSwap && witness.isKnowable(hash)) done.set(name, (done.get(name) ?? 0) + count)
  }
  for (const [name, count] of done) {
    if (count > 1) yield { kind: 'doubled', text: `${name} succeeded ${count} times after a restore.` }
  }
}

/** A new nonce may be used only once each earlier one was finally used up. */
function* tooEarly({ name, sent }: Leg): Generator<Violation> {
  for (const { transaction, finalCount, atMs } of sent) {
    const open = sent.find(
      (one) => one.atMs < atMs && one.transaction.nonce !== transaction.nonce && one.transaction.nonce >= finalCount,
    )
    if (open === undefined) continue
    const text = `${name} took nonce ${transaction.nonce} before nonce ${open.transaction.nonce} was final.`
    yield { kind: 'doubled', text }
  }
}

function* noGaps({ world, witness }: Evidence): Generator<Violation> {
  const { ledger, nodes, plan } = world
  const { state } = ledger.tip()
  for (let index = 0; index < plan.wallets; index += 1) {
    const wallet = walletOf(index)
    const sent = [...witness.departures.values()].filter(
      ({ transaction, atMs }) => transaction.from === wallet && atMs >= witness.restoredAtMs(),
    )
    const highest = Math.max(-1, ...sent.map(({ transaction }) => transaction.nonce))
    const next = nonceOf(state, wallet)
    if (next <= highest)
      yield { kind: 'stuck', text: `Nonce ${next} of ${wallet} was never mined, ${highest} was sent.` }
    for (const node of nodes) {
      for (const { hash, nonce, from } of node.pool()) {
        const isOurs = from === wallet && sent.some(({ transaction }) => transaction.hash === hash)
        if (isOurs && nonce >= next)
          yield { kind: 'stuck', text: `${hash} (nonce ${nonce}) still waits at ${node.name}.` }
      }
    }
  }
}

function* onlyReceipts({ legs, endings, witness }: Evidence): Generator<Violation> {
  for (const { name, status, mined } of legs) {
    const success = mined.find(({ transaction, outcome }) => outcome.succeeded && !isNothing(transaction))
    if (status.status === 'done' && success?.transaction.hash !== status.hash) {
      yield {
        kind: 'lost',
        text: `${name} is done by ${status.hash}, by the chain it is ${success?.transaction.hash}.`,
      }
    }
    if (status.status !== 'done' && success !== undefined) {
      yield { kind: 'lost', text: `${name} is ${status.status}, and ${success.transaction.hash} succeeded.` }
    }
    const gasUsed = mined.reduce((sum, { outcome }) => sum + outcome.gasUsed, 0)
    const costWei = mined.reduce((sum, { outcome }) => sum + BigInt(outcome.gasUsed) * outcome.gasPrice, 0n)
    if (status.gasUsed !== gasUsed || unitsOf(status.gasCost, 18) !== costWei) {
      yield { kind: 'other', text: `${name} reports ${status.gasUsed} gas, its receipts have ${gasUsed}.` }
    }
  }
  for (const { status } of endings) {
    const first = witness.announcements.get(status.tradeId)
    if (JSON.stringify(first) !== JSON.stringify(status)) {
      yield { kind: 'lost', text: `${status.tradeId} is not any more what was announced.` }
    }
  }
}

function* bounded({ world, witness, legs }: Evidence): Generator<Violation> {
  const ceiling = BigInt(world.plan.maxGasPriceGwei) * 1_000_000_000n
  for (const { transaction } of witness.departures.values()) {
    const limit = isNothing(transaction) ? 2n * ceiling : ceiling
    if (transaction.maxFee <= limit && transaction.tip <= limit) continue
    yield {
      kind: 'other',
      text: `${transaction.hash} (nonce ${transaction.nonce}) offers ${transaction.maxFee} wei a gas unit.`,
    }
  }
  for (const leg of legs) yield* beyondLimit(world, leg)
}

/** Every swap that a leg ever sent keeps the bound of its first one, and so does its fill; the caller's own quote sets it. */
function* beyondLimit(
  { plan }: World,
  { name, status, sent, order, round, tokenIn, tokenOut, trade }: Leg,
): Generator<Violation> {
  const calls = [...sent]
    .sort((a, b) => a.atMs - b.atMs)
    .flatMap(({ transaction }) => readRouterCall(transaction) ?? [])
  const [first] = calls
  if (first === undefined) return
  const isWorse = (bound: bigint, than: bigint): boolean => (first.isSell ? bound < than : bound > than)
  if (calls.some(({ limit }) => isWorse(limit, first.limit))) yield { kind: 'other', text: `${name} moved its bound.` }
  const given = order.quotes?.[status.venue]
  // What is split again, or sold back, has quotes of its own.
  if (typeof given === 'bigint' && round === 0) {
    const whole = units(trade.amount, first.isSell ? trade.tokenIn : trade.tokenOut)
    const quoted = (given * first.amount) / whole
    const bps = fractionToBps(plan.config.maxSlippage)
    const bound = BigInt(first.isSell ? minimumOutput(`${quoted}`, bps) : maximumInput(`${quoted}`, bps))
    if (isWorse(first.limit, bound))
      yield { kind: 'other', text: `${name} allows ${first.limit}, and ${bound} is the bound.` }
  }
  if (status.status !== 'done') return
  const fill = first.isSell ? units(status.amountOut, tokenOut) : units(status.amountIn, tokenIn)
  if (isWorse(fill, first.limit))
    yield { kind: 'other', text: `${name} was filled with ${fill}, beyond ${first.limit}.` }
}

function placeOf({ from, nonce }: WireTransaction): string {
  return `${nonce} of ${from}`
}
