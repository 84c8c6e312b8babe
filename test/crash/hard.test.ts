import { expect, test } from 'vitest'
import * as scenarios from './hardScenarios.ts'
import { playEach } from './killing.ts'
import type { Kill } from './plan.ts'
import { type Outcome, play, type Scenario, useTheatre } from './play.ts'

const theatre = useTheatre()

/** Each with the states whose last entry is the moment, and with the number of a signature that is more than a first one. */
const casts: readonly { scenario: Scenario; states: readonly string[]; nth: number }[] = [
  { scenario: scenarios.outbidSale('geth'), states: ['submitted.bumping', 'submitted.broadcasting'], nth: 4 },
  { scenario: scenarios.outbidSale('reth'), states: ['submitted.bumping', 'confirming'], nth: 5 },
  { scenario: scenarios.outbidApproval, states: ['submitted.bumping'], nth: 7 },
  { scenario: scenarios.lostRace, states: ['submitted.cancelling', 'submitted.pending', 'confirming'], nth: 4 },
  { scenario: scenarios.reorgedSale(3), states: ['confirming', 'submitted.broadcasting', 'submitted.pending'], nth: 3 },
  { scenario: scenarios.gapSale, states: ['submitted.broadcasting', 'submitted.pending', 'confirming'], nth: 1 },
  { scenario: scenarios.vanishedSale, states: ['submitted.bumping', 'submitted.broadcasting'], nth: 4 },
]

for (const { scenario, states, nth } of casts) {
  test(`${scenario.name} survives SIGKILL around all that matters`, { timeout: 300_000 }, async () => {
    const rehearsal = await play(theatre(), scenario)
    const kills = [...stateKills(rehearsal, states), ...graveKills(rehearsal, nth)]

    const killing = await playEach(theatre(), scenario, kills)

    expect([...rehearsal.violations, ...killing.faults]).toEqual([])
    expect(rehearsal.trades.map(({ status }) => status.outcome)).toEqual(['filled'])
    expect([...killing.killedAt].some((point) => point.startsWith('chain.broadcast'))).toBe(true)
  })
}

for (const depth of [1, 2]) {
  const scenario = scenarios.reorgedSale(depth)
  test(`${scenario.name} survives SIGKILL as it confirms`, { timeout: 120_000 }, async () => {
    const rehearsal = await play(theatre(), scenario)
    const killing = await playEach(theatre(), scenario, stateKills(rehearsal, ['confirming']))

    expect([...rehearsal.violations, ...killing.faults]).toEqual([])
  })
}

function stateKills({ counts }: Outcome, states: readonly string[]): Kill[] {
  return states.flatMap((state): Kill[] => [
    { at: `enter ${state}`, nth: counts[`enter ${state}`] ?? 1 },
    { saved: state },
  ])
}

/** Around what cannot be taken back: the signature with this number, and the last time that bytes went out. */
function graveKills({ counts }: Outcome, nth: number): Kill[] {
  const sign = ['before', 'after'].map((side) => ({ at: `signer.sign ${side}`, nth }))
  const send = ['before', 'during', 'after'].map((side) => ({ at: `chain.broadcast ${side}`, nth }))
  const last = (at: string): Kill[] => (counts[at] === undefined ? [] : [{ at, nth: counts[at] }])
  return [...sign, ...send, ...last('chain.broadcast during'), ...last('store.commit during')]
}
