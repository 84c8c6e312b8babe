import { fractionToBps, maximumInput, minimumOutput, parseAmount } from '../../src/domain/amount.ts'
import type { Hex } from '../../src/domain/hex.ts'
import type { TradeOrder } from '../../src/runtime/accept.ts'
import type { HistoryEntry } from '../../src/runtime/records.ts'
import type { LegStatus, TradeStatus } from '../../src/runtime/status.ts'
import { tokens, walletOf } from './contracts.ts'
import type { Outcome } from './evm.ts'
import { ancestorAt, findMined } from './ledger.ts'
import { readRouterCall } from './router.ts'
import { balanceOf, native, nonceOf, type State } from './state.ts'
import { isNothing, type WireTransaction } from './wire.ts'
import type { Departure, Violation, Witness } from './witness.ts'
import type { World } from './world.ts'

/** A trade as it was reported, when all had ended. */
export interface Ended {
  readonly order: TradeOrder
  readonly status: TradeStatus
  readonly history: readonly HistoryEntry[]
}

interface Mined {
  readonly transaction: WireTransaction
  readonly outcome: Outcome
}

interface Leg {
  readonly name: string
  readonly status: LegStatus
  readonly trade: TradeStatus
  readonly order: TradeOrder
  readonly sent: readonly Departure[]
  readonly mined: readonly Mined[]
}

/** Checks what must always hold against the simulated chain itself, once it has settled. */
export function checkAll(world: World, witness: Witness, endings: readonly Ended[]): void {
  const legs = endings.flatMap((one) => legsOf(world, witness, one))
  const all = [atMostOnce, noGaps, onlyReceipts, exact, bounded]
  // What an older store cannot know of it cannot report.
  for (const check of witness.restored() === null ? all : [restoredOnce, noGaps, bounded]) {
    for (const violation of check({ world, witness, endings, legs })) witness.fault(violation)
  }
}

interface Evidence {
  readonly world: World
  readonly witness: Witness
  readonly endings: readonly Ended[]
  readonly legs: readonly Leg[]
}

function legsOf(world: World, witness: Witness, { order, status: trade, history }: Ended): Leg[] {
  return trade.legs.map((status): Leg => {
    const mine = history.filter(({ legId }) => legId === status.legId)
    const hashes = new Set(mine.flatMap(({ hash }) => hash ?? []))
    const sent = [...hashes].flatMap((hash) => witness.departures.get(hash) ?? [])
    const mined = sent.flatMap(({ transaction }) => minedOf(world, transaction))
    return { name: `${trade.tradeId}/${status.legId}`, status, trade, order, sent, mined }
  })
}

function minedOf({ ledger }: World, transaction: WireTransaction): Mined[] {
  const outcome = findMined(ledger, ledger.tip(), transaction.hash)?.outcomes.get(transaction.hash)
  return outcome === undefined ? [] : [{ transaction, outcome }]
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
    const isFilled = status.legs.some((leg) => leg.kind === 'swap' && leg.status === 'done')
    if (status.status !== (isFilled ? 'done' : 'failed')) {
      yield { kind: 'lost', text: `${status.tradeId} is ${status.status}, and filled is ${isFilled}.` }
    }
    const first = witness.announcements.get(status.tradeId)
    if (JSON.stringify(first) !== JSON.stringify(status)) {
      yield { kind: 'lost', text: `${status.tradeId} is not any more what was announced.` }
    }
  }
}

function* exact({ world, witness, endings, legs }: Evidence): Generator<Violation> {
  const changes = new Map<string, bigint>()
  const add = (wallet: Hex, symbol: string, amount: bigint): void => {
    changes.set(`${wallet} ${symbol}`, (changes.get(`${wallet} ${symbol}`) ?? 0n) + amount)
  }
  for (const { status } of endings) {
    const { tokenIn, tokenOut, legs: reported, unallocated, amount, side, tradeId } = status
    const base = side === 'sell' ? tokenIn : tokenOut
    const given = reported.reduce((sum, leg) => sum + units(leg.amount, base), units(unallocated, base))
    if (reported.length > 0 && given !== units(amount, base)) {
      yield { kind: 'other', text: `The legs of ${tradeId} and the rest add up to ${given} of ${amount} ${base}.` }
    }
  }
  const owned = new Set(legs.flatMap(({ sent }) => sent.map(({ transaction }) => transaction.hash)))
  for (const { status, trade, sent } of legs) {
    const wallet = sent[0]?.transaction.from
    if (wallet === undefined) continue
    add(wallet, 'ETH', -unitsOf(status.gasCost, 18))
    add(wallet, trade.tokenIn, -units(status.amountIn, trade.tokenIn))
    add(wallet, trade.tokenOut, units(status.amountOut, trade.tokenOut))
  }
  // What fills a hole belongs to no leg.
  for (const [hash, { transaction }] of witness.departures) {
    if (!owned.has(hash)) for (const { outcome } of minedOf(world, transaction)) payGas(transaction.from, outcome)
  }
  for (const transaction of foreignOf(world)) {
    for (const { outcome } of minedOf(world, transaction)) payGas(transaction.from, outcome)
  }
  function payGas(wallet: Hex, { gasUsed, gasPrice }: Outcome): void {
    add(wallet, 'ETH', -BigInt(gasUsed) * gasPrice)
  }
  const first = ancestorAt(world.ledger.tip(), 0)?.state
  if (first === undefined) return
  for (let index = 0; index < world.plan.wallets; index += 1) {
    const wallet = walletOf(index)
    for (const { symbol } of tokens) {
      const real = held(world.ledger.tip().state, wallet, symbol) - held(first, wallet, symbol)
      const reported = changes.get(`${wallet} ${symbol}`) ?? 0n
      if (real !== reported)
        yield { kind: 'lost', text: `${symbol} changed by ${real}, by ${reported} in the reports.` }
    }
  }
}

/** What a wallet has, less what it was given so that it could pay again. */
function held(state: State, wallet: Hex, symbol: string): bigint {
  const token = tokens.find((one) => one.symbol === symbol)
  if (symbol !== 'ETH') return balanceOf(state, token?.address ?? '', wallet)
  return balanceOf(state, native, wallet) - balanceOf(state, 'granted', wallet)
}

function foreignOf({ ledger }: World): WireTransaction[] {
  const found: WireTransaction[] = []
  for (let block = ledger.tip(); block.parent !== null; block = block.parent) {
    found.push(...block.transactions.filter(({ isForeign }) => isForeign))
  }
  return found
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
function* beyondLimit({ plan }: World, { name, status, sent, order, trade }: Leg): Generator<Violation> {
  const calls = [...sent]
    .sort((a, b) => a.atMs - b.atMs)
    .flatMap(({ transaction }) => readRouterCall(transaction) ?? [])
  const [first] = calls
  if (first === undefined) return
  const isWorse = (bound: bigint, than: bigint): boolean => (first.isSell ? bound < than : bound > than)
  if (calls.some(({ limit }) => isWorse(limit, first.limit))) yield { kind: 'other', text: `${name} moved its bound.` }
  const given = order.quotes?.[status.venue]
  if (typeof given === 'bigint') {
    const whole = units(trade.amount, first.isSell ? trade.tokenIn : trade.tokenOut)
    const quoted = (given * first.amount) / whole
    const bps = fractionToBps(plan.config.maxSlippage)
    const bound = BigInt(first.isSell ? minimumOutput(`${quoted}`, bps) : maximumInput(`${quoted}`, bps))
    if (isWorse(first.limit, bound))
      yield { kind: 'other', text: `${name} allows ${first.limit}, and ${bound} is the bound.` }
  }
  if (status.status !== 'done') return
  const fill = first.isSell ? units(status.amountOut, trade.tokenOut) : units(status.amountIn, trade.tokenIn)
  if (isWorse(fill, first.limit))
    yield { kind: 'other', text: `${name} was filled with ${fill}, beyond ${first.limit}.` }
}

function placeOf({ from, nonce }: WireTransaction): string {
  return `${nonce} of ${from}`
}

function units(amount: string | null, symbol: string): bigint {
  return unitsOf(amount, tokens.find((token) => token.symbol === symbol)?.decimals ?? 0)
}

/** Zero is no amount that anybody could order. */
function unitsOf(amount: string | null, decimals: number): bigint {
  return amount === null || Number(amount) === 0 ? 0n : BigInt(parseAmount(amount, decimals))
}
