import type { Source } from './sources.ts'

/** What one endpoint says that its chain has come to. */
interface Claim {
  readonly number: number
}

/** Blocks by which an endpoint may be behind the others, since blocks take their time to spread. */
const behindMax = 2
/** Nobody is so many blocks ahead of all others unless it makes them up, or all others stand still. */
const aheadMax = 16
/** Transactions of one wallet that nobody sends within the blocks by which an endpoint may lag. */
const countedAheadMax = 256
/** With so many, what one alone says is not taken from it. */
const quorum = 3

/**
 * The head among those that several endpoints claim: the highest, the earlier of equals. Where three or more answer and the
 * highest is more than 16 blocks above all others, and above what was known before, it is the second highest.
 *
 * @returns undefined where nobody claims any.
 *
 * @example
 * bestHead([{ number: 7 }, { number: 8 }]) // { number: 8 }
 */
export function bestHead<Head extends Claim>(heads: readonly Head[], known = 0): Head | undefined {
  const [first, second] = [...heads].sort((a, b) => b.number - a.number)
  const isMadeUp =
    heads.length >= quorum &&
    first !== undefined &&
    second !== undefined &&
    first.number - Math.max(second.number, known) > aheadMax
  return isMadeUp ? second : first
}

/**
 * Whether an endpoint with this head is so far behind that reads from it would be of another time.
 *
 * @example
 * isBehind(5, 8) // true
 */
export function isBehind(number: number, best: number): boolean {
  return best - number > behindMax
}

/**
 * The transaction count among those that several endpoints have: too low is lag, too high is a lie. So it is the highest,
 * unless it is further above the next than lag explains, or three or more answered and only one of them says so: then the next.
 *
 * @returns undefined where nobody has any.
 *
 * @example
 * agreedCount([7, 8]) // 8
 */
export function agreedCount(counts: readonly number[]): number | undefined {
  const [first, second] = [...counts].sort((a, b) => b - a)
  if (first === undefined || second === undefined) return first
  return counts.length >= quorum || first - second > countedAheadMax ? second : first
}

/**
 * Tells the endpoints that answered how their heads compare with the best.
 *
 * @example
 * noteHeads([{ source, number: 5 }], 8) // the source lags
 */
export function noteHeads(heads: readonly { source: Source; number: number }[], best: number): void {
  for (const { source, number } of heads) {
    const { health } = source
    if (isBehind(number, best) || number - best > aheadMax) health.note({ kind: 'lags' })
    else if (health.standing === 'lagging') health.note({ kind: 'caughtUp' })
  }
}

/** The best head so far. */
export interface HeadMemory {
  /** Below it, by more than an endpoint may lag, an answer is of another time. */
  known(): number
  /** @param isWhole - Everybody who is not down has answered. */
  note(best: number, isWhole: boolean): void
}

/** Polls for which the best head so far stands although every answer is far below it: then it is what must have been wrong. */
const patiencePolls = 60

/**
 * Remembers the best head: an endpoint that stands still must not become the best for being the only one to answer in time.
 *
 * @example
 * const memory = rememberHead()
 * memory.note(100, true)
 * memory.note(7, true)
 * memory.known() // 100
 */
export function rememberHead(): HeadMemory {
  let known = 0
  let below = 0
  return {
    known: () => known,
    note(best, isWhole) {
      below = isBehind(best, known) ? below + 1 : 0
      // Whoever is left, and is not far behind, will do.
      const isClose = isWhole && known - best <= aheadMax
      if (below > 0 && below < patiencePolls && !isClose) return
      known = below > 0 ? best : Math.max(best, known)
      below = 0
    },
  }
}
