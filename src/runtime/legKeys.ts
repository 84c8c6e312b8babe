import type { LegOrder } from '../domain/leg.ts'

/**
 * The name of a leg among all legs of all trades.
 *
 * @example
 * keyOfLeg({ tradeId: 'trade_1', legId: 'uniswap-v2' }) // 'trade_1/uniswap-v2'
 */
export function keyOfLeg({ tradeId, legId }: Pick<LegOrder, 'tradeId' | 'legId'>): string {
  return `${tradeId}/${legId}`
}

/**
 * The id, within its trade, of the approval that goes out before a venue's swap.
 *
 * @example
 * approvalIdOf('uniswap-v2') // 'uniswap-v2:approval'
 */
export function approvalIdOf(venue: string): string {
  return `${venue}:approval`
}
