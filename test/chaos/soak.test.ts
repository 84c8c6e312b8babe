import { expect, test } from 'vitest'
import { summary, total } from './report.ts'
import { soak } from './soak.ts'

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

test('a soak finds a restart that takes a new nonce in place of what it had sent', { timeout: 120_000 }, async () => {
  const kills = { faultsMs: 20_000, killMs: 1_000, settleMs: 10_000 }

  const { violations } = await soak({ seed, trades: 40, ...kills, fault: 'forgottenAttempts' })

  expect(violations).toContainEqual(expect.stringMatching(/^At most once: .* (succeeded \d+ times|was never mined)/))
})
