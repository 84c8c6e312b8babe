import { describe, expect, test } from 'vitest'
import { type Pooled, type Rules, refusal } from './gateRules.ts'

const rival: Pooled = { hash: '0xa', nonce: 7, maxFeePerGas: 1_000n, maxPriorityFeePerGas: 100n }
const view = { rival, nonceNext: 7, size: 1 }
const better = (fee: bigint, tip: bigint): Pooled => {
  return { ...rival, hash: '0xb', maxFeePerGas: fee, maxPriorityFeePerGas: tip }
}
const tooCheap = 'replacement transaction underpriced'

describe('a replacement', () => {
  test.each<[Rules, bigint, bigint, string | null]>([
    ['geth', 1_100n, 110n, null],
    ['geth', 1_099n, 110n, tooCheap],
    ['geth', 1_100n, 109n, tooCheap],
    ['geth', 2_000n, 100n, tooCheap],
    ['reth', 1_100n, 111n, tooCheap],
    ['reth', 1_101n, 110n, tooCheap],
    ['reth', 1_101n, 111n, null],
    ['anvil', 1_000n, 100n, null],
  ])('by the rules of %s for %d wei and a tip of %d: %s', (rules, fee, tip, words) => {
    expect(refusal(rules, better(fee, tip), view)).toBe(words)
  })

  test('of a transaction without a tip needs one in geth, and none in reth', () => {
    const free = { ...view, rival: { ...rival, maxPriorityFeePerGas: 0n } }

    expect(refusal('geth', better(1_200n, 1n), free)).toBeNull()
    expect(refusal('reth', better(1_200n, 0n), free)).toBeNull()
  })
})

describe('a transaction', () => {
  const empty = { rival: undefined, nonceNext: 7, size: 0 }

  test('that is in the pool is known', () => {
    expect(refusal('geth', rival, view)).toBe('already known')
    expect(refusal('reth', rival, view)).toBe('already known')
  })

  test('with a used nonce is too late', () => {
    expect(refusal('geth', rival, { ...empty, nonceNext: 9 })).toBe('nonce too low: next nonce 9, tx nonce 7')
    expect(refusal('reth', rival, { ...empty, nonceNext: 9 })).toBe('nonce too low: next nonce 9, tx nonce 7')
  })

  test('below the floor is underpriced', () => {
    expect(refusal('geth', better(1_000n, 0n), empty)).toMatch(/^transaction gas price below minimum/)
    expect(refusal('reth', better(6n, 0n), empty)).toBe('transaction underpriced')
    expect(refusal('reth', better(1_000n, 0n), empty)).toBeNull()
  })

  test('with more tip than fee is refused', () => {
    expect(refusal('geth', better(10n, 11n), empty)).toMatch(/^max priority fee per gas higher/)
  })

  test('finds geth’s pool full, unless it replaces another', () => {
    expect(refusal('geth', rival, { ...empty, size: 6_144 })).toBe('txpool is full')
    expect(refusal('geth', better(1_100n, 110n), { ...view, size: 6_144 })).toBeNull()
  })
})
