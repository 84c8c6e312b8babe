/** One deliberate mistake: a text that the source has exactly once, and what stands there instead. */
export interface Mutation {
  readonly name: string
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** Mistakes that somebody could make, each of them in one line. The simulation has to find every one. */
export const mutations: readonly Mutation[] = [
  {
    name: 'a broadcast does not wait for the disk',
    file: 'machines/legMachine.ts',
    find: "meta: { effect: 'broadcast', durable: true }",
    replace: "meta: { effect: 'broadcast' }",
  },
  {
    name: 'the journal says that all is safe before the commit',
    file: 'src/runtime/journal.ts',
    find: 'const served = waiters\n    waiters = []',
    replace: 'const served = waiters\n    for (const resolve of served) resolve()\n    waiters = []',
  },
  {
    name: 'a commit that failed counts as done',
    file: 'src/runtime/journal.ts',
    find: 'waiters = [...served, ...waiters]',
    replace: 'for (const resolve of served) resolve()',
  },
  {
    name: 'the writes of a commit that failed are dropped',
    file: 'src/runtime/journal.ts',
    find: 'carried = writes',
    replace: 'carried = []',
  },
  {
    name: 'a time-out leads to a new nonce',
    file: 'machines/legMachine.ts',
    find: "{ guard: 'mustCancel', target: 'cancelling', actions: 'noteTimeout' }",
    replace: "{ guard: 'mustCancel', target: '#leg.retrying', actions: ['noteTimeout', 'noteRetry'] }",
  },
  {
    name: 'a bump raises maxFeePerGas alone',
    file: 'src/domain/fees.ts',
    find: 'const tip = eighthMore(last.maxPriorityFeePerGas)',
    replace: 'const tip = BigInt(last.maxPriorityFeePerGas)',
  },
  {
    name: 'a bump may go up to the ceiling of cancellations',
    file: 'src/runtime/legEffects.ts',
    find: "purpose === 'call' ? order.policy.maxFeePerGas : order.policy.maxCancelFeePerGas",
    replace: 'order.policy.maxCancelFeePerGas',
  },
  {
    name: 'a cancellation keeps to the ceiling of calls',
    file: 'src/runtime/legEffects.ts',
    find: "purpose === 'call' ? order.policy.maxFeePerGas : order.policy.maxCancelFeePerGas",
    replace: 'order.policy.maxFeePerGas',
  },
  {
    name: 'a missing receipt counts as a failure',
    file: 'src/runtime/watching.ts',
    find: 'await follower.lookUp(attempts.map(({ hash }) => hash))',
    replace:
      "await follower.lookUp(attempts.map(({ hash }) => hash))\n    if (attempts.length > 2) return { type: 'event', event: { type: 'leg.displaced', failure: { code: 'NONCE_TAKEN', message: '', retryable: true } } }",
  },
  {
    name: 'a nonce that has moved on counts as taken by another program',
    file: 'src/runtime/watching.ts',
    find: 'const user = await',
    replace: "const user = '0x00' || await",
  },
  {
    name: 'a receipt counts at depth 1',
    file: 'src/chain/depthWatch.ts',
    find: '>= confirmations)',
    replace: '>= 1)',
  },
  {
    name: 'a reorg goes unnoticed',
    file: 'src/chain/depthWatch.ts',
    find: 'if (hash !== place.blockHash)',
    replace: 'if (hash === undefined)',
  },
  {
    name: 'a bump forgets the earlier attempts',
    file: 'machines/legFacts.ts',
    find: 'attempts: [...context.attempts, attempt]',
    replace: 'attempts: [attempt]',
  },
  {
    name: 'a reverted attempt need not be deep for the next try',
    file: 'src/runtime/legEffects.ts',
    find: 'follower.whenDeep(mined, order.policy.confirmations,',
    replace: 'follower.whenDeep(mined, mined.succeeded ? order.policy.confirmations : 1,',
  },
  {
    name: 'a lane takes any nonce back',
    file: 'machines/laneMachine.ts',
    find: "event.type === 'lane.return' && event.nonce + 1 === context.next",
    replace: "event.type === 'lane.return'",
  },
  {
    name: 'another order under the same id counts as the same',
    file: 'src/runtime/execution.ts',
    find: 'if (before === now) return',
    replace: 'if (before !== "") return',
  },
  {
    name: 'a lane begins where the chain is, whatever is recorded',
    file: 'src/runtime/lanes.ts',
    find: 'return Math.max(recorded + 1, mined)',
    replace: 'return mined',
  },
  {
    name: 'the mark of a lane is never written',
    file: 'src/runtime/laneMarks.ts',
    find: "return { space: 'lane', key: wallet, value: nonce }",
    replace: 'return undefined',
  },
  {
    name: 'nobody closes a gap',
    file: 'src/runtime/gapFillers.ts',
    find: 'if (nonces.length === 0) return',
    replace: 'if (nonces.length > 0) return',
  },
  {
    name: 'a fill is what was quoted',
    file: 'src/runtime/legEffects.ts',
    find: "known(dexes, order.venue, 'venue').fill(order.task.swap, receipt)",
    replace: '{ amountIn: order.task.swap.amount, amountOut: order.quote?.amount ?? "0" }',
  },
  {
    name: 'the gas of a reverted attempt is not counted',
    file: 'machines/legFacts.ts',
    find: 'if (mined === null) return end',
    replace: 'if (mined === null || !mined.succeeded) return end',
  },
  {
    name: 'a cancelled leg does not report its fill',
    file: 'machines/legMachine.ts',
    find: 'isSwapDone: ({ context }) => facts.isSuccess(context)',
    replace: 'isSwapDone: ({ context }) => facts.isSuccess(context) && context.cancelReason === null',
  },
  {
    name: 'the bound moves with each new quote',
    file: 'src/runtime/offering.ts',
    find: 'limit: task.limit, deadlineS',
    replace: "limit: String((BigInt(quote.amount) * (task.swap.side === 'sell' ? 99n : 101n)) / 100n), deadlineS",
  },
  {
    name: 'a restart does not send what is open again',
    file: 'src/runtime/openExecution.ts',
    find: 'await sendOpenAttempts(chain, work)',
    replace: 'void sendOpenAttempts',
  },
  {
    name: 'a late result is taken',
    file: 'src/runtime/runner.ts',
    find: 'if (run !== running || event === null) return',
    replace: 'if (event === null) return',
  },
  {
    name: 'the rest of a division is lost',
    file: 'src/runtime/planning.ts',
    find: 'amounts[0] = (amounts[0] ?? 0n) + wanted',
    replace: 'amounts[0] = (amounts[0] ?? 0n) + 0n * wanted + amounts.reduce((all, amount) => all + amount, 0n)',
  },
  {
    name: 'a trade is announced before its end is on disk',
    file: 'machines/tradeMachine.ts',
    find: "description: 'At least one swap was filled, and what the fill policy asks for.',\n      type: 'final',\n      meta: { effect: 'announce', durable: true }",
    replace:
      "description: 'At least one swap was filled, and what the fill policy asks for.',\n      type: 'final',\n      meta: { effect: 'announce' }",
  },
  {
    name: 'what live legs have reserved is not kept over a restart',
    file: 'src/runtime/liveTrade.ts',
    find: '    holdReserved(ports, leg)\n',
    replace: '    void holdReserved\n',
  },
  {
    name: 'what a leg has sold is not spent',
    file: 'src/runtime/legLedger.ts',
    find: "ledger.settle(key, 'sold', sold, nowMs)",
    replace: "ledger.settle(key, 'sold', 0n * sold, nowMs)",
  },
  {
    name: 'a plan that is dropped keeps what it had reserved',
    file: 'src/runtime/legUpkeep.ts',
    find: '    ledger.release(key)\n',
    replace: '    void ledger\n',
  },
  {
    name: 'a window forgets what was sold before a restart',
    file: 'src/runtime/ledger.ts',
    find: 'keep(name, entry)\n\n',
    replace: 'void [name, entry]\n\n',
  },
  {
    name: 'two trades look at a limit before either of them reserves',
    file: 'src/runtime/legPlan.ts',
    find: 'else ledger.reserve(entries, clock.now())',
    replace: 'else if (clock.now() > 0) for (const { key, entry } of entries) ledger.hold(key, entry)',
  },
  {
    name: 'what is spent is not written with the end of its trade',
    file: 'src/runtime/liveTrade.ts',
    find: '...ports.ledger.takeWrites(tradeId)]',
    replace: "...(actor.getSnapshot().status === 'done' ? [] : ports.ledger.takeWrites(tradeId))]",
  },
  {
    name: 'a limit does not see what a purchase may cost',
    file: 'src/runtime/legFunds.ts',
    find: "return BigInt(swap.side === 'sell' ? swap.amount : limit)",
    replace: "return BigInt(swap.side === 'sell' ? swap.amount : 0n * BigInt(limit))",
  },
  {
    name: 'a dearer attempt passes the gas budget',
    file: 'src/runtime/legEffects.ts',
    find: '!mayPay(ports, context, fees)',
    replace: '(mayPay(ports, context, fees), false)',
  },
  {
    name: 'a later split forgets what the first quotes left',
    file: 'src/runtime/rounds.ts',
    find: 'return { ...part, bound: limits, promised: quotes }',
    replace: 'return { ...part, bound: limits && null, promised: quotes }',
  },
  {
    name: 'a trade is split again while a leg of it may still be mined',
    file: 'machines/tradeFacts.ts',
    find: 'round >= order.reallocationsMax || !after(context, event).every(isEnded)',
    replace: 'round >= order.reallocationsMax || !after(context, event).some(isEnded)',
  },
  {
    name: 'more is sold back than was bought',
    file: 'src/runtime/rounds.ts',
    find: '=== wallet ? (leg.fill?.amountOut ?? [])',
    replace: '=== wallet ? (leg.fill === null ? [] : [leg.fill.amountOut, "1" as const])',
  },
  {
    name: 'what was sold back in part counts as unwound',
    file: 'src/runtime/rounds.ts',
    find: "amountOf('unwind', 'amountIn') === amountOf('fill', 'amountOut') ?",
    replace: "amountOf('unwind', 'amountIn') <= amountOf('fill', 'amountOut') ?",
  },
  {
    name: 'an order is begun with less than its minimum',
    file: 'src/runtime/legPlan.ts',
    find: 'if (taken >= least) return',
    replace: 'if (taken >= least || taken > 0n) return',
  },
  {
    name: 'each split has the whole share of the trade',
    file: 'src/runtime/caps.ts',
    find: "- BigInt(taken[venue] ?? '0'))",
    replace: "- 0n * BigInt(taken[venue] ?? '0'))",
  },
]
