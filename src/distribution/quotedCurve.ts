import type { Side } from '../domain/swap.ts'
import { millionths } from './constantProduct.ts'
import { bend, type Curve, type CurveOptions, line, type Stretch, shapeBits } from './curve.ts'
import { lesser } from './integers.ts'

/** What a venue quotes for an amount: `gain` is the output when selling; when buying the input, below zero. Base units. */
export interface Point {
  readonly amount: bigint
  readonly gain: bigint
}

/** Between two points of the hull. */
interface Chord {
  readonly from: Point
  /** Base units, both above zero: what is taken along it, and the output or input of that. */
  readonly amount: bigint
  readonly gain: bigint
  /** The same as doubles. The shape between two quotes is an estimate whatever it is computed with, so that these will do for it. */
  readonly width: number
  readonly height: number
}

/** With what happens in between. */
interface Segment extends Chord {
  /** By how much the root of the price changes along it, less one, in `shapeBits`. Zero where the price stays. */
  readonly bend: bigint
}

const whole = 1n << shapeBits
const scale = Number(whole)

/** A root of the price that changes by less than this along a segment does not change. */
const changeMin = 1e-6
/** One that changes by more than this has hit the end of the liquidity. */
const changeMax = 1e9

/**
 * The curve of a venue that is known by its quotes alone: their upper concave hull, where the gain is below zero when buying,
 * so that it is the lower convex hull of what is paid.
 *
 * Between two points of the hull the curve is taken to be one of constant product, which all concentrated liquidity is between
 * two ticks: along it the mean price is the geometric mean of the prices at its ends. The price at a point is that of the
 * curve of constant product through it and its neighbours. Where that is wrong, the curve still goes through all its points.
 *
 * @returns Null where no point is of use.
 *
 * @example
 * quotedCurve([{ amount: 100n, gain: 90n }], { side: 'sell', cap: 50n, trustPpm: 1_000_000n })?.gain(50n) // 45n
 */
export function quotedCurve(points: readonly Point[], { side, cap, trustPpm }: CurveOptions): Curve | null {
  const trusted = ({ amount, gain }: Point) => ({ amount, gain: (gain * trustPpm) / millionths })
  const segments = segmentsOf(hullOf(trustPpm === millionths ? points : points.map(trusted), side), side)
  const last = segments.at(-1)
  if (last === undefined || cap <= 0n) return null
  const end = last.from.amount + last.amount
  const reach = lesser(cap, end)
  return {
    reach,
    stretches: segments.flatMap((segment) => {
      const left = reach - segment.from.amount
      return left > 0n ? [stretchOf(segment, lesser(left, segment.amount), side)] : []
    }),
    gain(amount) {
      const segment = segments.findLast(({ from }) => from.amount < amount)
      return segment === undefined ? 0n : segment.from.gain + gainWithin(segment, amount - segment.from.amount, side)
    },
  }
}

/**
 * The points of the upper concave hull from nothing on, in ascending order, up to where more brings nothing more.
 *
 * @example
 * hullOf([{ amount: 1n, gain: 1n }, { amount: 2n, gain: 4n }], 'sell') // only 0 and the second
 */
export function hullOf(points: readonly Point[], side: Side): Point[] {
  const hull: Point[] = [{ amount: 0n, gain: 0n }]
  const ascending = points
    .filter(({ amount, gain }) => amount > 0n && (side === 'sell' ? gain > 0n : gain < 0n))
    .sort((a, b) => (a.amount < b.amount ? -1 : 1))
  for (const point of ascending) {
    while (hull.length > 1 && !isAbove(hull.at(-1), hull.at(-2), point)) hull.pop()
    hull.push(point)
  }
  if (side === 'buy') return hull
  const peak = hull.findIndex(({ gain }, index) => gain >= (hull[index + 1]?.gain ?? 0n) && index > 0)
  return hull.slice(0, peak === -1 ? hull.length : peak + 1)
}

/** Whether a point lies above the line from the one before to the next. */
function isAbove(point: Point | undefined, before: Point | undefined, next: Point): boolean {
  if (point === undefined || before === undefined) return true
  const toPoint = (point.gain - before.gain) * (next.amount - before.amount)
  return toPoint > (next.gain - before.gain) * (point.amount - before.amount)
}

function segmentsOf(hull: readonly Point[], side: Side): Segment[] {
  const chords = hull.slice(1).map((point, index): Chord => {
    const from = hull[index] ?? point
    const amount = point.amount - from.amount
    const gain = side === 'sell' ? point.gain - from.gain : from.gain - point.gain
    return { from, amount, gain, width: Number(amount), height: Number(gain) }
  })
  const inner = chords.slice(1).map((chord, index) => priceBetween(chords[index] ?? chord, chord, side))
  return chords.map((chord, index) => {
    const mean = chord.height / chord.width
    const [start, end] = [inner[index - 1], inner[index]]
    // The straighter of what its two ends want, or two neighbours would overlap in price, and the curve would not be concave.
    const falls = [
      (start ?? mean) / (start === undefined ? (end ?? mean) : mean),
      (end === undefined ? (start ?? mean) : mean) / (end ?? mean),
    ]
    const fall = Math.min(...falls.map((one) => (side === 'sell' ? one : 1 / one)))
    const change = Math.min(fall - 1, changeMax)
    return { ...chord, bend: change > changeMin ? BigInt(Math.round(change * scale)) : 0n }
  })
}

/** The price at the point between two chords, on the curve of constant product through the three points. */
function priceBetween(left: Chord, right: Chord, side: Side): number {
  const [before, after] = [left.height / left.width, right.height / right.width]
  if (side === 'sell') return (before * right.height + after * left.height) / (left.height + right.height)
  return (left.width + right.width) / (right.width / before + left.width / after)
}

/** With k for the bend, h for the amount and d for the gain: d·u·(1 + k) / (h + k·u) when selling, d·u / (h + k·(h − u)) when buying. */
function gainWithin({ amount, gain, bend: k }: Segment, taken: bigint, side: Side): bigint {
  if (side === 'sell') return (gain * taken * (whole + k)) / (amount * whole + k * taken)
  return -((gain * taken * whole) / (amount * whole + k * (amount - taken)))
}

/** As of a pool: the slope is √(d·h·(1 + k)) / k, the shift h / k when selling and −h·(1 + k) / k when buying. */
function stretchOf({ amount, gain, width, height, bend: k }: Segment, length: bigint, side: Side): Stretch {
  if (k === 0n) return line(length, { amount, gain, side })
  const change = Number(k) / scale
  const slope = BigInt(Math.round((Math.sqrt(width * height * (1 + change)) / change) * scale))
  const numerator = side === 'sell' ? amount * whole : -amount * (whole + k)
  return bend({ length, slope, shift: (numerator << shapeBits) / k })
}
