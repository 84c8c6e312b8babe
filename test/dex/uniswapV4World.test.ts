import { TypedDataEncoder } from 'ethers'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import type { Dex, Market } from '../../src/dex/dex.ts'
import { allowanceOf, allowanceRead, approveCall } from '../../src/dex/erc20.ts'
import { openDex } from '../../src/dex/openDex.ts'
import { decodeRevert } from '../../src/dex/reverts.ts'
import type { BaseUnits } from '../../src/domain/amount.ts'
import type { Hex } from '../../src/domain/hex.ts'
import type { ReadReply, Request } from '../../src/domain/read.ts'
import type { Swap } from '../../src/domain/swap.ts'
import type { Token } from '../../src/domain/token.ts'
import { useWorld } from '../support/anvil.ts'
import { measured } from './measured.ts'
import { type Trader, traderIn } from './trader.ts'

type Name = 'ETH' | 'WETH' | 'USDC' | 'DAI'

const world = useWorld({ mining: 'manual' })
const terms = { quote: { amount: '1', route: '500/10' }, limit: '1', deadlineS: 4_000_000_000 } as const
let trader: Trader
let dex: Dex

beforeAll(async () => {
  trader = traderIn(world())
  const venue = world().moreVenues.find(({ kind }) => kind === 'uniswapV4')
  if (venue === undefined) throw new Error('The world has no Uniswap V4.')
  dex = await openDex(venue, trader)
})

beforeEach(async () => {
  for (const spender of dex.spenders) await trader.approve(token('USDC'), spender)
})

function token(name: Name): Token {
  return { symbol: name, address: world().tokens[name], decimals: name === 'USDC' ? 6 : 18 }
}

function swapOf(side: Swap['side'], amount: BaseUnits, [tokenIn, tokenOut]: readonly [Name, Name]): Swap {
  return { wallet: trader.address, side, amount, tokenIn: token(tokenIn), tokenOut: token(tokenOut) }
}

async function answered<Answer>({ reads, answer }: Request<Answer>): Promise<Answer> {
  return answer(await trader.read(reads))
}

function outcome(reply: ReadReply): string {
  return reply.ok ? 'ok' : decodeRevert(reply.data, reply.message).code
}

/** The USDC that a wallet lets the router take, and what Permit2 may. */
function grantsOf(wallet: Hex) {
  return dex.spenders.map(({ address: spender, ...via }) => ({
    wallet,
    token: world().tokens.USDC,
    spender,
    ...via,
  }))
}

test('native coin and its wrapped token have different pools', async () => {
  const { pools: native } = await answered(dex.poolRequest({ tokenIn: token('ETH'), tokenOut: token('USDC') }))
  const { pools: back } = await answered(dex.poolRequest({ tokenIn: token('USDC'), tokenOut: token('ETH') }))
  const { pools: wrapped } = await answered(dex.poolRequest({ tokenIn: token('WETH'), tokenOut: token('USDC') }))
  const { pools: wrappedDai } = await answered(dex.poolRequest({ tokenIn: token('WETH'), tokenOut: token('DAI') }))

  expect(native.map(({ route }) => route)).toEqual(['500/10', '3000/60'])
  expect(back).toEqual(native)
  expect(wrapped).toEqual([])
  expect(wrappedDai.map(({ route }) => route)).toEqual(['3000/60'])
})

test.each([
  ['ETH', 'USDC', 200n],
  ['USDC', 'ETH', 200n],
  ['DAI', 'USDC', 100_000n],
] as const)('depths of %s/%s are the reserves that price a small sale', async (tokenIn, tokenOut, part) => {
  const pair = { tokenIn: token(tokenIn), tokenOut: token(tokenOut) }
  const [pool, ...others] = (await answered(dex.poolRequest(pair))).pools
  const pools = pool === undefined ? [] : [pool]
  const route = pool?.route ?? ''

  const there = await answered<Market>(dex.marketRequest(pair, pools))
  const back = await answered<Market>(dex.marketRequest({ tokenIn: pair.tokenOut, tokenOut: pair.tokenIn }, pools))

  const [reserveIn, reserveOut] = [there, back].map(({ depths }) => BigInt(depths[route] ?? '0')) as [bigint, bigint]
  const amount = reserveIn / part
  const quote = await answered(dex.quoteRequest(swapOf('sell', `${amount}`, [tokenIn, tokenOut]), pools))
  const kept = amount - (amount * BigInt(route.split('/')[0] ?? '0')) / 1_000_000n
  const expected = (reserveOut * kept) / (reserveIn + kept)
  expect(Number(quote.amount) / Number(expected)).toBeCloseTo(1, 6)
  expect(there.closedForm).toBeNull()
  expect(others.length).toBe(tokenIn === 'DAI' ? 0 : 1)
})

test('a sale of tokens that empties the pool takes no more of them than the pool did', async () => {
  const swap = swapOf('sell', '900000000000', ['USDC', 'ETH'])
  // A pool with narrow ticks looks through more empty ones than the trader pays gas for.
  const call = dex.swapCall(swap, { ...terms, quote: { amount: '1', route: '3000/60' } })

  const { receipt, moved } = await measured(trader, swap, () => trader.send(call))

  expect(receipt.succeeded).toBe(true)
  expect(dex.fill(swap, receipt)).toEqual(moved)
  expect(BigInt(moved.amountIn)).toBeLessThan(BigInt(swap.amount))
})

test.each([
  ['with native coin', ['ETH', 'USDC'], '900000000000', '500000000000000000000'],
  ['of native coin', ['USDC', 'ETH'], '300000000000000000000', '900000000000'],
] as const)('a purchase %s that the pool fills only in part does not go through', async (_, pair, amount, limit) => {
  const swap = swapOf('buy', amount, pair)
  const call = dex.swapCall(swap, { ...terms, limit })

  const reply = await trader.simulate(call)
  const { moved } = await measured(trader, swap, () => trader.send(call))

  expect(outcome(reply)).toBe('SLIPPAGE')
  expect(moved).toEqual({ amountIn: '0', amountOut: '0' })
})

test('an amount or limit above 128 bits is refused, and not cut short', async () => {
  const tooMuch = `${2n ** 128n + 1_000_000n}` as const

  const amount = await trader.simulate(dex.swapCall(swapOf('sell', tooMuch, ['USDC', 'ETH']), terms))
  const limit = await trader.simulate(
    dex.swapCall(swapOf('sell', '1000000', ['USDC', 'ETH']), { ...terms, limit: tooMuch }),
  )

  expect([amount.ok, limit.ok]).toEqual([false, false])
  await expect(answered(dex.quoteRequest(swapOf('sell', tooMuch, ['USDC', 'ETH'])))).rejects.toThrow(/no liquidity/)
})

test('an allowance given in Permit2 is read back, used up to the unit, and missed afterwards', async () => {
  const swap = swapOf('sell', '1000000', ['USDC', 'ETH'])
  const [, grant] = grantsOf(trader.address)
  if (grant === undefined) throw new Error('The venue has no grant in Permit2.')
  const allowed = async () => {
    const [reply] = await trader.read([allowanceRead(grant)])
    return reply?.ok ? allowanceOf(grant, reply.value, 1_000) : undefined
  }

  await trader.send(approveCall(grant, swap.amount))
  const before = await allowed()
  const first = await trader.send(dex.swapCall(swap, terms))
  const after = await allowed()
  const second = await trader.simulate(dex.swapCall(swap, terms))

  expect([before, first.succeeded, after]).toEqual([1_000_000n, true, 0n])
  expect(second).toMatchObject({ ok: false })
  expect(outcome(second)).toBe('ALLOWANCE')
})

test('a missing allowance is told at each of its two places', async () => {
  const [toPermit2, toRouter] = grantsOf(trader.address)
  if (toPermit2 === undefined || toRouter === undefined) throw new Error('The venue has too few grants.')
  const call = dex.swapCall(swapOf('sell', '1000000', ['USDC', 'ETH']), terms)

  await trader.send(approveCall(toRouter, '999999'))
  const atPermit2 = await trader.simulate(call)
  await trader.send(approveCall(toRouter, '1000000'))
  await trader.send(approveCall(toPermit2, '999999'))
  const atToken = await trader.simulate(call)

  expect([outcome(atPermit2), outcome(atToken)]).toEqual(['ALLOWANCE', 'ALLOWANCE'])
})

test('Permit2 signs for this chain', async () => {
  const domain = { name: 'Permit2', chainId: world().chainId, verifyingContract: world().contracts.permit2 }
  const [reply] = await trader.read([{ kind: 'call', to: world().contracts.permit2, data: '0x3644e515' }])

  expect(reply).toEqual({ ok: true, value: TypedDataEncoder.hashDomain(domain) })
})
