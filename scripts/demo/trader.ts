import {
  ExecutionManager,
  type OpenOptions,
  type TradeOrder,
  type TradeStatus,
  type TradeStep,
} from '../../src/index.ts'

// A bot in a process of its own, to be killed. It gets its job from the process that started it, tells it each step, and
// does not outlive it.

/** What the trader is to do. */
export interface Job {
  readonly options: OpenOptions
  readonly order: TradeOrder
}

/** What the trader tells. */
export type Word =
  | { readonly kind: 'open'; readonly unfinished: readonly TradeStatus[] }
  | { readonly kind: 'step'; readonly step: TradeStep }
  | { readonly kind: 'ended'; readonly status: TradeStatus }
  | { readonly kind: 'failed'; readonly message: string }

async function work({ options, order }: Job): Promise<void> {
  const execution = await ExecutionManager.open(options)
  execution.on('step', (step) => say({ kind: 'step', step }))
  say({ kind: 'open', unfinished: [...execution.getActiveExecutions().values()] })
  // After a crash this is the same order under the same id: it finds its trade, and begins no other.
  const status = await execution.submitTrade(order).result()
  await execution.close()
  say({ kind: 'ended', status })
}

function say(word: Word): void {
  process.send?.(word)
}

// Also when the other process is gone, however it went.
process.once('disconnect', () => process.exit())
process.once('message', async (job: Job) => {
  await work(job).catch((error: unknown) =>
    say({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
  )
  process.disconnect()
})
// Ctrl-C reaches the whole group: the process that started this one decides.
process.on('SIGINT', () => {})
