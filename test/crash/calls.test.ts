import { expect, test } from 'vitest'
import { playEach } from './killing.ts'
import type { Kill } from './plan.ts'
import { type Outcome, play, type Reactions, type Scenario, useTheatre } from './play.ts'
import * as scenarios from './scenarios.ts'

const theatre = useTheatre()

/** Writes, and what cannot be taken back: killed at their last time, too, and while they are under way. */
const grave = /^(store\.commit|signer\.sign|chain\.broadcast) /

/** Together they make every call that there is. What was killed in one is killed in the next only where it is grave. */
const plays: readonly Scenario[] = [
  scenarios.nativeSale,
  scenarios.tokenSale,
  scenarios.stuckSale,
  scenarios.cancelledSale,
  scenarios.displacedSale,
]
const killedAt = new Set<string>()

for (const scenario of plays) {
  test(`${scenario.name} survives SIGKILL on both sides of every call`, { timeout: 600_000 }, async () => {
    const rehearsal = await play(theatre(), scenario)
    const isNew = ({ at }: { at: string }): boolean => !killedAt.has(at)
    const fresh = openingKills(rehearsal).filter(isNew)
    const kills = callKills(rehearsal).filter(
      ({ at, nth }) => isNew({ at }) || (nth > 1 && isSide(at) && grave.test(at)),
    )

    // Nothing has happened yet when it opens, so that it can be killed there again and again.
    const killing = await playEach(theatre(), scenario, fresh.length > 0 ? [fresh, ...kills] : kills)

    expect([...rehearsal.violations, ...killing.faults]).toEqual([])
    for (const point of killing.killedAt) killedAt.add(point)
    expect(Object.keys(rehearsal.counts).filter((at) => isSide(at) && !killedAt.has(at))).toEqual([])
  })
}

test('a loop of crashes at every call of a restart loses nothing', { timeout: 600_000 }, async () => {
  const sent: Kill = { at: 'enter submitted.pending', nth: 3 }
  const rehearsal = await play(theatre(), scenarios.nativeSale, { kills: [sent] })
  const opening = openingKills(rehearsal)

  const stuck = await play(theatre(), unminedUntilKilled(1 + opening.length), { kills: [sent, ...opening] })
  const later = callKills(rehearsal).filter(({ at }) => !at.includes('.close '))
  const { faults } = await playEach(
    theatre(),
    scenarios.nativeSale,
    later.map((kill) => [sent, kill]),
  )

  expect([...rehearsal.violations, ...stuck.violations, ...faults]).toEqual([])
  expect(stuck.killed).toHaveLength(1 + opening.length)
})

for (const scenario of [scenarios.unheardSale, scenarios.brokenSale]) {
  test(`${scenario.name} is sent once`, { timeout: 120_000 }, async () => {
    const { violations, trades } = await play(theatre(), scenario)

    expect(violations).toEqual([])
    expect(trades.map(({ status }) => status.outcome)).toEqual(['filled'])
  })
}

/** Both sides of each call that is made before the manager is open. */
function openingKills({ countsAtOpen }: Outcome): { at: string; nth: number }[] {
  return Object.keys(countsAtOpen)
    .filter(isSide)
    .map((at) => ({ at, nth: 1 }))
}

/** Both sides of each call that is made after that. */
function callKills({ countsAtOpen, counts }: Outcome): { at: string; nth: number }[] {
  return Object.entries(counts).flatMap(([at, count]) => {
    const before = countsAtOpen[at] ?? 0
    if (count === before || !(isSide(at) || grave.test(at))) return []
    const last = grave.test(at) && count > before + 1 ? [{ at, nth: count }] : []
    return [{ at, nth: before + 1 }, ...last]
  })
}

function isSide(point: string): boolean {
  return point.endsWith(' before') || point.endsWith(' after')
}

/** A sale that stays on the wire through so many kills. */
function unminedUntilKilled(times: number): Scenario {
  return {
    ...scenarios.nativeSale,
    async stage({ miner }): Promise<Reactions> {
      miner.isPaused = true
      let killed = 0
      return {
        onLine({ type }) {
          if (type === 'killed') killed += 1
          miner.isPaused = killed < times
        },
      }
    },
  }
}
