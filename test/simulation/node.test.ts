import { describe, expect, test } from 'vitest'
import { answersOf } from '../../scripts/simulate/answers.ts'
import { chainId, dai, factoryOf, routerOf, usdc, walletOf, wrapped } from '../../scripts/simulate/contracts.ts'
import { dialects } from '../../scripts/simulate/dialects.ts'
import { startNode } from '../../scripts/simulate/node.ts'
import { planSeed } from '../../scripts/simulate/plan.ts'
import { untold } from '../../scripts/simulate/story.ts'
import { buildWorld } from '../../scripts/simulate/world.ts'
import { rpcChain } from '../../src/chain/rpcChain.ts'
import { approveCall } from '../../src/dex/erc20.ts'
import { decodeRevert } from '../../src/dex/reverts.ts'
import { uniswapV2 } from '../../src/dex/uniswapV2.ts'
import type { BaseUnits } from '../../src/domain/amount.ts'
import { EndpointError } from '../../src/domain/errors.ts'
import type { Swap } from '../../src/domain/swap.ts'
import { realClock } from '../../src/runtime/realClock.ts'

const wallet = walletOf(0)
const dex = uniswapV2(
  { id: 'v0', kind: 'uniswapV2', router: routerOf(0) },
  { wrappedNative: wrapped.address, factory: factoryOf(routerOf(0)) },
)
const sale: Swap = { wallet, tokenIn: dai, tokenOut: usdc, side: 'sell', amount: '1000000000000000001' }

/** One simulated node of that kind, which answers at once, and the chain over it. */
function open(client: string) {
  const world = buildWorld(planSeed(1, []), untold)
  const { ledger, timeline } = world
  const dialect = dialects.find((one) => one.client === client)
  if (dialect === undefined) throw new RangeError(`No client ${client}.`)
  const node = startNode({ name: client, dialect, ledger, poolMax: 10, now: timeline.now })
  const { answer } = answersOf({
    node,
    ledger,
    now: timeline.now,
    hasBaseFee: true,
    tip: () => 1n,
    onNull: () => {},
  })
  const methods: string[] = []
  const endpoint = {
    name: client,
    request: async (method: string, params: readonly unknown[]) => {
      methods.push(method)
      return answer(method, params)
    },
    close: () => Promise.resolve(),
  }
  const chain = rpcChain({
    chainId,
    sources: [{ endpoint, health: { standing: 'healthy', note: () => {} } }],
    relays: [],
    clock: realClock(),
    ready: () => Promise.resolve(),
    onBestHead: () => {},
    close: () => Promise.resolve(),
  })
  /** A block in which a stranger moves the pool; the node hears of it where that is wanted. */
  const mine = ({ isHeard }: { isHeard: boolean }) => {
    const parent = ledger.tip()
    const block = ledger.build(parent, {
      timestampS: parent.timestampS + 12,
      candidates: [],
      gasUsed: 0n,
      move: ({ coins }) => {
        for (const key of coins.keys()) if (key.startsWith(dai.address)) coins.set(key, (coins.get(key) ?? 0n) * 2n)
      },
    })
    ledger.adopt(block, timeline.now())
    if (isHeard) node.hear(block)
  }
  return { chain, mine, methods }
}

/** What the venue's only pool of the two tokens says at a block, and what it quotes there. */
async function priceAt({ chain }: ReturnType<typeof open>, at?: number) {
  const pools = dex.poolRequest(sale)
  const market = dex.marketRequest(sale, pools.answer(await chain.read(pools.reads, at)).pools)
  const quote = dex.quoteRequest(sale)
  return {
    closedForm: market.answer(await chain.read(market.reads, at)).closedForm,
    quoted: quote.answer(await chain.read(quote.reads, at)).amount,
  }
}

describe.each(dialects.map(({ client }) => client))('a simulated %s', (client) => {
  test('has the pools of its venues, with the reserves that their quotes come from', async () => {
    const { closedForm, quoted } = await priceAt(open(client))

    if (closedForm === null) throw new Error('There is no pool.')
    const paid = BigInt(sale.amount) * BigInt(1_000_000 - closedForm.feePpm)
    const expected = (paid * BigInt(closedForm.reserveOut)) / (BigInt(closedForm.reserveIn) * 1_000_000n + paid)
    expect(BigInt(quoted)).toBe(expected)
  })

  test('has the state of each of its blocks, and of none that it has not heard of', async () => {
    const opened = open(client)
    const before = await priceAt(opened)
    opened.mine({ isHeard: true })
    opened.mine({ isHeard: false })

    const then = await priceAt(opened, 0)
    const now = await priceAt(opened, 1)

    expect(then).toEqual(before)
    expect(now).not.toEqual(before)
    await expect(priceAt(opened, 2)).rejects.toThrow(EndpointError)
    await expect(opened.chain.simulate([{ from: wallet, to: wallet, data: '0x', value: '0' }], 2)).rejects.toThrow(
      EndpointError,
    )
  })

  test('tries an approval and swaps in a row, each upon the other', async () => {
    const { chain } = open(client)
    const quote = dex.quoteRequest(sale)
    const { amount } = quote.answer(await chain.read(quote.reads))
    const terms = (limit: BaseUnits) => ({ quote: { amount }, limit, deadlineS: 4_000_000_000 })
    const calls = [
      dex.swapCall(sale, terms('1')),
      approveCall({ token: dai.address, spender: routerOf(0) }, sale.amount),
      dex.swapCall(sale, terms(amount)),
      { to: walletOf(1), data: '0x', value: '1000000000000000000000000' } as const,
    ].map((call) => ({ ...call, from: wallet, gas: 300_000 }))

    const replies = await chain.simulate(calls)

    const verdicts = replies.map((reply) => reply.ok || decodeRevert(reply.data, reply.message).code)
    expect(verdicts).toEqual(['ALLOWANCE', true, true, 'BALANCE'])
  })

  test('says what a swap comes to, if it has a method for that', async () => {
    const { chain, methods } = open(client)
    const swap: Swap = { ...sale, tokenIn: { ...wrapped, address: 'native' } }
    const quote = dex.quoteRequest(swap)
    const quoted = quote.answer(await chain.read(quote.reads))
    const call = dex.swapCall(swap, { quote: quoted, limit: '1', deadlineS: 4_000_000_000 })

    const [reply] = await chain.simulate([{ ...call, from: wallet, gas: 300_000 }])

    const simulates = dialects.find((one) => one.client === client)?.simulates
    const logs = reply?.ok ? reply.logs : undefined
    expect(logs === undefined || logs === null ? logs : dex.fill(swap, { logs })).toEqual(
      simulates ? { amountIn: swap.amount, amountOut: quoted.amount } : null,
    )
    expect(methods.at(-1)).toBe(simulates ? 'eth_simulateV1' : 'eth_call')
    expect(reply?.gasUsed).toBeGreaterThan(100_000)
    expect(reply?.gasUsed).toBeLessThan(140_000)
  })
})
