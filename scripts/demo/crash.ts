import { short } from '../../src/cli/figures.ts'
import { startProgress } from '../../src/cli/progress.ts'
import { formatTable } from '../../src/cli/table.ts'
import { tradeReport } from '../../src/cli/tradeReport.ts'
import type { TradeStatus, TradeStep } from '../../src/index.ts'
import { DemoFault, demand } from './faults.ts'
import { auditTrade, type Entry, type Standing, standing } from './ledger.ts'
import { heading, order, proven, type Stage } from './stage.ts'
import { startTrader } from './traderProcess.ts'

/**
 * Kills a trader in the middle of a trade, starts another on the same folder, and shows from the chain that each leg was
 * sent once.
 *
 * @throws DemoFault where the trade does not go on to its end, or anything was sent twice.
 *
 * @example
 * await showCrash(stage)
 */
export async function showCrash(stage: Stage): Promise<void> {
  const { terminal, world, wallet } = stage
  const before = await standing(world, wallet)
  const victim = await runUntilKilled(stage)
  const then = await standing(world, wallet)
  terminal.write(`  When it was dead, ${then.nonce - before.nonce} of its transactions were in a block.\n`)

  heading(terminal, 'Another process opens the same folder')
  const status = await runToEnd(stage)
  terminal.write(`\n${tradeReport(terminal, status)}`)

  heading(terminal, 'What the chain has of this wallet')
  const { sent } = await auditTrade(world, before, status)
  terminal.write(formatTable(terminal, ledgerColumns, ledgerRows(stage, sent)))
  await prove(stage, { before, sent, status, victim })
}

/** What is known of a process that was killed. */
interface Victim {
  /** All that it had signed, as far as it could tell. */
  readonly signed: ReadonlySet<string>
  /** The one that it had certainly sent. */
  readonly sent: string
}

/** Resolves when the process is dead: killed as soon as it said that its first leg had been sent. */
async function runUntilKilled(stage: Stage): Promise<Victim> {
  const { terminal, options } = stage
  heading(terminal, 'A process trades')
  const progress = startProgress(terminal)
  const signed = new Set<string>()
  let victim: TradeStep | undefined
  let complaint = 'it ended by itself'
  const trader = startTrader(stage, { options: options('store'), order }, (word) => {
    if (word.kind === 'failed') complaint = word.message
    if (word.kind === 'ended') complaint = word.status.failure?.message ?? complaint
    if (word.kind !== 'step' || victim !== undefined) return
    progress.step(word.step)
    if (word.step.hash !== undefined) signed.add(word.step.hash)
    if (word.step.to !== 'submitted.pending') return
    victim = word.step
    trader.kill()
  })
  const end = await trader.ended
  if (end !== 'SIGKILL' || victim?.hash === undefined) {
    throw new DemoFault([`The first process was not killed: ${complaint}`])
  }
  const where = `leg ${victim.legId} was ${victim.to}`
  terminal.write(`\n  ${terminal.paint('red', `kill -9 ${trader.pid}`)}  while ${where}\n`)
  return { signed, sent: victim.hash }
}

async function runToEnd(stage: Stage): Promise<TradeStatus> {
  const { terminal, options } = stage
  const progress = startProgress(terminal)
  let status: TradeStatus | undefined
  let resumed = 0
  let complaint = ''
  const trader = startTrader(stage, { options: options('store'), order }, (word) => {
    if (word.kind === 'open') for (const trade of word.unfinished) progress.seed(trade)
    if (word.kind === 'open') resumed = word.unfinished.length
    if (word.kind === 'step') progress.step(word.step)
    if (word.kind === 'ended') status = word.status
    if (word.kind === 'failed') complaint = word.message
  })
  const end = await trader.ended
  if (status === undefined)
    throw new DemoFault([`The second process ended with ${end} and without a result. ${complaint}`])
  demand({ [`The second process resumed ${resumed} trades, not one.`]: resumed === 1 })
  return status
}

const ledgerColumns = [
  { title: 'nonce', align: 'right' },
  { title: 'block', align: 'right' },
  { title: 'hash' },
  { title: 'sent to' },
] as const

function ledgerRows({ world }: Stage, sent: readonly Entry[]): string[][] {
  const venues = [...world.venues, ...world.moreVenues]
  const names = new Map<string, string>(
    venues.map((venue) => ['router' in venue ? venue.router : venue.vault, venue.id]),
  )
  return sent.map(({ nonce, block, hash, to }) => [
    String(nonce),
    String(block),
    short(hash),
    names.get(to ?? '') ?? to ?? 'a new contract',
  ])
}

interface Evidence {
  readonly before: Standing
  readonly sent: readonly Entry[]
  readonly status: TradeStatus
  readonly victim: Victim
}

async function prove({ terminal, world, wallet }: Stage, { before, sent, status, victim }: Evidence): Promise<void> {
  const after = await standing(world, wallet)
  const pending = Number(await world.rpc('eth_getTransactionCount', [wallet, 'pending'])) - after.nonce
  demand({
    [`${pending} transactions of the wallet are still waiting.`]: pending === 0,
    'What the killed process had sent is not what was mined.': sent.some(({ hash }) => hash === victim.sent),
  })
  const kept = sent.filter(({ hash }) => victim.signed.has(hash)).length
  const nonces = `from ${before.nonce} to ${after.nonce}`
  terminal.write('\n')
  proven(terminal, `Nothing was sent twice: the wallet's nonce went ${nonces} for ${status.legs.length} legs.`)
  proven(terminal, `The killed process had signed ${victim.signed.size}; ${kept} of them are these, byte for byte.`)
  proven(terminal, 'The balances changed by exactly the amounts above and the gas.')
}
