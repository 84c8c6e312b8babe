import { ExecutionManager, type OpenOptions, type TradeOrder } from '../../src/index.ts'
import { type Audited, auditTrade, type Expected, standing } from './ledger.ts'
import type { Stage } from './stage.ts'

/** A manager that is open for a part of a demo. */
export interface Session {
  readonly execution: ExecutionManager
  /** Executes one order to its end and checks it against the chain. @throws DemoFault where the chain disagrees. */
  trade(order: TradeOrder, expected?: Expected): Promise<Audited>
}

/**
 * Opens a manager for the time of `body`, so that nothing of it is left on the chain that comes next.
 *
 * @throws DemoFault where the chain disagrees with what was reported.
 *
 * @example
 * const split = await withManager(stage, stage.options('split'), ({ trade }) => trade(order))
 */
export async function withManager<Result>(
  { cleanup, world, wallet }: Stage,
  options: OpenOptions,
  body: (session: Session) => Promise<Result>,
): Promise<Result> {
  const execution = await ExecutionManager.open(options)
  cleanup.add(() => execution.close())
  const result = await body({
    execution,
    async trade(order, expected) {
      const before = await standing(world, wallet)
      return await auditTrade(world, before, await execution.submitTrade(order).result(), expected)
    },
  })
  await execution.close()
  return result
}
