import type { Kill } from './plan.ts'
import { play, type Scenario, type Theatre } from './play.ts'

/** What became of a scenario that was killed again and again, each time somewhere else. */
export interface Killing {
  /** Points at which the process ended, without their numbers. */
  readonly killedAt: ReadonlySet<string>
  /** States of legs that were on disk when the process ended. */
  readonly statesOnDisk: ReadonlySet<string>
  /** One line a play that went wrong: where it was killed, and what was found. */
  readonly faults: readonly string[]
}

/** After so many nothing more is learnt. */
const faultsMax = 5

/** Plays a scenario once for each kill, every time in another order of work. */
export async function playEach(
  theatre: Theatre,
  scenario: Scenario,
  kills: readonly (Kill | readonly Kill[])[],
): Promise<Killing> {
  const killedAt = new Set<string>()
  const statesOnDisk = new Set<string>()
  const faults: string[] = []
  for (const [index, kill] of kills.entries()) {
    const plan = [kill].flat()
    if (faults.length >= faultsMax) break
    const seed = index + 1
    try {
      const outcome = await play(theatre, scenario, { kills: plan, seed })
      for (const where of outcome.killed) killedAt.add(where.replace(/ #\d+$/, ''))
      for (const state of outcome.statesOnDisk) statesOnDisk.add(state)
      faults.push(...outcome.violations.map((violation) => `${describe(plan, seed)}: ${violation}`))
    } catch (error) {
      faults.push(`${describe(plan, seed)}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return { killedAt, statesOnDisk, faults }
}

function describe(plan: readonly Kill[], seed: number): string {
  const places = plan.map((kill) => ('at' in kill ? `${kill.at} #${kill.nth}` : `saved ${kill.saved}`))
  return `${places.join(', then ')} (seed ${seed})`
}
