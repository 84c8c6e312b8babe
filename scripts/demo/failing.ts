import { setTimeout } from 'node:timers/promises'
import { difference, grouped, rounded, short, signed } from '../../src/cli/figures.ts'
import { startProgress } from '../../src/cli/progress.ts'
import { type Cell, formatTable } from '../../src/cli/table.ts'
import { styleOf } from '../../src/cli/tradeReport.ts'
import { uniswapV2 } from '../../src/dex/uniswapV2.ts'
import { parseAmount } from '../../src/domain/amount.ts'
import { DistributionManager, type LegStatus, type TradeHandle, type TradeStatus } from '../../src/index.ts'
import type { World } from '../world/world.ts'
import { DemoFault, demand } from './faults.ts'
import { type Audited, auditTrade, standing } from './ledger.ts'
import { withManager } from './session.ts'
import { heading, order, proven, type Stage } from './stage.ts'

/** Where somebody else is quicker. */
const spoiled = 'uniswap-v2'
/** ETH: a twentieth of what that pool holds, so that its price falls by a tenth. */
const soldBefore = '50'
const blockTimeMs = 100
const sentWithinMs = 10_000

const config = {
  /** The price there will not come back. */
  retryAttempts: 0,
  fillPolicy: 'reallocate',
  /** What is split again costs more than it did: it moves prices further. */
  maxSlippage: '0.03',
} as const

/**
 * The same order from the same starting state, but somebody sells on one venue just before: the leg there is reverted, and what it
 * was to sell is split again over the others.
 *
 * @throws DemoFault where the trade does not come to what was ordered, within what it was bound to.
 *
 * @example
 * const audited = await showFailing(stage)
 */
export async function showFailing(stage: Stage): Promise<Audited> {
  const { terminal, world, wallet, venues, options } = stage
  heading(terminal, `4. The same order, but somebody sells ${soldBefore} ETH on ${spoiled} just before`)
  const before = await standing(world, wallet)
  const progress = startProgress(terminal)
  const distributionManager = new DistributionManager({ legsMax: venues.length })
  const status = await withManager(
    stage,
    options('failing', { config, distributionManager }),
    async ({ execution }) => {
      execution.on('step', (step) => {
        if (step.legId === undefined || step.legId === spoiled) progress.step(step)
      })
      // No block until both are in the node's pool: else it would be left to chance who comes first.
      await world.rpc('anvil_setIntervalMining', [0])
      const handle = execution.submitTrade({ ...order, tradeId: 'one fails' })
      await untilSent(handle)
      await sellBefore(world)
      return await mineToEnd(world, handle)
    },
  )
  const audited = await auditTrade(world, before, status, { failed: [spoiled] })
  terminal.write(`\n${legsTable(stage, status)}`)
  terminal.write(terminal.paint('dim', '\n  Legs with #1 are what the failed one was split into.\n'))
  report(stage, status)
  return audited
}

async function untilSent(handle: TradeHandle): Promise<void> {
  const deadlineMs = Date.now() + sentWithinMs
  for (;;) {
    const { legs, endedAtMs } = handle.status()
    if (endedAtMs !== null) return
    if (legs.length > 0 && legs.every(({ state }) => state === 'submitted.pending')) return
    if (Date.now() > deadlineMs) throw new DemoFault(['The legs were not sent in time.'])
    await setTimeout(5)
  }
}

/** Pays more than anybody, so that it is mined first. */
async function sellBefore({ rpc, tokens, venues, contracts, accounts }: World): Promise<void> {
  const [, other] = accounts
  const [{ id, kind, router }] = venues
  const venue = uniswapV2({ id, kind, router }, { wrappedNative: tokens.WETH, factory: contracts.uniswapV2Factory })
  const { to, data, value } = venue.swapCall(
    {
      wallet: other?.address ?? '0x',
      tokenIn: { symbol: 'ETH', address: 'native', decimals: 18 },
      tokenOut: { symbol: 'USDC', address: tokens.USDC, decimals: 6 },
      side: 'sell',
      amount: parseAmount(soldBefore, 18),
    },
    { quote: { amount: '1' }, limit: '1', deadlineS: Math.ceil(Date.now() / 1000) + 3600 },
  )
  const fee = `0x${(95n * 10n ** 9n).toString(16)}`
  const fees = { gas: '0x493e0', maxFeePerGas: fee, maxPriorityFeePerGas: fee }
  const sum = `0x${BigInt(value).toString(16)}`
  await rpc('eth_sendTransaction', [{ from: other?.address, to, data, value: sum, ...fees }])
}

async function mineToEnd(world: World, handle: TradeHandle): Promise<TradeStatus> {
  let hasEnded = false
  const result = handle.result().finally(() => {
    hasEnded = true
  })
  while (!hasEnded) {
    await world.mine()
    await Promise.race([setTimeout(blockTimeMs), result])
  }
  return await result
}

function legsTable(
  { terminal }: Stage,
  { legs, amountIn, amountOut, gasUsed, tokenIn, tokenOut }: TradeStatus,
): string {
  const columns = [
    { title: 'leg' },
    { title: 'status' },
    { title: 'hash' },
    { title: 'was to sell', unit: tokenIn, align: 'point' },
    { title: 'sold', unit: tokenIn, align: 'point' },
    { title: 'at least', unit: tokenOut, align: 'point' },
    { title: 'received', unit: tokenOut, align: 'point' },
    { title: 'gas', unit: 'units', align: 'right' },
  ] as const
  const rows = legs.map((leg): Cell[] => [
    leg.legId,
    { text: leg.status, style: styleOf(leg.status) },
    leg.hash && { text: short(leg.hash), style: 'dim' },
    leg.amount && rounded(leg.amount, 6),
    leg.amountIn && rounded(leg.amountIn, 6),
    leg.limit,
    leg.amountOut,
    grouped(leg.gasUsed),
  ])
  return formatTable(terminal, columns, [
    ...rows,
    ['total', null, null, null, amountIn, boundOf(legs), amountOut, grouped(gasUsed)],
  ])
}

/** What the first legs together had to bring. */
function boundOf(legs: readonly LegStatus[]): string {
  return legs.filter(isFirst).reduce((sum, { limit }) => difference(sum, `-${limit ?? '0'}`), '0')
}

/** True for a leg of the first split. */
function isFirst({ legId, venue }: LegStatus): boolean {
  return legId === venue
}

function report({ terminal }: Stage, trade: TradeStatus): void {
  const { legs, amount, amountIn, amountOut, unfilled, exposed, profitAndLoss, tokenIn, tokenOut } = trade
  const failed = legs.find(({ legId }) => legId === spoiled)
  const again = legs.filter((leg) => !isFirst(leg))
  demand({
    [`The first leg at ${spoiled} was not reverted.`]: failed?.status === 'failed' && failed.hash !== null,
    'Nothing was split again.': again.length > 0,
    'The trade brought less than its first legs had to.': !difference(amountOut, boundOf(legs)).startsWith('-'),
  })
  const figures = [
    ['filled', `${amountIn} of ${amount} ${tokenIn}`],
    ['unfilled', `${unfilled} ${tokenIn}`],
    ['exposed', `${exposed} ${tokenOut}`],
    [
      'profit and loss',
      `${signed(profitAndLoss ?? '0')} ${tokenOut} against the first quotes, less all gas, the failed leg's too`,
    ],
  ]
  terminal.write('\n')
  for (const [name = '', figure = ''] of figures) {
    terminal.write(`  ${terminal.paint('dim', name.padEnd(16))}  ${figure}\n`)
  }
  const why = failed?.failure === null ? '' : ` (${failed?.failure.code})`
  terminal.write('\n')
  proven(
    terminal,
    `The leg at ${spoiled} was reverted${why}; its ${rounded(failed?.amount ?? '0', 6)} ETH went to ${again.map(({ venue }) => venue).join(', ')}.`,
  )
}
