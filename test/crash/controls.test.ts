import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Fault, Kill } from './plan.ts'
import { openTheatre, play, type Scenario, type Theatre } from './play.ts'
import { nativeSale, stuckSale } from './scenarios.ts'

let theatre: Theatre
beforeAll(async () => {
  theatre = await openTheatre()
})
afterAll(() => theatre.close())

/** The oracle can be relied on only as far as it finds what is wrong. */
const controls: readonly { fault: Fault; means: string; finds: RegExp; scenario: Scenario; kills: Kill[] }[] = [
  {
    fault: 'lateCommit',
    means: 'a store that says too early that it has written',
    finds: /^Recorded first/,
    scenario: nativeSale,
    kills: [{ at: 'enter submitted.pending', nth: 1 }],
  },
  {
    fault: 'lostCommit',
    means: 'a store that loses its last commit',
    finds: /^At most once: 0x\w+ \(nonce \d+\) belongs to 0 legs/,
    scenario: stuckSale,
    kills: [{ at: 'enter submitted.pending', nth: 3 }],
  },
  {
    fault: 'forgottenAttempts',
    means: 'a restart that takes a new nonce in place of the recorded attempt',
    finds: /^At most once: .* succeeded 2 times/,
    scenario: nativeSale,
    kills: [{ at: 'enter submitted.pending', nth: 3 }],
  },
]

for (const { fault, means, finds, scenario, kills } of controls) {
  test(`the oracle finds ${means}`, { timeout: 120_000 }, async () => {
    const { violations } = await play(theatre, scenario, { kills, fault })

    expect(violations).toContainEqual(expect.stringMatching(finds))
  })
}
