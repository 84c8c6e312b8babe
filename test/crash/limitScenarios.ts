import { sellBefore } from '../support/trading.ts'
import type { Scenario } from './play.ts'

// Scenarios in which trades share limits, or are split again because somebody else was faster on one of the venues.

/** Two trades that ask for more than either limit leaves: for the one together, for the other one after the other. */
export const limitedSales: Scenario = {
  name: 'a pair of sales that compete for one limit',
  limits: [
    { token: 'ETH', amount: '9' },
    { token: 'ETH', window: { seconds: 3_600, amount: '10' } },
  ],
  orders: ['a', 'b'].map((tradeId) => ({ tradeId, pair: 'ETH/USDC', amount: '6' })),
}

/** Before the first block somebody sells so much on Uniswap V2 that no swap there can keep its bound. */
const outrun: NonNullable<Scenario['stage']> = async ({ world }) => {
  let isFirst = true
  return {
    async beforeBlock() {
      if (!isFirst) return
      isFirst = false
      await sellBefore(world, '200')
    },
  }
}

const sale = { tradeId: 'sale', pair: 'ETH/USDC', amount: '60' }

/** What failed is split again over the two venues left. */
export const reallocatedSale: Scenario = {
  name: 'a sale that is split again',
  config: { retryAttempts: 0, maxSlippage: '0.2' },
  orders: [{ ...sale, fillPolicy: 'reallocate' }],
  stage: outrun,
}

/** What the two other venues gave is sold back, behind an approval on each. */
export const unwoundSale: Scenario = {
  name: 'a sale that is unwound',
  config: { retryAttempts: 0, maxSlippage: '0.02' },
  orders: [{ ...sale, fillPolicy: 'unwind' }],
  stage: outrun,
}
