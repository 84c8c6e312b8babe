import { afterAll, beforeAll, expect, test } from 'vitest'
import { firstAndLast, playEach } from './killing.ts'
import { openTheatre, play, type Scenario, type Theatre } from './play.ts'
import * as scenarios from './scenarios.ts'

let theatre: Theatre
beforeAll(async () => {
  theatre = await openTheatre()
})
afterAll(() => theatre.close())

/** Writes, and what cannot be taken back. */
const grave = /^(store\.commit|signer\.sign|chain\.broadcast) /
const killedAt = new Set<string>()
const passed = new Set<string>()

for (const scenario of [scenarios.nativeSale, scenarios.tokenSale] satisfies Scenario[]) {
  test(`${scenario.name} survives SIGKILL on both sides of every call`, { timeout: 600_000 }, async () => {
    const { counts } = await play(theatre, scenario)
    const points = Object.keys(counts).filter((point) => !point.startsWith('enter '))
    const kills = points.flatMap((point) => firstAndLast(counts, point))

    const killing = await playEach(
      theatre,
      scenario,
      kills.map((kill) => [kill]),
    )

    expect(killing.faults).toEqual([])
    expect(points.filter((point) => !killing.killedAt.has(point))).toEqual([])
  })
}
