import { beforeEach, describe, expect, test } from 'vitest'
import type { World } from '../../scripts/world/world.ts'
import type { Chain, SimulatedCall } from '../../src/chain/chain.ts'
import { openDex } from '../../src/dex/openDex.ts'
import { decodeRevert } from '../../src/dex/reverts.ts'
import { type BaseUnits, baseUnits } from '../../src/domain/amount.ts'
import { EndpointError } from '../../src/domain/errors.ts'
import type { Hex } from '../../src/domain/hex.ts'
import type { Swap } from '../../src/domain/swap.ts'
import type { Token } from '../../src/domain/token.ts'
import type { Call } from '../../src/domain/transaction.ts'
import { addressWord, readWord, uintWord } from '../../src/domain/words.ts'
import { useWorld } from '../support/anvil.ts'
import { chainOver, type Instead, lacking, passing } from './realNode.ts'
import { useServers } from './rpcServer.ts'

type TokenName = 'ETH' | 'WETH' | 'USDC' | 'DAI'

const start = useServers()
const world = useWorld({ mining: 'manual' })
const gas = 400_000
const farAwayS = 4_000_000_000
let wallet: Hex
let friend: Hex

beforeEach(() => {
  const [first, second] = world().accounts
  wallet = first?.address ?? '0x'
  friend = second?.address ?? '0x'
})

/** A chain whose only node answers in the way that is to be tried. */
async function open(instead?: Instead) {
  const server = await start(passing(world().url, instead))
  const { chain } = chainOver([server.url])
  const methods = () => server.requests.flat().map(({ method }) => method)
  return { chain, methods }
}

const ways: readonly (readonly [string, Instead | undefined])[] = [
  ['eth_simulateV1', undefined],
  ['an executor', lacking('eth_simulateV1')],
]

function token(name: TokenName): Token {
  return { symbol: name, address: world().tokens[name], decimals: name === 'USDC' ? 6 : 18 }
}

function addressOf(name: Exclude<TokenName, 'ETH'>): Hex {
  return world().tokens[name]
}

function approval(name: Exclude<TokenName, 'ETH'>, spender: Hex): Call {
  const words = addressWord(spender) + uintWord(2n ** 255n)
  return { to: addressOf(name), data: `0x095ea7b3${words}`, value: '0' }
}

function transfer(name: Exclude<TokenName, 'ETH'>, to: Hex, amount: bigint): Call {
  return { to: addressOf(name), data: `0xa9059cbb${addressWord(to)}${uintWord(amount)}`, value: '0' }
}

interface Order {
  readonly venue: string
  readonly from: TokenName
  readonly to: TokenName
  readonly amount: BaseUnits
  readonly limit?: BaseUnits
}

/** The approval that a swap needs, if it needs one, and the swap. */
async function swapOf(chain: Chain, { venue: id, from, to, amount, limit = '1' }: Order): Promise<Call[]> {
  const venue = world().venues.find((one) => one.id === id)
  if (venue === undefined) throw new RangeError(`No venue ${id}.`)
  const dex = await openDex(venue, chain)
  const swap: Swap = { wallet, tokenIn: token(from), tokenOut: token(to), side: 'sell', amount }
  const { reads, answer } = dex.quoteRequest(swap)
  const quote = answer(await chain.read(reads))
  const call = dex.swapCall(swap, { quote, limit, deadlineS: farAwayS })
  return from === 'ETH' ? [call] : [approval(from, venue.router), call]
}

function sentBy(from: Hex, calls: readonly Call[]): SimulatedCall[] {
  return calls.map((call) => ({ ...call, from, gas }))
}

interface RawReceipt {
  readonly status: Hex
  readonly gasUsed: Hex
  readonly logs: readonly { address: Hex; topics: Hex[]; data: Hex }[]
}

/** Sends the calls for real, and mines them into one block. */
async function happen({ rpc, mine }: World, calls: readonly SimulatedCall[]): Promise<RawReceipt[]> {
  const hashes: unknown[] = []
  for (const { from, to, data, value, gas: limit = gas } of calls) {
    const transaction = { from, to, data, value: `0x${BigInt(value).toString(16)}`, gas: `0x${limit.toString(16)}` }
    hashes.push(await rpc('eth_sendTransaction', [transaction]))
  }
  await mine()
  return Promise.all(hashes.map((hash) => rpc('eth_getTransactionReceipt', [hash]) as Promise<RawReceipt>))
}

/** Base units that a balance came to, as a call returns them. */
function balanceOf(name: Exclude<TokenName, 'ETH'>, holder: Hex): Call {
  return { to: addressOf(name), data: `0x70a08231${addressWord(holder)}`, value: '0' }
}

const orders: readonly Order[] = [
  { venue: 'uniswap-v2', from: 'USDC', to: 'DAI', amount: '3000000001' },
  { venue: 'uniswap-v2', from: 'USDC', to: 'ETH', amount: '3000000001' },
  { venue: 'uniswap-v2', from: 'ETH', to: 'USDC', amount: '1000000000000000001' },
  { venue: 'sushi-v2', from: 'DAI', to: 'ETH', amount: '3000000000000000000001' },
  { venue: 'uniswap-v3', from: 'USDC', to: 'DAI', amount: '3000000001' },
  { venue: 'uniswap-v3', from: 'USDC', to: 'ETH', amount: '3000000001' },
  { venue: 'uniswap-v3', from: 'ETH', to: 'USDC', amount: '1000000000000000001' },
]

describe.each(ways)('a simulation by %s', (way, instead) => {
  test.each(orders)('comes to what happens: $venue, $from to $to', async (order) => {
    const { chain } = await open(instead)
    const calls = sentBy(wallet, await swapOf(chain, order))

    const replies = await chain.simulate(calls)
    const receipts = await happen(world(), calls)

    expect(replies.map(({ ok }) => ok)).toEqual(receipts.map(({ status }) => status === '0x1'))
    expect(replies.every(({ ok }) => ok)).toBe(true)
    receipts.forEach((receipt, index) => {
      const reply = replies[index]
      const events = receipt.logs.map(({ address, topics, data }) => ({ address, topics, data }))
      expect(reply?.ok && reply.logs).toEqual(way === 'eth_simulateV1' ? events : null)
      // The executor sees neither what a transaction gets back nor that each begins with everything cold.
      const share = way === 'eth_simulateV1' ? 0.001 : 0.25
      expect(Math.abs((reply?.gasUsed ?? 0) / Number(receipt.gasUsed) - 1)).toBeLessThan(share)
    })
  })

  test.each(orders)('says how much gas it has to be given: $venue, $from to $to', async (order) => {
    const { chain } = await open(instead)
    const calls = sentBy(wallet, await swapOf(chain, order))
    const replies = await chain.simulate(calls)

    const limited = calls.map((call, index) => {
      const reply = replies[index]
      return { ...call, gas: reply?.ok ? reply.gasNeeded : 0 }
    })
    const receipts = await happen(world(), limited)

    expect(receipts.map(({ status }) => status)).toEqual(calls.map(() => '0x1'))
    receipts.forEach((receipt, index) => {
      expect((limited[index]?.gas ?? 0) / Number(receipt.gasUsed)).toBeLessThan(1.5)
    })
  })

  test('lets each call find what those before it did', async () => {
    const { chain } = await open(instead)
    const calls = [transfer('USDC', friend, 7n), balanceOf('USDC', friend), balanceOf('USDC', wallet)]
    const [before] = await chain.read([{ kind: 'call', ...balanceOf('USDC', friend), value: '0' }])
    const had = before?.ok ? (readWord(before.value, 0) ?? 0n) : 0n

    const replies = await chain.simulate(sentBy(wallet, calls))

    expect(replies[1]).toMatchObject({ ok: true, value: `0x${uintWord(had + 7n)}` })
    expect(replies[2]?.ok && replies[2].value).not.toBe(replies[1]?.ok && replies[1].value)
  })

  test('changes nothing', async () => {
    const { chain } = await open(instead)
    const state = async () => world().rpc('eth_getBlockByNumber', ['latest', false])
    const before = await state()

    await chain.simulate(sentBy(wallet, [transfer('USDC', friend, 7n)]))

    expect(await state()).toEqual(before)
    const [code] = await chain.read([{ kind: 'code', address: wallet }])
    expect(code).toEqual({ ok: true, value: '0x' })
  })

  test('goes on behind a call that fails, which changes nothing', async () => {
    const { chain } = await open(instead)
    const order: Order = { venue: 'uniswap-v2', from: 'USDC', to: 'ETH', amount: '3000000001' }
    const [approve, swap] = await swapOf(chain, { ...order, limit: baseUnits(10n ** 24n) })
    if (approve === undefined || swap === undefined) throw new RangeError('An approval and a swap.')
    const allowance: Call = {
      to: addressOf('USDC'),
      data: `0xdd62ed3e${addressWord(wallet)}${addressWord(swap.to)}`,
      value: '0',
    }

    const [first, second, third] = await chain.simulate(sentBy(wallet, [approve, swap, allowance]))

    expect([first?.ok, second?.ok, third?.ok]).toEqual([true, false, true])
    if (second?.ok !== false) throw new Error('It succeeded.')
    expect(decodeRevert(second.data, second.message)).toEqual({
      code: 'SLIPPAGE',
      reason: 'UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT',
    })
    expect(third?.ok && third.value).toBe(`0x${uintWord(2n ** 255n)}`)
  })

  test('tells a call that ran out of gas', async () => {
    const { chain } = await open(instead)
    const call = { ...transfer('USDC', friend, 7n), from: wallet, gas: 25_000 }

    const [reply] = await chain.simulate([call])

    if (reply?.ok !== false) throw new Error('It succeeded.')
    expect(decodeRevert(reply.data, reply.message).code).toBe('OUT_OF_GAS')
    expect(reply.gasUsed).toBeGreaterThanOrEqual(24_900)
    expect(reply.gasUsed).toBeLessThanOrEqual(25_100)
  })

  test('tells which call the wallet cannot pay for', async () => {
    const { chain } = await open(instead)
    const calls: Call[] = [
      transfer('USDC', friend, 7n),
      { to: friend, data: '0x', value: baseUnits(10n ** 24n) },
      transfer('USDC', friend, 8n),
    ]

    const replies = await chain.simulate(sentBy(wallet, calls))

    expect(replies.map(({ ok }) => ok)).toEqual([true, false, true])
    const poor = replies[1]
    expect(poor?.ok === false && decodeRevert(poor.data, poor.message).code).toBe('BALANCE')
  })

  test('lets the wallet be paid in native coin, with whatever gas its payer leaves it', async () => {
    const { chain } = await open(instead)
    const weth = addressOf('WETH')
    const wei = 10n ** 18n
    const unwrap: Call = { to: weth, data: `0x2e1a7d4d${uintWord(wei)}`, value: '0' }

    const replies = await chain.simulate(
      sentBy(wallet, [{ to: weth, data: '0xd0e30db0', value: baseUnits(wei) }, unwrap, balanceOf('WETH', wallet)]),
    )

    expect(replies.map(({ ok }) => ok)).toEqual([true, true, true])
    expect(replies[2]?.ok && replies[2].value).toBe(`0x${uintWord(0n)}`)
  })

  test('answers for several wallets, in the order of the calls', async () => {
    const { chain } = await open(instead)
    const ask = (from: Hex, holder: Hex): SimulatedCall => ({ ...balanceOf('DAI', holder), from, gas })
    const calls = [ask(wallet, wallet), ask(friend, addressOf('DAI')), ask(wallet, addressOf('WETH'))]
    const expected = await chain.read(calls.map(({ to, data }) => ({ kind: 'call', to, data })))

    const replies = await chain.simulate(calls)

    expect(replies.map((reply) => reply.ok && reply.value)).toEqual(expected.map((reply) => reply.ok && reply.value))
  })

  test('is of the state of a block', async () => {
    const { chain } = await open(instead)
    const head = await chain.block('latest')
    const ask = sentBy(wallet, [balanceOf('USDC', friend)])
    const [before] = await chain.simulate(ask)
    await happen(world(), sentBy(wallet, [transfer('USDC', friend, 7n)]))

    const [then] = await chain.simulate(ask, head?.number)
    const [now] = await chain.simulate(ask)

    expect(then?.ok && then.value).toBe(before?.ok && before.value)
    expect(now?.ok && now.value).not.toBe(before?.ok && before.value)
  })

  test('of a block that the node does not have is no answer', async () => {
    const { chain } = await open(instead)

    await expect(chain.simulate(sentBy(wallet, [balanceOf('USDC', friend)]), 1_000_000)).rejects.toThrow(EndpointError)
  })

  test('of nothing costs nothing', async () => {
    const { chain, methods } = await open(instead)

    expect(await chain.simulate([])).toEqual([])
    expect(methods()).toEqual([])
  })
})

describe('a simulation', () => {
  const calls = (): SimulatedCall[] => sentBy(wallet, [balanceOf('USDC', friend)])

  test('does not ask again for a method that the node lacks', async () => {
    const { chain, methods } = await open(lacking('eth_simulateV1'))

    await chain.simulate(calls())
    await chain.simulate(calls())

    expect(methods()).toEqual(['eth_simulateV1', 'eth_call', 'eth_call'])
  })

  test('asks again for a method that failed for another reason', async () => {
    const { chain, methods } = await open(({ method }) =>
      method === 'eth_simulateV1' ? { error: { code: -38_026, message: 'too many calls' } } : undefined,
    )

    await chain.simulate(calls())
    await chain.simulate(calls())

    expect(methods()).toEqual(['eth_simulateV1', 'eth_call', 'eth_simulateV1', 'eth_call'])
  })

  test('is not answered by nodes that ignore the code that a call brings along', async () => {
    const { chain } = await open((call) =>
      call.method === 'eth_call' ? { result: '0x' } : lacking('eth_simulateV1')(call),
    )

    await expect(chain.simulate(calls())).rejects.toThrow(EndpointError)
  })
})
