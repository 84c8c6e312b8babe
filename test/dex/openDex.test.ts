import { expect, test } from 'vitest'
import { openDex } from '../../src/dex/openDex.ts'
import { addressWord } from '../../src/dex/words.ts'
import { EndpointError, NotAContractError } from '../../src/domain/errors.ts'
import type { Hex } from '../../src/domain/hex.ts'
import type { Reader, ReadReply } from '../../src/domain/read.ts'
import { addresses, swapOf, tokens } from './swaps.ts'

const { router, quoter, weth, usdc, pool } = addresses
const v2 = { id: 'uniswap-v2', kind: 'uniswapV2', router } as const
const v3 = { id: 'uniswap-v3', kind: 'uniswapV3', router, quoter } as const
const factory = '0xc45a0155'
const factoryV2 = '0x68e0d4e1'
const WETH = '0xad5c4648'
const WETH9 = '0x4aa4a4fc'

/** A chain where each of these contracts answers each of these selectors with an address, and every other call reverts. */
function chainOf(contracts: Record<Hex, Record<Hex, Hex>>): Reader & { trips: number } {
  const chain = {
    trips: 0,
    read: async (reads: Parameters<Reader['read']>[0]): Promise<ReadReply[]> => {
      chain.trips += 1
      return reads.map((read) => {
        if (read.kind === 'code') return { ok: true, value: contracts[read.address] === undefined ? '0x' : '0x6001' }
        const answer = read.kind === 'call' ? contracts[read.to]?.[read.data] : undefined
        return answer ? { ok: true, value: `0x${addressWord(answer)}` } : { ok: false, message: 'execution reverted' }
      })
    },
  }
  return chain
}

const v3Contracts = {
  [router]: { [WETH9]: weth, [factory]: pool, [factoryV2]: usdc },
  [quoter]: { [factory]: pool },
}

test('a V2 venue learns the wrapped coin from its router, in one round trip', async () => {
  const chain = chainOf({ [router]: { [factory]: pool, [WETH]: weth } })

  const dex = await openDex(v2, chain)

  const [read] = dex.quoteRequest(swapOf()).reads
  expect(read).toMatchObject({ kind: 'call', data: expect.stringContaining(addressWord(weth)) })
  expect(chain.trips).toBe(1)
})

test('a configured wrapped coin stands in for a router that does not name it as Uniswap does', async () => {
  const chain = chainOf({ [router]: { [factory]: pool }, [weth]: {} })

  const dex = await openDex({ ...v2, wrappedNative: weth }, chain)

  const [read] = dex.quoteRequest(swapOf({ tokenIn: tokens.USDC, tokenOut: tokens.ETH })).reads
  expect(read).toMatchObject({ kind: 'call', data: expect.stringContaining(addressWord(weth)) })
})

test('a V3 venue learns the wrapped coin from its router, in one round trip', async () => {
  const chain = chainOf(v3Contracts)

  const dex = await openDex(v3, chain)

  const [read] = dex.quoteRequest(swapOf()).reads
  expect(read).toMatchObject({ kind: 'call', to: quoter, data: expect.stringContaining(addressWord(weth)) })
  expect(chain.trips).toBe(1)
})

test.each([
  ['venues[1].router is not a contract', v2, {}],
  ['venues[1].router is not a Uniswap V2 router', v2, { [router]: {} }],
  ['venues[1].router is not a Uniswap V2 router', v2, { [router]: { [factory]: pool } }],
  ['venues[1].wrappedNative is not a contract', { ...v2, wrappedNative: weth }, { [router]: { [factory]: pool } }],
  ['venues[1].router is not a contract', v3, { [quoter]: {} }],
  ['venues[1].quoter is not a contract', v3, { [router]: {} }],
  [
    'venues[1].router is not a Uniswap SwapRouter02',
    v3,
    { ...v3Contracts, [router]: { [WETH9]: weth, [factory]: pool } },
  ],
  ['venues[1].quoter is not a Uniswap V3 quoter', v3, { ...v3Contracts, [quoter]: {} }],
  ['venues[1].quoter prices the pools of another factory', v3, { ...v3Contracts, [quoter]: { [factory]: usdc } }],
] as const)('opening says that %s', async (message, venue, contracts) => {
  const opening = openDex(venue, chainOf(contracts), 'venues[1]')

  await expect(opening).rejects.toThrow(NotAContractError)
  await expect(opening).rejects.toThrow(message)
})

test('a node that cannot answer is not taken for a missing contract', async () => {
  const chain = { read: async () => [{ ok: false, message: 'header not found' } as const] }

  const opening = openDex(v2, chain)

  await expect(opening).rejects.toThrow(EndpointError)
})
