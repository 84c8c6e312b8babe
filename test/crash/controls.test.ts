import { expect, test } from 'vitest'
import type { Sent } from '../support/gate.ts'
import type { Evidence } from '../support/oracleLedger.ts'
import type { Fault, Kill } from './plan.ts'
import { play, type Scenario, useTheatre } from './play.ts'
import { nativeSale, stuckSale } from './scenarios.ts'

const theatre = useTheatre()

const seedsMax = 5

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
    // So small that it does not move the price beyond the second swap's limit.
    scenario: { ...nativeSale, orders: [{ tradeId: 'small', pair: 'ETH/USDC', amount: '0.01' }] },
    // It is a single leg.
    kills: [{ at: 'enter submitted.pending', nth: 1 }],
  },
]

for (const { fault, means, finds, scenario, kills } of controls) {
  test(`the oracle finds ${means}`, { timeout: 120_000 }, async () => {
    const found: string[] = []
    // By chance a fault may do no harm: the same bytes may be signed again.
    for (let seed = 1; seed <= seedsMax && !found.some((one) => finds.test(one)); seed += 1) {
      const { violations } = await play(theatre(), scenario, { kills, fault, seed })
      found.push(...violations)
    }

    expect(found).toContainEqual(expect.stringMatching(finds))
  })
}

/** What a runtime with some other fault would leave behind. */
const untruths: readonly { means: string; finds: RegExp; tamper: (evidence: Evidence) => Evidence }[] = [
  {
    means: 'a nonce that was given out and never sent',
    finds: /^No gaps: the lane's mark is 7/,
    tamper: ({ wallets, ...evidence }) => ({ ...evidence, wallets: wallets.map((one) => ({ ...one, laneMark: 7 })) }),
  },
  {
    means: 'a nonce that was used for two legs',
    finds: /^At most once: nonce 1 was used by/,
    tamper: (evidence) => ({ ...evidence, sent: evidence.sent.map((one) => ({ ...one, nonce: 1 })) }),
  },
  {
    means: 'a nonce that never mined',
    finds: /^No gaps: nonce 3 was not mined/,
    tamper: ({ sent, ...evidence }) => ({ ...evidence, sent: sent.flatMap((one) => [one, unmined(one)]) }),
  },
  {
    means: 'an end before its receipt is deep enough',
    finds: /^Only receipts count: .* is not deep enough/,
    tamper: (evidence) => ({ ...evidence, confirmations: 50 }),
  },
  {
    means: 'a fill that is off by one base unit',
    finds: /^Exact: USDC changed by \d+, and by \d+ in the reports/,
    tamper: ({ trades, ...evidence }) => ({
      ...evidence,
      trades: trades.map(({ status, history }) => {
        const legs = status.legs.map((leg, index) => (index > 0 ? leg : { ...leg, amountOut: nudged(leg.amountOut) }))
        return { status: { ...status, legs }, history }
      }),
    }),
  },
  {
    means: 'a sum that is not that of its legs',
    finds: /^Exact: the fills of the legs of sale are not those of the trade/,
    tamper: ({ trades, ...evidence }) => ({
      ...evidence,
      trades: trades.map(({ status, history }) => ({
        status: { ...status, amountOut: nudged(status.amountOut) },
        history,
      })),
    }),
  },
  {
    means: 'a part of the order that went missing',
    finds: /^Exact: the legs of sale and the rest add up to/,
    tamper: ({ trades, ...evidence }) => ({
      ...evidence,
      trades: trades.map(({ status, history }) => ({ status: { ...status, amount: '10.1' }, history })),
    }),
  },
  {
    means: 'more on its way than a limit allows',
    finds: /^Bounded: limits\[0\]\.amount is passed by 10000000000000000000 wei/,
    tamper: (evidence) => ({ ...evidence, limits: [{ token: 'ETH', amount: '9.9' }] }),
  },
  {
    means: 'more sold than a window allows',
    finds: /^Bounded: limits\[0\]\.window is passed by 10000000000000000000 wei/,
    tamper: (evidence) => ({ ...evidence, limits: [{ token: 'ETH', window: { seconds: 60, amount: '9.9' } }] }),
  },
  {
    means: 'a trade that says it was unwound, and was not',
    finds: /^Bounded: sale says UNWOUND, and is NOT_UNWOUND/,
    tamper: ({ trades, ...evidence }) => ({
      ...evidence,
      trades: trades.map(({ status, history }) => {
        const failure = { code: 'UNWOUND', message: '', retryable: false }
        return { status: { ...status, status: 'failed', outcome: null, fillPolicy: 'unwind', failure }, history }
      }),
    }),
  },
  {
    means: 'a split that began before the one before it was over',
    finds: /^At most once: sale\/\S+ left before sale\/\S+ was final/,
    tamper: ({ trades, ...evidence }) => ({
      ...evidence,
      trades: trades.map(({ status, history }) => {
        const again = (legId: string): string => (legId === status.legs[0]?.legId ? `${legId}#1` : legId)
        return {
          status: { ...status, legs: status.legs.map((leg) => ({ ...leg, legId: again(leg.legId) })) },
          history: history.map((entry) =>
            entry.legId === undefined ? entry : { ...entry, legId: again(entry.legId) },
          ),
        }
      }),
    }),
  },
  {
    means: 'a fee above the ceiling',
    finds: /^Bounded: 0x/,
    tamper: (evidence) => ({ ...evidence, ceilings: { call: 1n, cancel: 1n } }),
  },
]

for (const { means, finds, tamper } of untruths) {
  test(`the oracle finds ${means}`, { timeout: 120_000 }, async () => {
    const { violations } = await play(theatre(), nativeSale, { tamper })

    expect(violations).toContainEqual(expect.stringMatching(finds))
  })
}

/** Another last digit. */
function nudged(amount: string | null): string {
  return `${amount?.slice(0, -1)}${(Number(amount?.at(-1)) + 1) % 10}`
}

function unmined(one: Sent): Sent {
  return { ...one, nonce: 3, hash: `0x${'00'.repeat(32)}` }
}
