import { Contract, JsonRpcProvider } from 'ethers'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { poolInput, poolOf, poolOutput } from '../../src/distribution/constantProduct.ts'
import { integerRoot } from '../../src/distribution/integers.ts'
import { useWorld } from '../support/anvil.ts'

const library = [
  'function getAmountOut(uint256 amountIn, uint256 reserveIn, uint256 reserveOut) pure returns (uint256)',
  'function getAmountIn(uint256 amountOut, uint256 reserveIn, uint256 reserveOut) pure returns (uint256)',
]

/** What a pair's counters hold at most. */
const reserve = fc.bigInt({ min: 1n, max: 2n ** 112n - 1n })
const pool = fc.record({ reserveIn: reserve, reserveOut: reserve })

describe('against the router itself', () => {
  const world = useWorld({ mining: 'manual' })
  let provider: JsonRpcProvider

  beforeAll(() => {
    provider = new JsonRpcProvider(world().url, world().chainId, { staticNetwork: true, cacheTimeout: -1 })
  })
  afterAll(() => provider.destroy())

  const router = () => world().venues.find(({ id }) => id === 'uniswap-v2')?.router ?? expect.fail()

  const ask = (name: 'getAmountOut' | 'getAmountIn', args: readonly bigint[]): Promise<bigint> =>
    new Contract(router(), library, provider).getFunction(name).staticCall(...args)

  test('output and input are the router’s to the unit', async () => {
    const property = fc.asyncProperty(pool, reserve, async ({ reserveIn, reserveOut }, amount) => {
      const ours = poolOf({ reserveIn: `${reserveIn}`, reserveOut: `${reserveOut}`, feePpm: 3000 })
      const wanted = 1n + (amount % reserveOut)

      expect(poolOutput(ours, amount)).toBe(await ask('getAmountOut', [amount, reserveIn, reserveOut]))
      if (wanted < reserveOut)
        expect(poolInput(ours, wanted)).toBe(await ask('getAmountIn', [wanted, reserveIn, reserveOut]))
    })
    await fc.assert(property, { numRuns: 150 })
  })
})

describe('for any fee', () => {
  const anyPool = fc.record({ reserveIn: reserve, reserveOut: reserve, feePpm: fc.integer({ min: 0, max: 999_999 }) })

  test('the output leaves the product of the reserves no smaller, and one more would not', () => {
    const property = fc.property(anyPool, reserve, ({ reserveIn, reserveOut, feePpm }, amount) => {
      const output = poolOutput(poolOf({ reserveIn: `${reserveIn}`, reserveOut: `${reserveOut}`, feePpm }), amount)

      // In millionths of the input, as the pair itself checks it.
      const after = reserveIn * 1_000_000n + amount * (1_000_000n - BigInt(feePpm))
      const before = reserveIn * reserveOut * 1_000_000n
      expect(after * (reserveOut - output)).toBeGreaterThanOrEqual(before)
      expect(after * (reserveOut - output - 1n)).toBeLessThan(before)
    })
    fc.assert(property, { numRuns: 2_000 })
  })

  test('the input buys what was wanted, and two units less does not', () => {
    const property = fc.property(anyPool, reserve, ({ reserveIn, reserveOut, feePpm }, amount) => {
      const ours = poolOf({ reserveIn: `${reserveIn}`, reserveOut: `${reserveOut}`, feePpm })
      const wanted = 1n + (amount % reserveOut)
      fc.pre(wanted < reserveOut)

      const input = poolInput(ours, wanted)

      expect(poolOutput(ours, input)).toBeGreaterThanOrEqual(wanted)
      if (input > 2n) expect(poolOutput(ours, input - 2n)).toBeLessThan(wanted)
    })
    fc.assert(property, { numRuns: 2_000 })
  })

  test('a pool that is empty, or that would be, is no liquidity', () => {
    const shallow = poolOf({ reserveIn: '10', reserveOut: '10', feePpm: 3000 })

    expect(() => poolOf({ reserveIn: '0', reserveOut: '10', feePpm: 3000 })).toThrow(/empty/)
    expect(() => poolOf({ reserveIn: '10', reserveOut: '10', feePpm: 1_000_000 })).toThrow(/keeps all/)
    expect(() => poolInput(shallow, 10n)).toThrow(/holds no more/)
  })
})

test('the root of a whole number is rounded down', () => {
  const property = fc.property(fc.bigInt({ min: 0n, max: 2n ** 900n }), (square) => {
    const root = integerRoot(square)

    expect(root * root).toBeLessThanOrEqual(square)
    expect((root + 1n) * (root + 1n)).toBeGreaterThan(square)
  })
  fc.assert(property, { numRuns: 5_000 })
})
