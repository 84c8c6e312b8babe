import { formatTable } from '../../src/cli/table.ts'
import { formatAmount } from '../../src/domain/amount.ts'
import { showFailing } from './failing.ts'
import type { Audited } from './ledger.ts'
import { showLimits } from './limits.ts'
import { showSplit } from './split.ts'
import { heading, proven, type Stage } from './stage.ts'

/**
 * One order in three situations, each from the same starting state: free, within limits, and with a leg that fails. At the end
 * what the chain has of all trades stands beside what they reported.
 *
 * @throws DemoFault where anything is not as it is said to be.
 *
 * @example
 * await showTour(stage)
 */
export async function showTour(stage: Stage): Promise<void> {
  const { world } = stage
  const start = await world.snapshot()
  const split = await showSplit(stage)
  await world.revert(start)
  // A snapshot is good for one return.
  const again = await world.snapshot()
  const limited = await showLimits(stage, split.trade)
  await world.revert(again)
  const failing = await showFailing(stage)
  showLedger(stage, [split, ...limited, failing])
}

function showLedger({ terminal }: Stage, audited: readonly Audited[]): void {
  heading(terminal, '5. The ledger: what the chain has of these trades, and what they reported')
  const columns = [
    { title: 'trade' },
    { title: 'transactions', align: 'right' },
    { title: 'reverted', align: 'right' },
    { title: 'ETH that left', unit: 'the wallet', align: 'point' },
    { title: 'ETH sold', unit: 'reported', align: 'point' },
    { title: 'ETH for gas', unit: 'reported', align: 'point' },
    { title: 'USDC that', unit: 'arrived', align: 'point' },
    { title: 'USDC', unit: 'reported', align: 'point' },
  ] as const
  const rows = audited.map(({ trade, sent, paidWei, received }) => [
    trade.tradeId,
    String(sent.length),
    String(sent.filter(({ isReverted }) => isReverted).length),
    formatAmount(`${paidWei}`, 18),
    trade.amountIn,
    trade.gasCost,
    formatAmount(`${received}`, 6),
    trade.amountOut,
  ])
  terminal.write(formatTable(terminal, columns, rows))
  const [transactions, trades] = [audited.reduce((sum, { sent }) => sum + sent.length, 0), audited.length]
  terminal.write('\n')
  proven(
    terminal,
    `${trades} trades, ${transactions} transactions, one for each leg: the balances are what was reported, to the unit.`,
  )
}
