import { Interface } from 'ethers'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { bundle, findMulticall, isBundled, multicallAddress, unbundle } from '../../src/chain/multicall.ts'
import { openDex } from '../../src/dex/openDex.ts'
import { decodeRevert } from '../../src/dex/reverts.ts'
import { type Hex, lowerHex } from '../../src/domain/hex.ts'
import type { Read, ReadReply } from '../../src/domain/read.ts'
import type { Swap } from '../../src/domain/swap.ts'
import type { Token } from '../../src/domain/token.ts'
import { addressWord } from '../../src/domain/words.ts'
import { useWorld } from '../support/anvil.ts'
import { placeMulticall } from '../support/multicall.ts'
import { chainOver, type Instead, passing } from './realNode.ts'
import { useServers } from './rpcServer.ts'

const multicall3 = new Interface([
  'function aggregate3((address target, bool allowFailure, bytes callData)[] calls) returns ((bool success, bytes returnData)[])',
  'function getEthBalance(address) view returns (uint256)',
])
/** Of what the quoter returns: four words. */
const quoteLength = 2 + 4 * 64
const hexOf = (bytes: Uint8Array): Hex => `0x${Buffer.from(bytes).toString('hex')}`
const address = fc.uint8Array({ minLength: 20, maxLength: 20 }).map(hexOf)
const bytes = fc.uint8Array({ maxLength: 100 }).map(hexOf)
const anyRead = fc.oneof(
  fc.record({ kind: fc.constant('call' as const), to: address, data: bytes }),
  fc.record({ kind: fc.constant('balance' as const), address }),
)

describe('a bundle', () => {
  test('is what an ABI encoder makes of it', () => {
    fc.assert(
      fc.property(fc.array(anyRead, { minLength: 1, maxLength: 8 }), (reads) => {
        const calls = reads.map((read) =>
          read.kind === 'call'
            ? [read.to, true, read.data]
            : [multicallAddress, true, multicall3.encodeFunctionData('getEthBalance', [read.address])],
        )

        expect(bundle(reads, multicallAddress)).toBe(multicall3.encodeFunctionData('aggregate3', [calls]))
      }),
    )
  })

  test('is read as an ABI encoder writes its answer, and what is cut off says nothing', () => {
    const result = fc.tuple(fc.boolean(), bytes)
    fc.assert(
      fc.property(fc.array(result, { minLength: 1, maxLength: 8 }), fc.nat(), (results, cut) => {
        const reads: Read[] = results.map(() => ({ kind: 'call', to: multicallAddress, data: '0x' }))
        const told = lowerHex(multicall3.encodeFunctionResult('aggregate3', [results]))
        const whole = results.map(([success, value]) => (success ? { ok: true, value } : null))

        expect(unbundle(told, reads)).toEqual(whole)
        const part = unbundle(told.slice(0, 2 + (cut % (told.length - 2))) as Hex, reads)
        part.forEach((reply, index) => {
          expect([null, whole[index]]).toContainEqual(reply)
        })
      }),
    )
  })

  test('has nothing in it that depends on who asks or pays', () => {
    const call = { kind: 'call', to: multicallAddress, data: '0x' } as const

    expect([call, { ...call, from: multicallAddress }, { ...call, value: '1' } as const].map(isBundled)).toEqual([
      true,
      false,
      false,
    ])
  })
})

describe('reads by the chain’s multicall contract', () => {
  const start = useServers()
  const world = useWorld({ mining: 'manual' })
  let reads: readonly Read[] = []

  beforeEach(async () => {
    await placeMulticall(world())
    reads = await manyReads()
  })

  /** One chain with the contract and one without, each at a node of its own account. */
  async function open(instead?: Instead) {
    const server = await start(passing(world().url, instead))
    const bundled = chainOver([server.url], multicallAddress).chain
    const plain = chainOver([world().url]).chain
    return { bundled, plain, requests: server.requests }
  }

  function token(name: 'ETH' | 'WETH' | 'USDC' | 'DAI'): Token {
    return { symbol: name, address: world().tokens[name], decimals: name === 'USDC' ? 6 : 18 }
  }

  /** Quotes of every venue for many sizes, balances, and what a multicall contract cannot read. */
  async function manyReads(): Promise<Read[]> {
    const { chain } = chainOver([world().url])
    const [account] = world().accounts
    const wallet = account?.address ?? '0x'
    const quotes: Read[] = []
    for (const venue of world().venues) {
      const dex = await openDex(venue, chain)
      for (const size of [1n, 10n, 100n]) {
        const swap: Swap = {
          wallet,
          tokenIn: token('ETH'),
          tokenOut: token('USDC'),
          side: 'sell',
          amount: `${size * 10n ** 17n}`,
        }
        quotes.push(...dex.quoteRequest(swap).reads)
      }
    }
    const usdc = world().tokens.USDC
    return [
      { kind: 'balance', address: wallet },
      ...quotes,
      { kind: 'code', address: usdc },
      { kind: 'call', to: usdc, data: `0x70a08231${addressWord(wallet)}` },
      { kind: 'call', to: usdc, data: '0x18160ddd', from: wallet },
      { kind: 'balance', address: multicallAddress },
      { kind: 'call', to: wallet, data: '0x12345678' },
    ]
  }

  /** Replies without what the quoter says of its own gas: behind other quotes of the same pool it takes less. */
  function comparable(replies: readonly ReadReply[]): ReadReply[] {
    return replies.map((reply) =>
      reply.ok && reply.value.length === quoteLength ? { ok: true, value: reply.value.slice(0, -64) as Hex } : reply,
    )
  }

  /** A call that fails with a reason, and one that fails without. */
  function failing(): Read[] {
    const router = world().venues[0]?.router ?? '0x'
    const path = addressWord(world().tokens.USDC) + addressWord(world().tokens.DAI)
    const none = `${'0'.repeat(64)}${'40'.padStart(64, '0')}${'2'.padStart(64, '0')}`
    return [
      { kind: 'call', to: router, data: `0xd06ca61f${none}${path}` },
      { kind: 'call', to: world().tokens.USDC, data: '0x12345678' },
    ]
  }

  test('come to the same as reads one by one, in one request and few calls', async () => {
    const { bundled, plain, requests } = await open()

    const replies = await bundled.read(reads)

    expect(comparable(replies)).toEqual(comparable(await plain.read(reads)))
    expect(requests[0]?.map(({ method }) => method)).toEqual(['eth_call', 'eth_getCode', 'eth_call'])
  })

  test('come in one request where none fails', async () => {
    const { bundled, plain, requests } = await open()
    const expected = await plain.read(reads)
    const sound = reads.filter((_, index) => expected[index]?.ok)

    await bundled.read(sound)

    expect(requests).toHaveLength(1)
    expect(sound.length).toBeGreaterThan(12)
  })

  test('have what a contract said against them, in the node’s own words', async () => {
    const { bundled, plain, requests } = await open()
    const mixed = [...failing(), ...reads]

    const replies = await bundled.read(mixed)

    expect(comparable(replies)).toEqual(comparable(await plain.read(mixed)))
    const [reasoned] = replies
    expect(reasoned?.ok === false && decodeRevert(reasoned.data, reasoned.message).reason).toBe(
      'UniswapV2Library: INSUFFICIENT_INPUT_AMOUNT',
    )
    expect(requests).toHaveLength(2)
  })

  test('are of the state of a block', async () => {
    const { bundled, plain } = await open()
    await world().mine()
    const head = await plain.block('latest')
    const [wallet, friend] = world().accounts
    const payment = { from: wallet?.address, to: friend?.address, value: '0xde0b6b3a7640000' }
    await world().rpc('eth_sendTransaction', [payment])
    await world().mine()

    const then = await bundled.read(reads, head?.number)
    const now = await bundled.read(reads)

    expect(comparable(then)).toEqual(comparable(await plain.read(reads, head?.number)))
    expect(then[0]).not.toEqual(now[0])
  })

  test('are asked one by one where the contract is not there, or not yet', async () => {
    const { bundled, plain } = await open()
    await world().rpc('anvil_setCode', [multicallAddress, '0x'])

    expect(await bundled.read(reads)).toEqual(await plain.read(reads))
  })

  test.each([
    ['gas', { code: -32000, message: 'out of gas: gas required exceeds: 50000000' }],
    ['time', { code: -32000, message: 'execution aborted (timeout = 5s)' }],
    ['size', { code: 3, message: 'execution reverted', data: '0x' }],
  ])('are asked one by one where all together are too much for the node’s %s', async (_, error) => {
    const tooMuch: Instead = ({ method, params }) => {
      const { to } = Object(params[0])
      return method === 'eth_call' && to === multicallAddress ? { error } : undefined
    }
    const { bundled, plain, requests } = await open(tooMuch)

    expect(await bundled.read(reads)).toEqual(await plain.read(reads))
    expect(requests).toHaveLength(2)
  })

  test('are not asked one by one where the node does not have the block', async () => {
    const { bundled, requests } = await open()

    await expect(bundled.read(reads, 1_000_000)).rejects.toThrow('Every endpoint failed.')

    expect(requests).toHaveLength(1)
  })

  test('travel by the sixty, all in one request', async () => {
    const { bundled, requests } = await open()
    const [wallet] = world().accounts
    const many = Array.from({ length: 121 }, (): Read => ({ kind: 'balance', address: wallet?.address ?? '0x' }))

    const replies = await bundled.read(many)

    expect(new Set(replies.map((reply) => reply.ok && reply.value)).size).toBe(1)
    expect(requests.map((calls) => calls.map(({ method }) => method))).toEqual([['eth_call', 'eth_call', 'eth_call']])
  })

  test('need none for a single one', async () => {
    const { bundled, requests } = await open()

    await bundled.read(reads.slice(0, 1))

    expect(requests.flat().map(({ method }) => method)).toEqual(['eth_getBalance'])
  })

  test('are made where the contract is found', async () => {
    const { plain } = await open()
    const found = await findMulticall(plain)
    await world().rpc('anvil_setCode', [multicallAddress, '0x'])

    expect([found, await findMulticall(plain)]).toEqual([multicallAddress, null])
    expect(await findMulticall(chainOver(['http://127.0.0.1:1']).chain)).toBeUndefined()
  })
})
