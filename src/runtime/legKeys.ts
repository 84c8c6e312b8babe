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
 * The id of a venue's swap within its trade: the venue's own at first, with the round behind it where the trade was split again.
 *
 * @example
 * swapIdOf('uniswap-v2', 1) // 'uniswap-v2#1'
 */
export function swapIdOf(venue: string, round: number): string {
  return round === 0 ? venue : `${venue}#${round}`
}

/**
 * The id, within its trade, of an approval that goes out before a swap: the first of its kind has no number.
 *
 * @example
 * approvalIdOf('uniswap-v2', 0) // 'uniswap-v2:approval'
 */
export function approvalIdOf(swapId: string, index: number): string {
  return index === 0 ? `${swapId}:approval` : `${swapId}:approval-${index + 1}`
}
