import { type ChildProcess, fork } from 'node:child_process'
import type { Kind } from './kinds.ts'
import type { SeedResult } from './totals.ts'

/** Which seeds are played, and who hears of each. */
export interface Campaign {
  readonly from: number
  /** How many; without an end where it is infinite. */
  readonly count: number
  readonly without: readonly Kind[]
  readonly workers: number
  readonly onResult: (result: SeedResult) => void
  /** True once no further seed is to begin. */
  readonly isOver: () => boolean
}

/** Seeds that a worker is given at once. */
const share = 5

/** Plays seeds in several processes. Resolves when all is played, or when it is over. */
export async function playSeeds(campaign: Campaign): Promise<void> {
  const { from, count, workers } = campaign
  let next = from
  const take = (): number[] => {
    const seeds = Array.from({ length: Math.min(share, from + count - next) }, (_, index) => next + index)
    next += seeds.length
    return seeds
  }
  await Promise.all(Array.from({ length: workers }, () => employ(campaign, take)))
}

function employ({ without, onResult, isOver }: Campaign, take: () => number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker: ChildProcess = fork(new URL('./worker.ts', import.meta.url))
    const dismiss = (): void => {
      worker.removeAllListeners()
      if (worker.connected) worker.disconnect()
      resolve()
    }
    worker.on('message', (message: 'ready' | SeedResult) => {
      if (message !== 'ready') return onResult(message)
      const seeds = isOver() ? [] : take()
      if (seeds.length === 0) dismiss()
      else worker.send({ seeds, without })
    })
    worker.on('exit', (code) => reject(new Error(`A worker ended with code ${code}.`)))
  })
}
