import type { TradeOrder } from '../../src/runtime/accept.ts'

/** Small enough that fifty at once do not move any price by much. Sales and purchases of each pair, so that prices stay. */
const kinds: readonly {
  readonly pair: string
  readonly side: 'sell' | 'buy'
  readonly least: number
  readonly decimals: number
}[] = [
  { pair: 'ETH/USDC', side: 'sell', least: 0.02, decimals: 4 },
  { pair: 'USDC/ETH', side: 'sell', least: 60, decimals: 2 },
  { pair: 'ETH/DAI', side: 'sell', least: 0.02, decimals: 4 },
  { pair: 'DAI/ETH', side: 'sell', least: 60, decimals: 2 },
  { pair: 'ETH/USDC', side: 'buy', least: 0.02, decimals: 4 },
  { pair: 'DAI/USDC', side: 'sell', least: 60, decimals: 2 },
]

/**
 * The order with this number: what it wants depends on the random numbers alone.
 *
 * @example
 * orderFor(1, randomNumbers(7)) // { tradeId: 'soak-1', pair: 'ETH/DAI', side: 'sell', amount: '0.0331' }
 */
export function orderFor(number: number, random: () => number): TradeOrder {
  const kind = kinds[Math.floor(random() * kinds.length)] ?? kinds[0]
  if (kind === undefined) throw new TypeError('There are no kinds of orders.')
  const { pair, side, least, decimals } = kind
  return { tradeId: `soak-${number}`, pair, side, amount: (least * (1 + random())).toFixed(decimals) }
}
