import { expect, test } from 'vitest'
import { venueSchema } from '../src/configVenues.ts'
import type { VenueConfig } from '../src/dex/openDex.ts'

const [router, quoter, other] = ['aA', 'bB', 'cC'].map((byte) => `0x${byte.repeat(20)}`) as [string, string, string]
const [low, lowQuoter, lowOther] = [router, quoter, other].map((address) => address.toLowerCase())
const pool = `0x${'aB'.repeat(32)}`

test.each([
  [{ id: 'a', kind: 'uniswapV2', router }, { router: low }],
  [
    { id: 'a', kind: 'uniswapV2', router, wrappedNative: other, feePpm: 2500 },
    { router: low, wrappedNative: lowOther, feePpm: 2500 },
  ],
  [
    { id: 'a', kind: 'uniswapV3', router, quoter },
    { router: low, quoter: lowQuoter, feeTiers: [100, 500, 3000, 10_000] },
  ],
  [
    { id: 'a', kind: 'uniswapV3', router, quoter, feeTiers: [2500] },
    { router: low, quoter: lowQuoter, feeTiers: [2500] },
  ],
  [
    { id: 'a', kind: 'algebra', router, quoter },
    { router: low, quoter: lowQuoter },
  ],
  [
    { id: 'a', kind: 'balancerV2', vault: router, pools: [pool] },
    { vault: low, pools: [pool.toLowerCase()] },
  ],
  [
    { id: 'a', kind: 'uniswapV4', router, quoter, stateView: other },
    {
      router: low,
      quoter: lowQuoter,
      stateView: lowOther,
      pools: expect.arrayContaining([{ feePpm: 500, tickSpacing: 10 }]),
    },
  ],
  [
    {
      id: 'a',
      kind: 'uniswapV4',
      router,
      quoter,
      stateView: other,
      permit2: other,
      pools: [{ feePpm: 0, tickSpacing: 1 }],
    },
    { stateView: lowOther, permit2: lowOther, pools: [{ feePpm: 0, tickSpacing: 1 }] },
  ],
])('a venue of each kind is taken as it is configured: %j', (given, expected) => {
  const venue: VenueConfig = venueSchema.parse(given)

  expect(venue).toMatchObject({ id: given.id, kind: given.kind, ...expected })
})

test.each([
  ['pools', { kind: 'balancerV2', vault: router, pools: [router] }],
  ['pools', { kind: 'balancerV2', vault: router, pools: [] }],
  ['stateView', { kind: 'uniswapV4', router, quoter }],
  ['pools', { kind: 'uniswapV4', router, quoter, stateView: other, pools: [{ feePpm: 500 }] }],
  ['pools', { kind: 'uniswapV4', router, quoter, stateView: other, pools: [{ feePpm: 500, tickSpacing: 0 }] }],
  ['pools', { kind: 'uniswapV4', router, quoter, stateView: other, pools: [{ feePpm: 1_000_000, tickSpacing: 1 }] }],
  ['feePpm', { kind: 'uniswapV2', router, feePpm: 0.3 }],
  ['kind', { kind: 'uniswapV5', router }],
])('a fault in %s is found: %j', (field, given) => {
  const parsed = venueSchema.safeParse({ id: 'a', ...given })

  expect(parsed.success).toBe(false)
  expect(parsed.error?.issues[0]?.path[0]).toBe(field)
})
