import { expect, test } from 'vitest'
import { playEach } from './killing.ts'
import type { Kill } from './plan.ts'
import { play, type Scenario, useTheatre } from './play.ts'
import * as scenarios from './scenarios.ts'

const theatre = useTheatre()

/** Writes, and what cannot be taken back. */
const grave = /^(store\.commit|signer\.sign|chain\.broadcast) /

/** Together they make every call that there is. Where one was killed already, the next is only killed at what is grave. */
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
    const { counts, violations } = await play(theatre(), scenario)
    const points = Object.keys(counts).filter((at) => grave.test(at) || isSide(at))
    const kills = points.flatMap((at): Kill[] => {
      const first = killedAt.has(at) ? [] : [{ at, nth: 1 }]
      const count = counts[at] ?? 1
      return grave.test(at) && count > 1 ? [...first, { at, nth: count }] : first
    })

    const killing = await playEach(theatre(), scenario, kills)

    expect([...violations, ...killing.faults]).toEqual([])
    for (const point of killing.killedAt) killedAt.add(point)
    // What comes between two sides may have no time to be killed in.
    expect(points.filter((at) => isSide(at) && !killedAt.has(at))).toEqual([])
  })
}

test('a restart survives SIGKILL on both sides of every call', { timeout: 600_000 }, async () => {
  const first: Kill = { at: 'enter submitted.pending', nth: 3 }
  const { counts, violations } = await play(theatre(), scenarios.nativeSale, { kills: [first] })
  const kills = Object.keys(counts)
    .filter(isSide)
    .map((at): Kill[] => [first, { at, nth: 1 }])

  const { faults } = await playEach(theatre(), scenarios.nativeSale, kills)

  expect([...violations, ...faults]).toEqual([])
})

for (const scenario of [scenarios.unheardSale, scenarios.brokenSale]) {
  test(`${scenario.name} is sent once`, { timeout: 60_000 }, async () => {
    const { violations, trades } = await play(theatre(), scenario)

    expect(violations).toEqual([])
    expect(trades.map(({ status }) => status.outcome)).toEqual(['filled'])
  })
}

function isSide(point: string): boolean {
  return point.endsWith(' before') || point.endsWith(' after')
}
