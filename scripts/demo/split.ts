import { basisPoints, difference, grouped, price, quotient, rounded, short, signed } from '../../src/cli/figures.ts'
import { startProgress } from '../../src/cli/progress.ts'
import { type Cell, formatTable } from '../../src/cli/table.ts'
import { baseUnits, formatAmount, parseAmount } from '../../src/domain/amount.ts'
import type { TradeStatus } from '../../src/index.ts'
import { demand } from './faults.ts'
import type { Audited } from './ledger.ts'
import { type Rival, type Rivals, watchedDistribution } from './rivals.ts'
import { withManager } from './session.ts'
import { heading, order, proven, type Stage } from './stage.ts'

/** Whose steps are shown beside the trade's own: one leg is like the other. */
const shownLeg = 'uniswap-v2'

/**
 * Sells over all venues, live, and compares with what the same venues at the same block would have given otherwise.
 *
 * @throws DemoFault where a venue gets nothing or the chain disagrees with what was reported.
 *
 * @example
 * const { trade } = await showSplit(stage)
 */
export async function showSplit(stage: Stage): Promise<Audited> {
  const { terminal, venues, options } = stage
  heading(terminal, '1. An order, split where each part brings the most (the steps of the trade and of one leg)')
  const progress = startProgress(terminal)
  const distributionManager = watchedDistribution({ legsMax: venues.length })
  const split = await withManager(stage, options('split', { distributionManager }), ({ execution, trade }) => {
    execution.on('step', (step) => {
      if (step.legId === undefined || step.legId === shownLeg) progress.step(step)
    })
    return trade(order)
  })
  const { legs } = split.trade
  const rivals = distributionManager.rivals()
  demand(Object.fromEntries(venues.map(({ id }) => [`${id} got no leg.`, legs.some(({ venue }) => venue === id)])))
  terminal.write(`\n${partsTable(stage, split.trade)}`)
  const { number, hash } = rivals.block
  terminal.write(terminal.paint('dim', `\n  All quotes are of block ${number}, ${short(hash)}.\n`))
  proven(terminal, 'The chain agrees: one transaction a leg, and the balances changed by exactly this and the gas.')

  heading(terminal, '2. The same order in other ways, by the same venues at the same block')
  compare(stage, split.trade, rivals)
  return split
}

function partsTable(
  { terminal }: Stage,
  { legs, amount, amountIn, amountOut, gasUsed, tokenIn, tokenOut }: TradeStatus,
) {
  const columns = [
    { title: 'venue' },
    { title: 'sold', unit: tokenIn, align: 'point' },
    { title: 'of the order', unit: '%', align: 'right' },
    { title: 'quoted', unit: tokenOut, align: 'point' },
    { title: 'received', unit: tokenOut, align: 'point' },
    { title: 'price', unit: `${tokenOut}/${tokenIn}`, align: 'right' },
    { title: 'gas', unit: 'units', align: 'right' },
  ] as const
  const rows = legs.map((leg): Cell[] => {
    const [given, taken] = [leg.amountIn ?? '0', leg.amountOut ?? '0']
    const share = quotient(`${percent * BigInt(parseAmount(given, 18))}`, parseAmount(amount, 18), 1)
    return [leg.venue, rounded(given, 6), share, leg.quoted, taken, price(taken, given, 6), grouped(leg.gasUsed)]
  })
  const total = ['total', amountIn, '100.0', null, amountOut, price(amountOut, amountIn, 6), grouped(gasUsed)]
  return formatTable(terminal, columns, [...rows, total])
}

const percent = 100n

interface Offer {
  readonly name: string
  readonly out: string
  readonly gasUsed: number
  /** Output less the gas, at the split's own gas price and price. */
  readonly net: string
}

function compare({ terminal }: Stage, split: TradeStatus, { alone, proportional }: Rivals): void {
  const offerOf = (name: string, out: string, gasUsed: number): Offer => ({
    name,
    out,
    gasUsed,
    net: difference(out, gasInOutput(split, gasUsed)),
  })
  const rivalOf = ({ name, venues, out }: Rival): Offer => {
    const legs = split.legs.filter(({ venue }) => venues.includes(venue))
    const gasUsed = legs.reduce((sum, leg) => sum + leg.gasUsed, 0)
    return offerOf(name, formatAmount(baseUnits(out), 6), gasUsed)
  }
  const ours = offerOf('split', split.amountOut, split.gasUsed)
  const old = rivalOf(proportional)
  const single = alone.map(rivalOf).sort(byNet)
  const [best] = single
  if (best === undefined) return
  const unit = split.tokenOut
  const columns = [
    { title: '' },
    { title: 'out', unit, align: 'point' },
    { title: 'gas', unit: 'units', align: 'right' },
    { title: 'net of gas', unit, align: 'point' },
    { title: 'against the split', unit: 'bp', align: 'right' },
  ] as const
  const rows = [ours, old, ...single].sort(byNet).map((offer): Cell[] => {
    const { name, out, gasUsed, net } = offer
    const label = offer === ours ? { text: 'the split, as done', style: 'bold' as const } : name
    return [label, out, grouped(gasUsed), net, offer === ours ? null : gapInBps(offer, ours)]
  })
  terminal.write(formatTable(terminal, columns, rows))
  const gasPrice = quotient(split.gasCost, String(split.gasUsed), 18) ?? '0'
  const note = `Gas of a leg is what the split's leg there used, at the ${gwei(gasPrice)} gwei that the split paid.`
  terminal.write(terminal.paint('dim', `\n  ${note}\n`))
  terminal.write(verdict(terminal.paint, split, ours, { name: `${best.name}, the best venue`, offer: best }))
  terminal.write(verdict(terminal.paint, split, ours, { name: 'the split in proportion to quotes', offer: old }))
}

function byNet(one: Offer, other: Offer): number {
  return difference(one.net, other.net).startsWith('-') ? 1 : -1
}

function gapInBps(offer: Offer, base: Offer): string {
  return signed(basisPoints(difference(offer.net, base.net), base.net) ?? '0')
}

function verdict(
  paint: Stage['terminal']['paint'],
  { tokenOut }: TradeStatus,
  ours: Offer,
  { name, offer }: { name: string; offer: Offer },
): string {
  const gain = difference(ours.net, offer.net)
  const isLoss = gain.startsWith('-')
  const sentence = `${signed(rounded(gain, 6))} ${tokenOut} (${gapInBps(ours, offer)} bp) net of gas against ${name}.`
  return `  ${paint(isLoss ? 'yellow' : 'green', sentence)}\n`
}

/** What gas is worth in the token that was bought, at the split's own gas price and price. */
function gasInOutput({ gasUsed, gasCost, amountIn, amountOut }: TradeStatus, gas: number): string {
  const wei = (BigInt(parseAmount(gasCost, 18)) * BigInt(gas)) / BigInt(gasUsed)
  const out = (wei * BigInt(parseAmount(amountOut, 6))) / BigInt(parseAmount(amountIn, 18))
  return formatAmount(`${out}`, 6)
}

function gwei(ether: string): string {
  return quotient(ether, '0.000000001', 3) ?? '0'
}
