import { type CallShape, shapeMarks } from '../domain/callShape.ts'
import type { Hex } from '../domain/hex.ts'
import type { Side, Swap } from '../domain/swap.ts'
import type { Token } from '../domain/token.ts'
import type { Dex } from './dex.ts'

/** The routes that a venue's quotes may have, by side; undefined for a quote without one. */
type Routes = Readonly<Record<Side, readonly (string | undefined)[]>>

/** All that a call may depend on. `number` stands for amounts, limits and value, `deadlineS` for itself. */
interface Probe {
  readonly wallet: Hex
  readonly tokenIn: Hex | 'native'
  readonly tokenOut: Hex | 'native'
  readonly number: bigint
  readonly deadlineS: number
}

const address = (digit: string): Hex => `0x${digit.repeat(40)}`
const [low, high] = [address('2'), address('c')]
// Other addresses, in the same order: a venue may sort its tokens.
const changed: Readonly<Record<Hex, Hex>> = { [low]: address('3'), [high]: address('d') }

const pairs: readonly Pick<Probe, 'tokenIn' | 'tokenOut'>[] = [
  { tokenIn: low, tokenOut: high },
  { tokenIn: high, tokenOut: low },
  { tokenIn: 'native', tokenOut: low },
  { tokenIn: low, tokenOut: 'native' },
]
const least = { wallet: address('1'), number: 0n, deadlineS: 0 }
const most = { number: 2n ** 256n - 1n, deadlineS: Number.MAX_SAFE_INTEGER }

/**
 * Every form that the calls of a venue's swaps can have.
 *
 * They are found with the encoder itself, so that the two never differ: it is asked for the same swap with one thing changed in
 * all of its digits, and the digits of the call that change with it are those that depend on it. The others never change.
 *
 * @param swapCall - The venue's encoder. The length of what it makes follows from side, route and native coin alone.
 *
 * @example
 * swapShapes(dex.swapCall, { sell: ['500'], buy: ['500'] }).length // 6
 */
export function swapShapes(swapCall: Dex['swapCall'], routes: Routes): readonly CallShape[] {
  const shapes = (['sell', 'buy'] as const).flatMap((side) =>
    routes[side].flatMap((route) => pairs.map((pair) => shapeOf(swapCall, side, route, pair))),
  )
  // Most venues do not sort their tokens.
  return [...new Map(shapes.map((shape) => [shape.text, shape])).values()]
}

function shapeOf(
  swapCall: Dex['swapCall'],
  side: Side,
  route: string | undefined,
  pair: Pick<Probe, 'tokenIn' | 'tokenOut'>,
): CallShape {
  const callOf = (probe: Probe) => {
    const amount = `${probe.number}` as const
    const [tokenIn, tokenOut] = [tokenAt(probe.tokenIn), tokenAt(probe.tokenOut)]
    const swap: Swap = { wallet: probe.wallet, side, amount, tokenIn, tokenOut }
    const quote = route === undefined ? { amount } : { amount, route }
    return swapCall(swap, { quote, limit: amount, deadlineS: probe.deadlineS })
  }
  const base = { ...least, ...pair }
  const { to, data } = callOf(base)
  const largest = callOf({ ...base, ...most })
  const changes = [
    [shapeMarks.any, largest.data],
    [shapeMarks.wallet, callOf({ ...base, wallet: address('e') }).data],
    [shapeMarks.tokenIn, callOf({ ...base, tokenIn: anotherThan(pair.tokenIn) }).data],
    [shapeMarks.tokenOut, callOf({ ...base, tokenOut: anotherThan(pair.tokenOut) }).data],
  ] as const
  const text = data.split('')
  for (const [mark, other] of changes) {
    for (let place = 0; place < data.length; place += 1) if (other[place] !== data[place]) text[place] = mark
  }
  return { to, payable: largest.value !== '0', text: text.join('') as Hex }
}

function tokenAt(place: Hex | 'native'): Token {
  return { symbol: 'TOKEN', address: place, decimals: 18 }
}

function anotherThan(token: Hex | 'native'): Hex | 'native' {
  return token === 'native' ? token : (changed[token] ?? token)
}
