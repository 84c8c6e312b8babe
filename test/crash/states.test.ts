import { expect, test } from 'vitest'
import type { AnyStateNode } from 'xstate'
import { legMachine } from '../../machines/legMachine.ts'
import { playEach } from './killing.ts'
import type { Kill } from './plan.ts'
import { play, type Scenario, useTheatre } from './play.ts'
import * as scenarios from './scenarios.ts'

const theatre = useTheatre()

/** What each scenario is about; without a list, every state that a leg comes through in it. */
const casts: readonly (readonly [Scenario, states?: readonly string[]])[] = [
  [scenarios.nativeSale],
  [
    scenarios.tokenSale,
    ['preparing.queued', 'preparing.signing', 'submitted.broadcasting', 'submitted.pending', 'confirming', 'done'],
  ],
  [scenarios.narrowLane, ['preparing.admitting', 'preparing.signing']],
  [scenarios.expiredSale, ['retrying', 'preparing.quoting', 'preparing.signing', 'submitted.broadcasting']],
  [scenarios.dearSale, ['preparing.pricing', 'preparing.holding']],
  [scenarios.stuckSale, ['submitted.bumping', 'submitted.broadcasting', 'submitted.pending', 'confirming']],
  [scenarios.lateSale, ['submitted.cancelling', 'submitted.broadcasting', 'submitted.pending']],
  [
    scenarios.cancelledSale,
    ['preparing.releasing', 'submitted.cancelling', 'submitted.broadcasting', 'submitted.pending', 'failed'],
  ],
  [scenarios.displacedSale, ['submitted.pending', 'retrying', 'submitted.broadcasting']],
]

/**
 * States of which a kill can leave a record; the others are left in the very turn in which they are entered. Pricing is one of these
 * since the trial of the whole trade tells what gas a first try needs.
 */
const lasting = [
  'preparing.admitting',
  'preparing.quoting',
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

const killedIn = new Set<string>()
const resumedFrom = new Set<string>()

for (const [scenario, about] of casts) {
  test(`${scenario.name} survives SIGKILL in every state of a leg`, { timeout: 600_000 }, async () => {
    const { counts, violations } = await play(theatre(), scenario)
    const entered = Object.keys(counts).flatMap((point) => (point.startsWith('enter ') ? [point.slice(6)] : []))
    const states = about ?? entered
    // As it is entered, by the last leg that does so; and once it is on disk.
    const kills = states.flatMap((state): Kill[] => [
      { at: `enter ${state}`, nth: counts[`enter ${state}`] ?? 1 },
      { saved: state },
    ])

    const killing = await playEach(theatre(), scenario, kills)

    expect([...violations, ...killing.faults]).toEqual([])
    for (const point of killing.killedAt) killedIn.add(point.replace(/^(enter|saved) /, ''))
    for (const state of killing.statesOnDisk) resumedFrom.add(state)
  })
}

test('no state of a leg is left out', () => {
  const states = leavesOf(legMachine.root as unknown as AnyStateNode)

  expect([...killedIn].sort()).toEqual(states.sort())
  expect([...resumedFrom]).toEqual(expect.arrayContaining(lasting))
})

function leavesOf(node: AnyStateNode): string[] {
  const children = Object.values(node.states) as AnyStateNode[]
  return children.length === 0 ? [node.path.join('.')] : children.flatMap(leavesOf)
}
