import type { Side } from '../domain/swap.ts'
import { isCount, version } from './bank.ts'
import { type Verdict, verdictOf } from './breaker.ts'
import { millionths } from './constantProduct.ts'
import type { TradeResult } from './distribution.ts'

type LegResult = TradeResult['legs'][number]

/** What a venue's legs on one side of one pair came to. Plain JSON; sums over its last legs, of which old ones fade. */
export interface Lessons {
  readonly version: number
  readonly legs: number
  readonly fills: number
  /** Legs that failed by the venue's fault. */
  readonly faults: number
  readonly retries: number
  /** By how much each fill was worse than its quote, in millionths, added up; below zero where fills were better. */
  readonly slippagePpm: number
  /** Gas units. */
  readonly gasUsed: number
  readonly elapsedMs: number
}

/** How a venue's promises are taken. */
export interface Trust {
  /** What comes of its quotes, in millionths: of the output when selling, of the input when buying. */
  readonly trustPpm: bigint
  /** What a leg costs there, in millionths of its gas. */
  readonly costPpm: bigint
}

/** Beyond so many legs the sums are halved, so that what a venue did long ago fades. */
const legsMax = 128
/** A venue begins with so many legs in which it kept its word: one bad fill proves little. */
const creditLegs = 8
/** However badly fills went, 5 % is the most that is held against a venue or for it. The breaker is there for the rest. */
const slippageMaxPpm = 50_000
/** A venue where most legs fail is not called dearer than this: the breaker rests it. */
const costMaxPpm = 4_000_000

/** A venue that nothing is known of yet is taken at its word. */
export const unknown: Lessons = {
  version,
  legs: 0,
  fills: 0,
  faults: 0,
  retries: 0,
  slippagePpm: 0,
  gasUsed: 0,
  elapsedMs: 0,
}

/** Whether kept lessons can be reckoned with. */
export function isLessons({ slippagePpm, ...counts }: Readonly<Record<keyof Lessons, unknown>>): boolean {
  const names = Object.keys(unknown) as (keyof Lessons)[]
  return Number.isFinite(slippagePpm) && names.every((name) => name === 'slippagePpm' || isCount(counts[name]))
}

/**
 * What is known once a leg has ended. A leg that failed by nobody's fault counts among the legs alone.
 *
 * @example
 * learned(unknown, leg, 'sell').legs // 1
 */
export function learned(lessons: Lessons, leg: LegResult, side: Side): Lessons {
  const before = lessons.legs >= legsMax ? halved(lessons) : lessons
  const verdict: Verdict = verdictOf(leg)
  return {
    ...before,
    legs: before.legs + 1,
    fills: before.fills + (verdict === 'well' ? 1 : 0),
    faults: before.faults + (verdict === 'fault' ? 1 : 0),
    retries: before.retries + leg.retries,
    slippagePpm: before.slippagePpm + (verdict === 'well' ? slippageOf(leg, side) : 0),
    gasUsed: before.gasUsed + leg.gasUsed,
    elapsedMs: before.elapsedMs + leg.elapsedMs,
  }
}

/**
 * How a venue's promises are to be taken when an order is split; what it quotes stays its own.
 *
 * Its output is expected to fall short of the quote by the mean of what it fell short so far: a venue whose price always moves
 * before we are there is worth what it gives, not what it says. And a leg that fails costs its gas for nothing and is tried
 * again, so that a leg costs its gas once for every try that one success takes: 1 / (1 − failure rate).
 *
 * @example
 * trustIn(unknown, 'sell') // { trustPpm: 1000000n, costPpm: 1000000n }
 */
export function trustIn({ fills, faults, slippagePpm }: Lessons, side: Side): Trust {
  const mean = Math.round(slippagePpm / (fills + creditLegs))
  const held = BigInt(Math.max(-slippageMaxPpm, Math.min(slippageMaxPpm, mean)))
  const tries = (fills + faults + creditLegs) / (fills + creditLegs)
  return {
    trustPpm: side === 'sell' ? millionths - held : millionths + held,
    costPpm: BigInt(Math.min(costMaxPpm, Math.round(tries * Number(millionths)))),
  }
}

/** By how much a fill was worse than the quote for what was filled, in millionths. */
function slippageOf({ amount, quoted, filledIn, filledOut }: LegResult, side: Side): number {
  const [given, got] = side === 'sell' ? [BigInt(filledIn), BigInt(filledOut)] : [BigInt(filledOut), BigInt(filledIn)]
  if (BigInt(amount) === 0n) return 0
  const promised = (BigInt(quoted) * given) / BigInt(amount)
  if (promised === 0n) return 0
  const missing = side === 'sell' ? promised - got : got - promised
  const ppm = Number((missing * millionths) / promised)
  return Math.max(-slippageMaxPpm, Math.min(slippageMaxPpm, ppm))
}

function halved(lessons: Lessons): Lessons {
  const { version, ...sums } = lessons
  const halves = Object.entries(sums).map(([name, sum]) => [name, sum / 2])
  return { version, ...(Object.fromEntries(halves) as Omit<Lessons, 'version'>) }
}
