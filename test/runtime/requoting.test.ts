import { Interface } from 'ethers'
import { beforeEach, describe, expect, test } from 'vitest'
import { newLeg } from '../../machines/legFacts.ts'
import { openDex } from '../../src/dex/openDex.ts'
import { verdictOf } from '../../src/distribution/breaker.ts'
import type { BaseUnits } from '../../src/domain/amount.ts'
import { toFailure } from '../../src/domain/errors.ts'
import type { LegOrder } from '../../src/domain/leg.ts'
import type { Quote, Side } from '../../src/domain/swap.ts'
import { legEffects } from '../../src/runtime/legEffects.ts'
import type { ShareRule } from '../../src/runtime/limitRules.ts'
import { poolBook } from '../../src/runtime/poolBook.ts'
import type { Ports } from '../../src/runtime/ports.ts'
import { realClock } from '../../src/runtime/realClock.ts'
import { MemoryBank } from '../../src/store/memoryBank.ts'
import { chainOver } from '../chain/realNode.ts'
import { useWorld } from '../support/anvil.ts'
import { swapOrder } from '../support/orders.ts'

const world = useWorld({ mining: 'auto' })
const weth = new Interface(['function deposit() payable', 'function transfer(address, uint256)'])
const never = new AbortController().signal

// The tier that gives less, 3000, holds far more than the better one by now.
beforeEach(async () => {
  const { rpc, url, accounts, tokens } = world()
  const { chain, endpoints } = chainOver([url])
  const dex = await openDex(configOf('uniswap-v3'), chain)
  const { reads, answer } = dex.poolRequest({ tokenIn: token('ETH'), tokenOut: token('USDC') })
  const pool = answer(await chain.read(reads)).pools.find(({ route }) => route === '3000')
  const from = accounts[3]?.address
  const value = `0x${(10n ** 21n).toString(16)}`
  await rpc('eth_sendTransaction', [{ from, to: tokens.WETH, value, data: weth.encodeFunctionData('deposit') }])
  const data = weth.encodeFunctionData('transfer', [pool?.address, 10n ** 21n])
  await rpc('eth_sendTransaction', [{ from, to: tokens.WETH, data }])
  for (const endpoint of endpoints) await endpoint.close()
})

function configOf(venue: string) {
  const { venues, moreVenues } = world()
  return [...venues, ...moreVenues].find(({ id }) => id === venue) ?? expect.fail()
}

function token(symbol: 'ETH' | 'USDC') {
  return { symbol, address: world().tokens[symbol], decimals: symbol === 'ETH' ? 18 : 6 }
}

interface Asking {
  /** Hundredths of a percent of a pool that the leg may put into it; null for any. */
  readonly share: number | null
  readonly side?: Side
  readonly venue?: string
  readonly amount?: BaseUnits
}

/** What a leg of 5 ETH, or 15 000 USDC that are bought, gets when it asks for its price anew. */
async function requoted({ share, side = 'sell', venue = 'uniswap-v3', amount }: Asking): Promise<Quote> {
  const { url, accounts } = world()
  const { chain, endpoints } = chainOver([url])
  const dex = await openDex(configOf(venue), chain)
  const number = Number(await world().rpc('eth_blockNumber', []))
  const rule: ShareRule = { venue, pair: 'ETH/USDC', token: null, ofTradeBps: null, ofPoolBps: share }
  const ports = {
    chain,
    clock: realClock(),
    follower: { head: () => ({ number }) },
    dexes: new Map([[venue, dex]]),
    limits: { shares: [rule] },
    pools: poolBook(new MemoryBank()),
  } as unknown as Ports
  const swap = {
    wallet: accounts[2]?.address ?? expect.fail(),
    tokenIn: token('ETH'),
    tokenOut: token('USDC'),
    side,
    amount: amount ?? (side === 'sell' ? '5000000000000000000' : '15000000000'),
  } as const
  const order: LegOrder = { ...swapOrder, venue, pair: 'ETH/USDC', task: { kind: 'swap', swap, limit: '1' } }
  try {
    const event = await legEffects(ports).quote(newLeg({ order, atMs: 0 }), never)
    return event?.type === 'leg.quoted' ? event.quote : expect.fail()
  } finally {
    for (const endpoint of endpoints) void endpoint.close()
  }
}

describe('a leg that asks for its price anew', () => {
  test.each(['sell', 'buy'] as const)('gets the best of all pools where nothing limits its share: %s', async (side) => {
    expect(await requoted({ share: null, side })).toMatchObject({ route: '500' })
  })

  test.each(['sell', 'buy'] as const)(
    'goes into no pool that it would have more of than its share: %s',
    async (side) => {
      expect(await requoted({ share: 200, side })).toMatchObject({ route: '3000' })
      expect(await requoted({ share: 5_000, side })).toMatchObject({ route: '500' })
    },
  )

  test.each(['uniswap-v3', 'uniswap-v2'])(
    'fails by its limit, and not by %s, where no pool is deep enough',
    async (venue) => {
      const failed = await requoted({ share: 1, venue }).then(() => expect.fail(), toFailure)

      expect(failed).toMatchObject({ code: 'LIMIT_REACHED', retryable: false })
      expect(verdictOf({ status: 'failed', failureCode: failed.code })).toBeNull()
    },
  )

  test('has no liquidity where no pool has enough, whatever share is allowed', async () => {
    const failed = requoted({ share: 9_999, side: 'buy', amount: '9000000000000' })

    await expect(failed).rejects.toThrow(/uniswap-v3 has no liquidity to buy this much of ETH\/USDC/)
    await expect(failed).rejects.toMatchObject({ code: 'NO_LIQUIDITY' })
  })
})
