import type { LegStatus, Phase, TradeStatus } from '../index.ts'
import { basisPoints, difference, grouped, price, rounded, seconds, short, signed } from './figures.ts'
import { type Cell, formatTable } from './table.ts'
import type { Style, Terminal } from './terminal.ts'

/** Enough to tell two venues apart. */
const priceFigures = 7
/** Gas is shown to be compared; the exact cost is in the status. */
const gasFigures = 6

/**
 * A trade for people: what it was, a row for each leg with what was paid and received, the totals, and every failure.
 *
 * @example
 * terminal.write(tradeReport(terminal, execution.getExecutionStatus('trade_1')))
 */
export function tradeReport(terminal: Pick<Terminal, 'paint'>, trade: TradeStatus): string {
  const { tokenIn, tokenOut, legs } = trade
  const columns = [
    { title: 'venue' },
    { title: 'status' },
    { title: 'hash' },
    { title: 'in', unit: tokenIn, align: 'point' },
    { title: 'out', unit: tokenOut, align: 'point' },
    { title: 'price', unit: priceUnit(trade), align: 'right' },
    { title: 'slippage', unit: 'bp', align: 'right' },
    { title: 'gas', unit: 'units', align: 'right' },
    { title: 'gas price', unit: 'gwei', align: 'point' },
    { title: 'gas cost', unit: 'ETH', align: 'point' },
  ] as const
  const rows = legs.map((leg) => legRow(trade, leg))
  const table = legs.length === 0 ? '' : `\n${formatTable(terminal, columns, [...rows, totalRow(trade)])}`
  return `${headline(terminal, trade)}\n${table}${rest(trade)}${failures(terminal, trade)}`
}

/**
 * How a status is painted wherever it is shown.
 *
 * @example
 * styleOf('done') // 'green'
 */
export function styleOf(phase: Phase): Style {
  if (phase === 'done') return 'green'
  if (phase === 'failed') return 'red'
  return phase === 'retrying' ? 'yellow' : 'cyan'
}

/** What an order asks for, in words. */
function orderText({ side, amount, tokenIn, tokenOut }: TradeStatus): string {
  return side === 'sell' ? `sell ${amount} ${tokenIn} for ${tokenOut}` : `buy ${amount} ${tokenOut} with ${tokenIn}`
}

function headline({ paint }: Pick<Terminal, 'paint'>, trade: TradeStatus): string {
  const { tradeId, status, state, outcome, startedAtMs, endedAtMs } = trade
  const end = outcome ?? (status === 'failed' ? 'failed' : state)
  const took = endedAtMs === null ? '' : `, ${seconds(endedAtMs - startedAtMs)}`
  const style = outcome === 'partial' ? 'yellow' : styleOf(status)
  return `${paint('bold', tradeId)}  ${orderText(trade)}: ${paint(style, end)}${took}`
}

function legRow(trade: TradeStatus, leg: LegStatus): Cell[] {
  const { gasUsed, gasPrice, gasCost, status, hash, retries } = leg
  const { amountIn, amountOut } = inColumns(leg)
  const again = retries === 0 ? '' : ` (${retries} ${retries === 1 ? 'retry' : 'retries'})`
  return [
    leg.legId,
    { text: `${status}${again}`, style: styleOf(status) },
    hash === null ? null : { text: short(hash), style: 'dim' },
    amountIn,
    amountOut,
    amountIn === null || amountOut === null ? null : priceOf(trade, amountIn, amountOut),
    slippageOf(trade, leg),
    gasUsed === 0 ? null : grouped(gasUsed),
    gasPrice === null ? null : rounded(gasPrice, gasFigures),
    gasUsed === 0 ? null : rounded(gasCost, gasFigures),
  ]
}

/** A leg's amounts under the trade's tokens: what is sold back is taken off again. */
function inColumns({ purpose, amountIn, amountOut }: LegStatus): Pick<LegStatus, 'amountIn' | 'amountOut'> {
  if (purpose === 'fill' || amountIn === null || amountOut === null) return { amountIn, amountOut }
  return { amountIn: difference('0', amountOut), amountOut: difference('0', amountIn) }
}

function totalRow(trade: TradeStatus): Cell[] {
  const { amountIn, amountOut, gasUsed, gasCost } = trade
  return [
    'total',
    null,
    null,
    amountIn,
    amountOut,
    priceOf(trade, amountIn, amountOut),
    null,
    grouped(gasUsed),
    null,
    rounded(gasCost, gasFigures),
  ]
}

/** Of the pair's base token, in its quote token. */
function priceOf({ side }: TradeStatus, amountIn: string, amountOut: string): string | null {
  return side === 'sell' ? price(amountOut, amountIn, priceFigures) : price(amountIn, amountOut, priceFigures)
}

function priceUnit({ pair }: TradeStatus): string {
  return pair.split('/').reverse().join('/')
}

/** How much worse than the quote, in basis points of it. */
function slippageOf({ side }: TradeStatus, { purpose, quoted, amountIn, amountOut }: LegStatus): string | null {
  if (purpose === 'unwind' || quoted === null || amountIn === null || amountOut === null) return null
  return basisPoints(side === 'sell' ? difference(quoted, amountOut) : difference(amountIn, quoted), quoted)
}

function rest(trade: TradeStatus): string {
  const { unallocated, unfilled, exposed, profitAndLoss, side, tokenIn, tokenOut, endedAtMs } = trade
  const [exact, other] = side === 'sell' ? [tokenIn, tokenOut] : [tokenOut, tokenIn]
  const lines = [
    unallocated === '0' ? '' : `  Not allocated to any venue: ${unallocated} ${exact}.\n`,
    endedAtMs === null || unfilled === '0' ? '' : `  Not filled: ${unfilled} ${exact}.\n`,
    exposed === '0' ? '' : `  Left in the wallet: ${exposed} ${tokenOut}.\n`,
    endedAtMs === null || profitAndLoss === null
      ? ''
      : `  Against the first quotes, net of gas: ${signed(profitAndLoss)} ${other}.\n`,
  ].join('')
  return lines === '' ? '' : `\n${lines}`
}

function failures({ paint }: Pick<Terminal, 'paint'>, { failure, legs }: TradeStatus): string {
  const faults = [
    { who: 'trade', failure },
    ...legs.filter(isFailed).map((leg) => ({ who: leg.legId, failure: leg.failure })),
  ]
  const lines = faults.flatMap(({ who, failure: fault }) => {
    if (fault === null) return []
    return [`  ${paint('red', who)}  ${fault.code}: ${fault.message.replaceAll('\n', '\n  ')}\n`]
  })
  return lines.length === 0 ? '' : `\n${lines.join('')}`
}

function isFailed({ status }: LegStatus): boolean {
  return status === 'failed'
}
