import { amountAt, type Curve, levelBits, type Stretch, shapeBits } from './curve.ts'
import { total } from './integers.ts'

/** Where a stretch of one of the curves begins or ends, in the order of levels. */
export interface Step {
  readonly level: bigint
  /** Its curve's place among the curves. */
  readonly curve: number
  readonly stretch: Stretch
  readonly kind: 'begins' | 'ends' | 'whole'
}

/** How an amount is spread. */
export interface Filling {
  /** For each curve, in the order's units. They add up to the amount, or to all that the curves can take, but for rounding. */
  readonly shares: readonly bigint[]
  /** The level that all stand at; null where the curves cannot take more. */
  readonly level: bigint | null
  /** Where it ended: a filling of fewer curves can go on from there, since each of them takes at least as much. */
  readonly end: Start
}

/** Where on the steps a filling begins. */
export interface Start {
  /** The place of the first step that counts. */
  readonly step: number
  /** What each curve has taken by stretches that are used up. */
  readonly taken: readonly bigint[]
  /** The stretches that are being taken, and their curves. */
  readonly open: ReadonlyMap<Stretch, number>
}

/**
 * All beginnings and ends of the curves' stretches by their level: what `fill` walks along. Made once for any number of fillings.
 *
 * @example
 * stepsOf([poolCurve(pool, { side: 'sell', cap: 100n, trustPpm: 1_000_000n })]).map(({ kind }) => kind) // ['begins', 'ends']
 */
export function stepsOf(curves: readonly Curve[]): Step[] {
  const steps = curves.flatMap(({ stretches }, curve) =>
    stretches.flatMap((stretch): Step[] => {
      if (stretch.slope === 0n) return [{ level: stretch.enters, curve, stretch, kind: 'whole' }]
      return [
        { level: stretch.enters, curve, stretch, kind: 'begins' },
        { level: stretch.leaves, curve, stretch, kind: 'ends' },
      ]
    }),
  )
  return steps.sort((a, b) => (a.level < b.level ? -1 : a.level > b.level ? 1 : 0))
}

/**
 * Spreads an amount over curves so that their marginal prices are equal, but for those that are at an end: the split that gains
 * most, since each curve's price only worsens. Water rises over all curves alike, from step to step; between two steps the
 * level follows from the amount in closed form, μ = (X − Σ taken + Σ shifts) / Σ slopes.
 *
 * @param amount - In the order's units.
 * @param isOpen - Which curves take part, by their place.
 * @param start - Where a filling of the same amount ended in which at least these took part; without it, from the first step on.
 *
 * @example
 * fill(30n, stepsOf(curves), [true, true]).shares // [10n, 20n] where the second is twice as deep
 */
export function fill(amount: bigint, steps: readonly Step[], isOpen: readonly boolean[], start?: Start): Filling {
  const taken = isOpen.map((isIn, curve) => (isIn ? (start?.taken[curve] ?? 0n) : 0n))
  const open = new Map([...(start?.open ?? [])].filter(([, curve]) => isOpen[curve]))
  // What is left for the open stretches, and their sums.
  let left = amount - total(taken)
  let slopes = total([...open.keys()].map(({ slope }) => slope))
  let shifts = total([...open.keys()].map(({ shift }) => shift))
  const stopAt = (level: bigint, step: number, last?: { curve: number; units: bigint }): Filling => {
    const shares = [...taken]
    const take = (curve: number, units: bigint) => {
      shares[curve] = (shares[curve] ?? 0n) + units
    }
    for (const [stretch, curve] of open) take(curve, amountAt(stretch, level))
    if (last !== undefined) take(last.curve, last.units)
    return { shares, level, end: { step, taken, open } }
  }
  for (let place = start?.step ?? 0; place < steps.length; place += 1) {
    const step = steps[place]
    if (step === undefined || isOpen[step.curve] !== true) continue
    const { level, curve, stretch, kind } = step
    const wanted = (left << shapeBits) + shifts
    const reached = (slopes * level) >> levelBits
    if (slopes > 0n && reached >= wanted) return stopAt((wanted << levelBits) / slopes, place)
    if (kind === 'begins') {
      open.set(stretch, curve)
      slopes += stretch.slope
      shifts += stretch.shift
      continue
    }
    // Where reserves are huge one level is worth many units, and more may be taken by now than there was.
    const roomLeft = wanted > reached ? (wanted - reached) >> shapeBits : 0n
    const room = kind === 'whole' ? roomLeft : stretch.length
    if (kind === 'ends') {
      open.delete(stretch)
      slopes -= stretch.slope
      shifts -= stretch.shift
    } else if (room <= stretch.length) return stopAt(level, place, { curve, units: room })
    taken[curve] = (taken[curve] ?? 0n) + stretch.length
    left -= stretch.length
    if (left <= 0n && open.size === 0) return stopAt(level, place + 1)
  }
  return { shares: taken, level: null, end: { step: steps.length, taken, open } }
}
