import { fractionToBps } from '../../src/domain/amount.ts'
import type { Hex } from '../../src/domain/hex.ts'
import { tokens, walletOf } from './contracts.ts'
import { byTrade, type Ended, type Evidence, fillOf, isFilling, type Leg, minedOf, units, unitsOf } from './evidence.ts'
import type { Outcome } from './evm.ts'
import { ancestorAt } from './ledger.ts'
import { priceRange } from './prices.ts'
import { firstQuotes } from './quotes.ts'
import { balanceOf, native, type State } from './state.ts'
import type { WireTransaction } from './wire.ts'
import type { Violation } from './witness.ts'
import type { World } from './world.ts'

/** What a trade says of itself is what its legs came to on the chain. */
export function* truthful(evidence: Evidence): Generator<Violation> {
  const all = byTrade(evidence.legs, ({ trade }) => trade)
  for (const ended of evidence.endings) {
    const legs = all.get(ended.status.tradeId) ?? []
    yield* addedUp(evidence.world, ended, legs)
    yield* profit(evidence.world, ended, legs)
  }
}

function* addedUp({ plan }: World, { status, order }: Ended, legs: readonly Leg[]): Generator<Violation> {
  const { tokenIn, tokenOut, unallocated, unfilled, amount, side, tradeId } = status
  const base = side === 'sell' ? tokenIn : tokenOut
  const whole = units(amount, base)
  const fills = legs.filter(isFilling)
  const lastRound = Math.max(...fills.map(({ round }) => round))
  // What failed in an earlier round is part of a later one.
  const given = fills.filter(({ round, status: leg }) => round === lastRound || leg.status === 'done')
  const sum = given.reduce((all, leg) => all + units(leg.status.amount, base), units(unallocated, base))
  if (fills.length > 0 && sum !== whole) {
    yield { kind: 'other', text: `The legs of ${tradeId} and the rest add up to ${sum} of ${amount} ${base}.` }
  }
  const isLimited =
    plan.limits.length > 0 || plan.budgets.lossPerTrade !== undefined || plan.budgets.lossPerDay !== undefined
  if (!isLimited && order.quotes !== undefined && fills.length > 0 && lastRound === 0 && unallocated !== '0') {
    yield { kind: 'other', text: `${tradeId} leaves ${unallocated} ${base} to nobody, and nothing limits it.` }
  }
  let [paid, received, exactly] = [0n, 0n, 0n]
  for (const leg of legs) {
    const { amountIn = 0n, amountOut = 0n } = fillOf(leg) ?? {}
    const isBack = leg.status.purpose === 'unwind'
    paid += isBack ? -amountOut : amountIn
    received += isBack ? -amountIn : amountOut
    if (!isBack) exactly += side === 'sell' ? amountIn : amountOut
  }
  const costWei = legs.reduce((all, leg) => all + unitsOf(leg.status.gasCost, 18), 0n)
  const facts: readonly [what: string, said: bigint, real: bigint][] = [
    ['amountIn', units(status.amountIn, tokenIn), paid],
    ['amountOut', units(status.amountOut, tokenOut), received],
    ['unfilled', units(unfilled, base), whole - exactly],
    ['gasCost', unitsOf(status.gasCost, 18), costWei],
    ['exposed', units(status.exposed, tokenOut), status.status === 'failed' ? received : 0n],
  ]
  for (const [what, said, real] of facts) {
    if (said !== real) yield { kind: 'lost', text: `${tradeId} says ${what} ${said}, and the chain ${real}.` }
  }
  const outcome = status.status === 'done' ? (exactly < whole ? 'partial' : 'filled') : null
  if (status.outcome !== outcome) yield { kind: 'other', text: `${tradeId} says ${status.outcome}, and is ${outcome}.` }
}

/** As exactly as it can be known from outside: what the first quotes were follows from the bounds, what gas was worth from the pools. */
function* profit(world: World, ended: Ended, legs: readonly Leg[]): Generator<Violation> {
  const { profitAndLoss, side, tokenIn, tokenOut, tradeId, gasCost } = ended.status
  if (profitAndLoss === null) return
  const symbol = side === 'sell' ? tokenOut : tokenIn
  const bps = BigInt(fractionToBps(ended.order.maxSlippage ?? world.plan.config.maxSlippage))
  const gains = (['least', 'most'] as const).map((edge) =>
    gainOf(ended, legs, (limit) => firstQuotes({ side, limit, bps, isBound: false })[edge]),
  )
  const [one = 0n, other = 0n] = gains
  const width = one > other ? one - other : other - one
  // A unit here and there is lost by rounding.
  const slack = 4n * width + 10n
  const price = priceRange(world, symbol)
  const costWei = unitsOf(gasCost, 18)
  const [least, most] = [one - slack - price.most(costWei), one + slack - price.least(costWei)]
  const said = units(profitAndLoss, symbol)
  if (said >= least && said <= most) return
  yield { kind: 'lost', text: `${tradeId} says a profit of ${said} ${symbol}, and it is from ${least} to ${most}.` }
}

/**
 * What fills brought beyond the first quotes. Those of legs of later splits are what is left of the first ones for as much, and
 * what was sold back counts by the price that the first ones had together.
 */
function gainOf({ status }: Ended, legs: readonly Leg[], quoteOf: (limit: bigint) => bigint): bigint {
  const { side, tokenIn, tokenOut } = status
  const isSell = side === 'sell'
  const [exact, other] = isSell ? [tokenIn, tokenOut] : [tokenOut, tokenIn]
  const whole = units(status.amount, exact)
  const fills = legs.filter(isFilling)
  let [split, quoted] = [0n, 0n]
  for (const { status: leg } of fills.filter(({ round }) => round === 0)) {
    split += units(leg.amount, exact)
    quoted += quoteOf(units(leg.limit, other))
  }
  if (split === 0n) return 0n
  let [gain, left, rest] = [0n, (quoted * whole) / split, whole]
  const rounds = [...new Set(fills.map(({ round }) => round))].sort((a, b) => a - b)
  for (const round of rounds) {
    const together = fills.filter((one) => one.round === round)
    const given = together.reduce((sum, leg) => sum + units(leg.status.amount, exact), 0n)
    const bounds = together.reduce((sum, leg) => sum + units(leg.status.limit, other), 0n)
    const promisedAgain = (left * given) / rest
    for (const leg of together) {
      const amount = units(leg.status.amount, exact)
      const limit = units(leg.status.limit, other)
      const fill = fillOf(leg)
      if (fill === undefined) continue
      // Bounds of legs that were split together are in the proportion of their quotes.
      const promised = round === 0 ? quoteOf(limit) : (promisedAgain * limit) / bounds
      gain += isSell ? fill.amountOut - promised : promised - fill.amountIn
      left -= promised
      rest -= amount
    }
  }
  const back = legs.filter((leg) => leg.status.purpose === 'unwind').flatMap((leg) => fillOf(leg) ?? [])
  for (const { amountIn, amountOut } of back) {
    gain += isSell ? (amountOut * quoted) / split - amountIn : amountOut - (amountIn * quoted) / split
  }
  return gain
}

/** What the reports say that wallets gained and lost is what the chain says. */
export function* exact({ world, witness, legs }: Evidence): Generator<Violation> {
  const changes = new Map<string, bigint>()
  const add = (wallet: Hex, symbol: string, amount: bigint): void => {
    changes.set(`${wallet} ${symbol}`, (changes.get(`${wallet} ${symbol}`) ?? 0n) + amount)
  }
  const owned = new Set(legs.flatMap(({ sent }) => sent.map(({ transaction }) => transaction.hash)))
  for (const { status, tokenIn, tokenOut, sent } of legs) {
    const wallet = sent[0]?.transaction.from
    if (wallet === undefined) continue
    add(wallet, 'ETH', -unitsOf(status.gasCost, 18))
    add(wallet, tokenIn, -units(status.amountIn, tokenIn))
    add(wallet, tokenOut, units(status.amountOut, tokenOut))
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
