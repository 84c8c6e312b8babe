import { describe, expect, test } from 'vitest'
import type { Hex } from '../../src/index.ts'
import { type Openers, realOpeners } from '../../src/runtime/openExecution.ts'
import { useWorld } from '../support/anvil.ts'
import { ledgerOf } from '../support/ledger.ts'
import { eventually, useManagers } from '../support/manager.ts'

const world = useWorld({ mining: 'interval', blockTimeS: 0.1 })
const { open, dataDir } = useManagers(world)
const order = { tradeId: 'broken', pair: 'ETH/USDC', amount: '1', venues: ['uniswap-v2'] }
const other = { tradeId: 'other', pair: 'ETH/USDC', amount: '2', venues: ['sushi-v2'] }

/** A venue whose quotes are no numbers for the first `times` that a leg asks; its first swap reverts, so that it asks. */
function rubbishQuotes(times: number): Openers {
  let left = times
  let calls = 0
  return {
    ...realOpeners,
    async openVenue(venue, chain, field) {
      const dex = await realOpeners.openVenue(venue, chain, field)
      if (dex.venue !== 'uniswap-v2') return dex
      return {
        ...dex,
        swapCall(swap, terms) {
          calls += 1
          // The first one is only tried; the second is signed, and nobody gives that much.
          return dex.swapCall(swap, calls === 2 ? { ...terms, limit: `${10n ** 30n}` } : terms)
        },
        quoteRequest(swap, pools) {
          const { reads, answer } = dex.quoteRequest(swap, pools)
          return {
            reads,
            answer(replies) {
              // Before that it is the trade that asks.
              if (calls < 2 || left === 0) return answer(replies)
              left -= 1
              return { amount: 'rubbish' as `${bigint}` }
            },
          }
        },
      }
    },
  }
}

/** A node whose receipts have no price: what the chart makes of it throws, however often it is asked. */
function rubbishReceipts(): Openers {
  return {
    ...realOpeners,
    async openChain(...args) {
      const chain = await realOpeners.openChain(...args)
      return {
        ...chain,
        async blockReceipts(block, wanted) {
          const receipts = await chain.blockReceipts(block, wanted)
          return receipts?.map((receipt) => ({ ...receipt, effectiveGasPrice: 'rubbish' as `${bigint}` })) ?? null
        },
      }
    },
  }
}

/** A venue that no longer says who may take its tokens, once a trade is split: in the middle of the start of its legs. */
function forgetfulVenue(): Openers {
  // Once for the list of what may be signed and once to read what is allowed; then each try asks three times before its legs start.
  let asked = 0
  return {
    ...realOpeners,
    async openVenue(venue, chain, field) {
      const dex = await realOpeners.openVenue(venue, chain, field)
      if (dex.venue !== 'uniswap-v2') return dex
      return {
        ...dex,
        get spenders() {
          asked += 1
          if (asked > 2 && asked % 4 === 2) throw new TypeError('No spender.')
          return dex.spenders
        },
      }
    },
  }
}

describe('a trade whose statechart throws', () => {
  test('goes on from where it was on disk, and the others never notice', async () => {
    const execution = await open({}, { openers: rubbishQuotes(2) })
    const troubles: string[] = []
    execution.on('trouble', ({ what }) => troubles.push(what))

    const [[leg], [untouched]] = await Promise.all([execution.executeTrade(order), execution.executeTrade(other)])

    expect(leg).toMatchObject({ status: 'done', retries: 1 })
    expect(untouched).toMatchObject({ status: 'done', retries: 0 })
    expect(troubles.filter((what) => what.startsWith('trade broken'))).toHaveLength(2)
    expect(execution.getExecutionStatus('broken')).toMatchObject({ status: 'done', outcome: 'filled' })
  })

  test('sends nothing once it is broken, by none of its legs', { timeout: 60_000 }, async () => {
    const execution = await open({}, { openers: forgetfulVenue() })
    const wallet = execution.wallets[0] as Hex
    const before = await ledgerOf(world(), wallet)
    const sale = { tradeId: 'broken', pair: 'USDC/ETH', amount: '100', quotes: { 'uniswap-v2': '0.02' } }

    const legs = await execution.executeTrade(sale)
    await new Promise((resolve) => setTimeout(resolve, 1_000))

    // The approval before it had begun when the swap broke.
    expect(legs.map(({ failure }) => failure?.code)).toEqual(['BROKEN', 'BROKEN'])
    expect((await ledgerOf(world(), wallet)).nonce).toBe(before.nonce)
    const [next] = await execution.executeTrade(other)
    expect(next).toMatchObject({ status: 'done' })
    expect((await ledgerOf(world(), wallet)).nonce).toBe(before.nonce + 1)
  })

  test('can be cancelled while it is being put back to work', async () => {
    const execution = await open({}, { openers: rubbishQuotes(100) })
    const handle = execution.submitTrade(order)
    await new Promise((resolve) => execution.once('trouble', resolve))

    handle.cancel()
    const status = await handle.result()

    expect(status).toMatchObject({ status: 'failed', legs: [{ status: 'failed', failure: { code: 'CANCELLED' } }] })
  })

  test('fails with what is known where it throws again and again, and its nonce is used up', {
    timeout: 60_000,
  }, async () => {
    const folder = dataDir()
    const execution = await open({}, { openers: rubbishReceipts(), dataDir: folder })
    const before = await ledgerOf(world(), execution.wallets[0] as Hex)

    const [leg] = await execution.executeTrade(order)

    expect(leg).toMatchObject({ status: 'failed', failure: { code: 'BROKEN' } })
    expect(leg?.failure?.message).toMatch(/may still be mined: 0x[0-9a-f]{64} \(nonce \d+ of 0x/)
    expect(execution.getActiveExecutions().size).toBe(0)
    await execution.close()
    const again = await open({}, { dataDir: folder })
    expect(again.getExecutionStatus('broken')).toMatchObject({ status: 'failed', failure: { code: 'BROKEN' } })
    const [next] = await again.executeTrade(other)
    expect(next).toMatchObject({ status: 'done' })
    const after = await ledgerOf(world(), again.wallets[0] as Hex)
    expect(after.nonce - before.nonce).toBe(2)
    await eventually(
      async () => ((await world().rpc('txpool_status')) as { pending: string }).pending === '0x0',
      'an empty pool',
    )
  })
})
