import type { Hex } from '../domain/hex.ts'
import type { Chain } from './chain.ts'

/** A place in the chain that may yet be orphaned. */
export interface Place {
  readonly blockNumber: number
  readonly blockHash: Hex
}

/** Who waits for a place to be deep enough. */
export interface DepthWatch {
  /** Calls back once: the place is `confirmations` deep (its own block is 1), or it is not part of the chain any more. */
  whenDeep(place: Place, confirmations: number, callback: (outcome: Outcome) => void): () => void
  /** The followed chain has changed: looks at everybody who waits. */
  review(): void
  /** A reorg: what was asked of older blocks may not hold any more. */
  forgetOlder(): void
}

type Outcome = 'deep' | 'orphaned'

/** What is known of the followed chain. */
export interface Followed {
  /** Told of a place that is not part of the chain any more, before whoever waits for it. */
  onOrphan(place: Place): void
  tipNumber(): number
  /** Undefined for a block older than what is followed, or above the tip. */
  hashAt(number: number): Hex | undefined
}

interface Waiter {
  readonly place: Place
  readonly confirmations: number
  readonly callback: (outcome: Outcome) => void
  /** An endpoint had another block there, once: it may be one that lags behind a reorg. */
  isDoubted: boolean
}

/**
 * Watches places against the followed chain; those older than it are asked for, once for all that wait for a block.
 *
 * @param later - Calls back after a while: for what is doubted, and asked once more.
 */
export function openDepthWatch(
  followed: Followed,
  chain: Pick<Chain, 'block'>,
  onTrouble: (error: unknown) => void,
  later: (callback: () => void) => void,
): DepthWatch {
  const waiters = new Set<Waiter>()
  let older = new Map<number, Promise<Hex | null>>()

  function consider(waiter: Waiter): void {
    const { blockNumber } = waiter.place
    const known = followed.hashAt(blockNumber)
    if (known === undefined && blockNumber <= followed.tipNumber()) void askOlder(waiter)
    else judge(waiter, known)
  }

  function judge(waiter: Waiter, hash: Hex | undefined): void {
    const { place, confirmations } = waiter
    if (hash !== place.blockHash) {
      followed.onOrphan(place)
      settle(waiter, 'orphaned')
    } else if (followed.tipNumber() - place.blockNumber + 1 >= confirmations) settle(waiter, 'deep')
  }

  function settle(waiter: Waiter, outcome: Outcome): void {
    if (waiters.delete(waiter)) waiter.callback(outcome)
  }

  async function askOlder(waiter: Waiter): Promise<void> {
    const { blockNumber } = waiter.place
    const asked = older
    try {
      const answer = asked.get(blockNumber) ?? chain.block(blockNumber).then((block) => block?.hash ?? null)
      asked.set(blockNumber, answer)
      const hash = await answer
      // Absence proves nothing, and neither does an answer from before a reorg: the next head asks again. What does not fit is
      // asked once more as well, and not kept: else one wrong answer would hold for ever.
      if (hash !== waiter.place.blockHash) asked.delete(blockNumber)
      if (hash === null || asked !== older) return
      const isNews = hash !== waiter.place.blockHash && !waiter.isDoubted
      waiter.isDoubted = hash !== waiter.place.blockHash
      if (!isNews) return judge(waiter, hash)
      later(() => {
        if (waiters.has(waiter)) consider(waiter)
      })
    } catch (error) {
      asked.delete(blockNumber)
      onTrouble(error)
    }
  }

  return {
    whenDeep(place, confirmations, callback) {
      const waiter: Waiter = { place, confirmations, callback, isDoubted: false }
      waiters.add(waiter)
      consider(waiter)
      return () => void waiters.delete(waiter)
    },
    review() {
      for (const waiter of [...waiters]) consider(waiter)
    },
    forgetOlder() {
      older = new Map()
    },
  }
}
