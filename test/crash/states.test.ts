import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AnyStateNode } from 'xstate'
import { legMachine } from '../../machines/legMachine.ts'
import { playEach } from './killing.ts'
import type { Kill } from './plan.ts'
import { openTheatre, play, type Scenario, type Theatre } from './play.ts'
import * as scenarios from './scenarios.ts'

let theatre: Theatre
beforeAll(async () => {
  theatre = await openTheatre()
})
afterAll(() => theatre.close())

const killedIn = new Set<string>()
const resumedFrom = new Set<string>()

/** Where a kill leaves the state on disk; the others are left in the turn in which they are entered. */
const lasting = [
  'preparing.admitting',
  'preparing.quoting',
  'preparing.pricing',
  'preparing.holding',
  'preparing.signing',
  'submitted.broadcasting',
  'submitted.pending',
  'submitted.bumping',
  'submitted.cancelling',
  'confirming',
  'retrying',
  'done',
]

const playable: readonly Scenario[] = Object.values(scenarios)

for (const scenario of playable) {
  test(`${scenario.name} survives SIGKILL in every state of a leg`, { timeout: 600_000 }, async () => {
    const { counts, violations } = await play(theatre, scenario)
    expect(violations).toEqual([])
    const states = Object.keys(counts).flatMap((point) => (point.startsWith('enter ') ? [point.slice(6)] : []))
    const kills = states.flatMap((state): Kill[] => [
      { at: `enter ${state}`, nth: counts[`enter ${state}`] ?? 1 },
      { saved: state },
    ])

    const { killedAt, statesOnDisk, faults } = await playEach(
      theatre,
      scenario,
      kills.map((kill) => [kill]),
    )

    expect(faults).toEqual([])
    for (const point of killedAt) killedIn.add(point.replace(/^(enter|saved) /, ''))
    for (const state of statesOnDisk) resumedFrom.add(state)
  })
}

test('no state of a leg was left out', () => {
  const states = leavesOf(legMachine.root as unknown as AnyStateNode)

  expect([...killedIn].sort()).toEqual(states.sort())
  expect([...resumedFrom].sort()).toEqual(expect.arrayContaining(lasting))
})

function leavesOf(node: AnyStateNode): string[] {
  const children = Object.values(node.states) as AnyStateNode[]
  return children.length === 0 ? [node.path.join('.')] : children.flatMap(leavesOf)
}
