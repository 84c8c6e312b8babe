import { expect, test } from 'vitest'
import { soak, summary, total } from './soak.ts'

// LEGWORK_SOAK_SEED=… draws the same faults again; which requests and blocks they meet depends on the machine.
const seed = Number(process.env.LEGWORK_SOAK_SEED ?? 7)

test(`nothing is lost, doubled or stuck in a soak, seed ${seed}`, { timeout: 300_000 }, async () => {
  const result = await soak({ seed, trades: 20, faultsMs: 20_000, killMs: 2_500, settleMs: 120_000 })

  expect({ seed, violations: result.violations }).toEqual({ seed, violations: [] })
  expect(summary(result)).toMatch(/, lost 0, doubled 0, stuck 0$/)
  expect(result.kills).toBeGreaterThan(2)
  expect(total(result.faults)).toBeGreaterThan(20)
  expect(result.trades).toBeGreaterThanOrEqual(20)
})
