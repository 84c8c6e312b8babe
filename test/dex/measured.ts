import { baseUnits } from '../../src/domain/amount.ts'
import type { Fill, Swap } from '../../src/domain/swap.ts'
import type { Token } from '../../src/domain/token.ts'
import type { Receipt } from '../../src/domain/transaction.ts'
import type { Trader } from './trader.ts'

/** What the trader's balances say about a swap, with its gas given back. */
export async function measured(
  trader: Trader,
  swap: Swap,
  send: () => Promise<Receipt>,
): Promise<{ receipt: Receipt; moved: Fill }> {
  const held = () => Promise.all([trader.balance(swap.tokenIn), trader.balance(swap.tokenOut)])
  const [inBefore, outBefore] = await held()
  const receipt = await send()
  const [inAfter, outAfter] = await held()
  const gas = BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice)
  const gasFrom = ({ address }: Token) => (address === 'native' ? gas : 0n)
  const moved = {
    amountIn: baseUnits(inBefore - inAfter - gasFrom(swap.tokenIn)),
    amountOut: baseUnits(outAfter - outBefore + gasFrom(swap.tokenOut)),
  }
  return { receipt, moved }
}
