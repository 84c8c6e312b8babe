import { type CallShape, shapeMarks } from '../domain/callShape.ts'
import { type Hex, lowerHex } from '../domain/hex.ts'
import type { TransactionFields } from './encodeTransaction.ts'

/** Neighbouring digits of a shape that depend on the same thing. */
interface Run {
  readonly start: number
  readonly end: number
  readonly marks: string
}

/** Shapes that have their marks in the same places: what a call has in these is read once for all of them. */
interface Layout {
  readonly length: number
  readonly runs: readonly Run[]
  /** Whether native coin may go with the call, by the text of the shape. */
  readonly payable: Map<string, boolean>
}

const { wallet: walletMark, tokenIn: tokenInMark, tokenOut: tokenOutMark } = shapeMarks

/**
 * Tells the calls that have one of these shapes, to the digit, from all others. Takes microseconds, however many they are.
 *
 * @param tokens - What may stand where a shape has a token. Lower case.
 *
 * @example
 * const isShaped = matchShapes(shapes, new Set([usdc]))
 * isShaped(wallet, { to: router, data, value: 0n }) // true
 */
export function matchShapes(
  shapes: readonly CallShape[],
  tokens: ReadonlySet<Hex>,
): (wallet: Hex, call: Pick<TransactionFields, 'to' | 'data' | 'value'>) => boolean {
  const layouts = layoutsOf(shapes)
  return (wallet, { to, data, value }) =>
    (layouts.get(to) ?? []).some(({ length, runs, payable }) => {
      if (data.length !== length) return false
      const text = textOf(runs, data, wallet, tokens)
      const isPayable = text === undefined ? undefined : payable.get(text)
      return isPayable === true || (isPayable === false && value === 0n)
    })
}

function layoutsOf(shapes: readonly CallShape[]): ReadonlyMap<Hex, readonly Layout[]> {
  const known = new Map<string, Layout>()
  const byContract = new Map<Hex, Layout[]>()
  for (const shape of shapes) {
    const [to, text] = [lowerHex(shape.to), lowerHex(shape.text)]
    const name = to + text.replace(/[0-9a-f]/g, '0')
    const layout = known.get(name) ?? { length: text.length, runs: runsOf(text), payable: new Map() }
    if (!known.has(name)) byContract.set(to, [...(byContract.get(to) ?? []), layout])
    known.set(name, layout)
    layout.payable.set(text, shape.payable || layout.payable.get(text) === true)
  }
  return byContract
}

function runsOf(text: string): Run[] {
  const runs = text.matchAll(/([^0-9a-fx])\1*/g)
  return [...runs].map(({ index, 0: marks }) => ({ start: index, end: index + marks.length, marks }))
}

/** The text of the one shape that the call may have; undefined where it has no shape of this layout. */
function textOf(runs: readonly Run[], data: Hex, wallet: Hex, tokens: ReadonlySet<Hex>): string | undefined {
  const addresses = new Map<string, Hex>([[walletMark, wallet]])
  const parts: string[] = []
  let place = 0
  for (const { start, end, marks } of runs) {
    parts.push(data.slice(place, start), marks)
    place = end
    const mark = marks.charAt(0)
    if (mark === shapeMarks.any) continue
    const address: Hex = `0x${data.slice(start, end)}`
    if ((mark === tokenInMark || mark === tokenOutMark) && !tokens.has(address)) return undefined
    // The same mark is the same address throughout.
    if ((addresses.get(mark) ?? address) !== address) return undefined
    addresses.set(mark, address)
  }
  parts.push(data.slice(place))
  return parts.join('')
}
