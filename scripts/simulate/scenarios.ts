/** The scenarios that must arise over the seeds of a run, by their number in the list of scenarios. */
export const scenarios = {
  '1 killed while preparing': 1,
  '2 reply lost': 2,
  '2 killed before the reply was noted': 2,
  '3 killed around a bump': 3,
  '4 endpoints disagree': 4,
  '5 foreign transaction': 5,
  '5 foreign transaction gone again': 5,
  '6 reorg drops a transaction': 6,
  '6 reorg mines it elsewhere': 6,
  '6 reorg mines another attempt': 6,
  '6 reorg turns the result round': 6,
  '7 one stuck, others behind it': 7,
  '8 price above the ceiling': 8,
  '9 cancellation loses': 9,
  '10 second process refused': 10,
  '10 late signature': 10,
  '10 backup restored': 10,
  '11 signer dies': 11,
  '12 disk refuses': 12,
  '13 more orders than places': 13,
  '14 several legs': 14,
  '14 limit used up': 14,
  '14 limit used up by several trades': 14,
  '14 order cut by a limit': 14,
  '14 limit leaves nothing': 14,
  '14 all room is back': 14,
  '15 gas budget stops a leg': 15,
  '15 loss budget used up': 15,
  '16 split again': 16,
  '16 split again and filled': 16,
  '16 killed between two splits': 16,
  '17 unwound': 17,
  '17 not unwound': 17,
  '17 minimum missed': 17,
  '17 minimum out of reach': 17,
} as const

export type Scenario = keyof typeof scenarios

/** How often each arose. */
export interface Scenarios {
  note(scenario: Scenario): void
  counts(): ReadonlyMap<Scenario, number>
}

export function tallyScenarios(): Scenarios {
  const counts = new Map<Scenario, number>()
  return {
    note: (scenario) => void counts.set(scenario, (counts.get(scenario) ?? 0) + 1),
    counts: () => counts,
  }
}
