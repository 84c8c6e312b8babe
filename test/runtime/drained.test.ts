import { expect, test } from 'vitest'
import { newLeg } from '../../machines/legFacts.ts'
import { openDex } from '../../src/dex/openDex.ts'
import { verdictOf } from '../../src/distribution/breaker.ts'
import { toFailure } from '../../src/domain/errors.ts'
import type { LegOrder } from '../../src/domain/leg.ts'
import { allowanceTable } from '../../src/runtime/allowances.ts'
import { fundsBook } from '../../src/runtime/funds.ts'
import { noteWant } from '../../src/runtime/legUpkeep.ts'
import { priceLeg } from '../../src/runtime/offering.ts'
import type { Ports } from '../../src/runtime/ports.ts'
import { realClock } from '../../src/runtime/realClock.ts'
import { chainOver } from '../chain/realNode.ts'
import { useWorld } from '../support/anvil.ts'
import { allow, giveAway } from '../support/holdings.ts'
import { swapOrder } from '../support/orders.ts'

const world = useWorld({ mining: 'auto' })
const venueIds = ['uniswap-v2', 'uniswap-v3', 'algebra', 'balancer-v2', 'uniswap-v4'] as const
const amount = '1000000000'
const never = new AbortController().signal

/** A wallet of the world that is to sell 1 000 USDC on a venue, and the failure that its leg ends with, if any. */
async function open(venueId: string) {
  const { url, accounts, tokens, venues, moreVenues } = world()
  const wallet = accounts[2]?.address ?? expect.fail()
  const { chain, endpoints } = chainOver([url])
  const dex = await openDex([...venues, ...moreVenues].find(({ id }) => id === venueId) ?? expect.fail(), chain)
  const tokenIn = { symbol: 'USDC', address: tokens.USDC, decimals: 6 }
  const swap = {
    wallet,
    tokenIn,
    tokenOut: { ...tokenIn, symbol: 'ETH', address: 'native' },
    side: 'sell',
    amount,
  } as const
  const { reads, answer } = dex.quoteRequest(swap)
  const quote = answer(await chain.read(reads))
  const order: LegOrder = { ...swapOrder, venue: venueId, task: { kind: 'swap', swap, limit: '1' }, quote }
  const ports = {
    chain,
    clock: realClock(),
    follower: { market: () => ({ nextBaseFee: '50', tip: '10' }), head: () => ({ timestampS: 0 }) },
    dexes: new Map([[venueId, dex]]),
    allowances: allowanceTable(),
    funds: fundsBook(),
    gasBook: { expected: () => null },
  } as unknown as Ports
  const leg = { ...newLeg({ order, atMs: 0 }), quote, quotedAtMs: Date.now() }
  noteWant(ports, leg)
  const failure = async () => {
    const priced = Promise.resolve(priceLeg(leg, ports, never))
    const failed = await priced.then(() => expect.fail('It has a price.'), toFailure)
    for (const endpoint of endpoints) void endpoint.close()
    return failed
  }
  const permit = async () => {
    for (const { address: spender, via } of dex.spenders) {
      if (via === undefined) await allow(world(), { wallet, token: tokens.USDC, spender, amount: 10n ** 12n })
    }
  }
  return { wallet, failure, permit, USDC: tokens.USDC }
}

test.each(venueIds)('%s is not blamed for a wallet that holds too little by now', async (venueId) => {
  const { wallet, failure, permit, USDC } = await open(venueId)
  await permit()
  await giveAway(world(), wallet, USDC)

  const failed = await failure()

  expect(failed).toMatchObject({ code: 'INSUFFICIENT_BALANCE', retryable: false })
  expect(failed.message).toMatch(/payment: 1000 USDC[\s\S]*balance: 0 USDC/)
  expect(verdictOf({ status: 'failed', failureCode: failed.code })).toBeNull()
})

test.each(venueIds)('%s is not blamed for a wallet that allows too little by now', async (venueId) => {
  const { failure } = await open(venueId)

  const failed = await failure()

  expect(failed).toMatchObject({ code: 'INSUFFICIENT_ALLOWANCE', retryable: false })
  expect(verdictOf({ status: 'failed', failureCode: failed.code })).toBeNull()
})
