import { randomBytes } from 'node:crypto'
import type { FillPolicyName, Side, TradeOrder } from '../index.ts'
import type { Io } from './io.ts'
import { exitCodeOf, type ManagerOptions, paperNotice, withManager } from './openManager.ts'
import { startProgress } from './progress.ts'
import { tradeReport } from './tradeReport.ts'

/** `legwork trade`. */
export interface TradeOptions extends ManagerOptions {
  readonly pair: string
  readonly amount: string
  readonly side: Side
  readonly id?: string
  readonly maxSlippage?: string
  readonly fillPolicy?: FillPolicyName
  readonly minimumFill?: string
  readonly json?: true
}

/**
 * Executes one order, shows its way and prints what became of it.
 *
 * @returns The exit code: 0 filled, 2 filled in part, 1 failed.
 * @throws Whatever opening the manager or the order itself meets.
 *
 * @example
 * await trade({ config: 'legwork.json', pair: 'ETH/USDC', amount: '1.5', side: 'sell' }, io)
 */
export function trade(options: TradeOptions, io: Io): Promise<number> {
  const { pair, amount, side, id, maxSlippage, minimumFill, json } = options
  const tradeId = id ?? `trade_${randomBytes(8).toString('hex')}`
  const fillPolicy = minimumFill === undefined ? options.fillPolicy : { minimumFill }
  const order: TradeOrder = {
    tradeId,
    pair,
    amount,
    side,
    ...(maxSlippage !== undefined && { maxSlippage }),
    ...(fillPolicy !== undefined && { fillPolicy }),
  }
  return withManager(options, io, async (execution) => {
    const others = execution.getActiveExecutions()
    const resumed = others.get(tradeId)
    others.delete(tradeId)
    if (!json) {
      if (execution.isPaper) io.out.write(paperNotice)
      if (id === undefined) io.out.write(`No --id was given: this trade is ${tradeId}.\n`)
      if (others.size > 0) io.out.write(`Unfinished trades that go on meanwhile: ${others.size}.\n`)
      const progress = startProgress(io.out)
      if (resumed !== undefined) progress.seed(resumed)
      execution.on('step', (step) => {
        if (step.tradeId === tradeId) progress.step(step)
      })
    }
    const status = await execution.submitTrade(order).result()
    io.out.write(json ? `${JSON.stringify(status, null, 2)}\n` : `\n${tradeReport(io.out, status)}`)
    return exitCodeOf([status])
  })
}
