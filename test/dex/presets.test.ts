import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { unpackReleases } from '../../scripts/presets/releases.ts'
import { renderPresets } from '../../scripts/presets/render.ts'
import { networks, venuesByChain } from '../../scripts/presets/venues.ts'
import { parseOptions } from '../../src/config.ts'
import type { Hex } from '../../src/domain/hex.ts'
import { type OpenOptions, venuePresets } from '../../src/index.ts'

const file = resolve(import.meta.dirname, '../../src/dex/presetVenues.ts')
const chainIds = Object.keys(networks).map(Number)
const poolId: Hex = `0x${'5c'.repeat(32)}`

describe('the presets', () => {
  test('are what the packages say', async () => {
    const written = renderPresets(venuesByChain(await unpackReleases()))

    expect(readFileSync(file, 'utf8')).toBe(written)
  }, 300_000)

  test.each(chainIds)('are a valid configuration on chain %i', (chainId) => {
    const options: OpenOptions = {
      chain: { chainId, rpcUrls: ['http://127.0.0.1:8545'] },
      wallets: [{ privateKeyEnv: 'TEST_KEY' }],
      tokens: { ETH: 'native', USDC: `0x${'aa'.repeat(20)}` },
      venues: venuePresets(chainId, { balancerPools: [poolId] }),
    }

    const { venues } = parseOptions(options)

    expect(venues.length).toBeGreaterThanOrEqual(4)
    for (const [index, venue] of options.venues.entries()) expect(venues[index]).toMatchObject(venue)
  })

  test.each(chainIds)('have lower-case addresses, and no contract in two roles, on chain %i', (chainId) => {
    const venues = venuePresets(chainId)

    const roles = venues.flatMap((venue) =>
      Object.entries(venue).filter(([, value]) => typeof value === 'string' && value.startsWith('0x')),
    )

    for (const [, address] of roles) expect(address).toMatch(/^0x[0-9a-f]{40}$/)
    expect(new Set(roles.map(([, address]) => address)).size).toBe(roles.length)
  })

  // From the projects' own pages, by hand: a table that is read under a wrong name would agree with itself.
  test('are the contracts that everybody knows on Ethereum', () => {
    const venues = Object.fromEntries(venuePresets(1, { balancerPools: [poolId] }).map((venue) => [venue.id, venue]))

    expect(venues).toMatchObject({
      'uniswap-v2': { kind: 'uniswapV2', router: '0x7a250d5630b4cf539739df2c5dacb4c659f2488d' },
      'uniswap-v3': {
        kind: 'uniswapV3',
        router: '0x68b3465833fb72a70ecdf485e0e4c7bd8665fc45',
        quoter: '0x61ffe014ba17989e743c5f6cb21bf9697530b21e',
      },
      'uniswap-v4': {
        kind: 'uniswapV4',
        router: '0x66a9893cc07d91d95644aedd05d03f95e1dba8af',
        quoter: '0x52f0e24d1c21c8a0cb1e5a5dd6198556bd9e1203',
        stateView: '0x7ffe42c4a5deea5b0fec41c94c136cf115597227',
        permit2: '0x000000000022d473030f116ddee9f6b43ac78ba3',
      },
      'sushi-v2': { kind: 'uniswapV2', router: '0xd9e1ce17f2641f24ae83637ab66a2cca9c378b9f' },
      'pancake-v2': { kind: 'uniswapV2', router: '0xeff92a263d31888d860bd50809a8d171709b7b1c', feePpm: 2500 },
      'pancake-v3': { kind: 'uniswapV3', router: '0x13f4ea83d0bd40e75c8222255bc855a974568dd4' },
      'balancer-v2': { kind: 'balancerV2', vault: '0xba12222222228d8ba445958a75a0704d566bf2c8', pools: [poolId] },
    })
  })

  test('leave Balancer out where no pools are named', () => {
    const ids = venuePresets(1).map(({ id }) => id)

    expect(ids).toEqual(['uniswap-v2', 'uniswap-v3', 'uniswap-v4', 'sushi-v2', 'pancake-v2', 'pancake-v3'])
  })

  test('are the caller’s own to change', () => {
    const [changed] = venuePresets(1)
    if (changed !== undefined) changed.id = 'mine'

    const [again] = venuePresets(1)

    expect(again?.id).toBe('uniswap-v2')
  })

  test('say which chains they are for', () => {
    const ask = () => venuePresets(999)

    expect(ask).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG', message: expect.stringContaining('43114') }))
  })
})
