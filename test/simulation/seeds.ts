import { type Scenario, scenarios } from '../../scripts/simulate/scenarios.ts'
import { simulateSeed } from '../../scripts/simulate/simulate.ts'
import { describeFailure, resultOf, startTotals } from '../../scripts/simulate/totals.ts'

/** Seeds of every run of the tests; two files share them, so that two workers do. */
export const seedsOfRun = Number(process.env.LEGWORK_SIMULATE_SEEDS ?? 2_000)

/** Plays seeds one after the other. Returns what is wrong, and which scenarios never arose. */
export async function playSeeds(from: number, count: number): Promise<{ failures: string; missing: Scenario[] }> {
  const totals = startTotals()
  for (let seed = from; seed < from + count; seed += 1) {
    totals.add(resultOf(await simulateSeed(seed, { without: [] })))
  }
  return {
    failures: totals.failed.map(describeFailure).join('\n'),
    missing: (Object.keys(scenarios) as Scenario[]).filter((scenario) => totals.scenarioCount(scenario) === 0),
  }
}
