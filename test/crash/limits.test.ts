import { expect, test } from 'vitest'
import { playEach } from './killing.ts'
import { limitedSales, reallocatedSale, unwoundSale } from './limitScenarios.ts'
import type { Kill } from './plan.ts'
import { type Outcome, play, type Scenario, useTheatre } from './play.ts'

const theatre = useTheatre()

/** What becomes of each where nobody kills it. */
const cases: readonly (readonly [Scenario, ended: readonly object[]])[] = [
  [
    limitedSales,
    [{ outcome: expect.stringMatching('filled|partial') }, { unallocated: expect.stringMatching(/^[1-9]/) }],
  ],
  [reallocatedSale, [{ status: 'done', outcome: 'filled' }]],
  [unwoundSale, [{ status: 'failed', amountOut: '0', failure: expect.objectContaining({ code: 'UNWOUND' }) }]],
]

for (const [scenario, ended] of cases) {
  test(`${scenario.name} survives SIGKILL at every write`, { timeout: 600_000 }, async () => {
    const rehearsal = await play(theatre(), scenario)

    const { faults } = await playEach(theatre(), scenario, writesOf(rehearsal))

    expect([...rehearsal.violations, ...faults]).toEqual([])
    const statuses = rehearsal.trades
      .map(({ status }) => status)
      .sort((a, b) => Number(a.unfilled) - Number(b.unfilled))
    expect(statuses).toMatchObject(ended)
  })
}

/** Each write since it was open, once it is on disk. */
function writesOf({ countsAtOpen, counts }: Outcome): Kill[] {
  const at = 'store.commit after'
  const first = (countsAtOpen[at] ?? 0) + 1
  return Array.from({ length: (counts[at] ?? 0) - first + 1 }, (_, index) => ({ at, nth: first + index }))
}
