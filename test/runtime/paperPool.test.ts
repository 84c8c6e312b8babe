import { describe, expect, test } from 'vitest'
import type { Hex } from '../../src/domain/hex.ts'
import { type Pending, paperPool } from '../../src/runtime/paperPool.ts'

const wallet: Hex = `0x${'a1'.repeat(20)}`
const other: Hex = `0x${'a2'.repeat(20)}`

function sent(nonce: number, fee: bigint, { tip = fee, from = wallet } = {}): Pending {
  const hash: Hex = `0x${[from.slice(2, 4), nonce, fee, tip].join('0')}`
  const transaction = {
    chainId: 1,
    nonce,
    to: wallet,
    data: '0x' as const,
    value: '0' as const,
    gasLimit: 21_000,
    maxFeePerGas: `${fee}` as const,
    maxPriorityFeePerGas: `${tip}` as const,
  }
  return { wallet: from, hash, transaction, raw: hash }
}

describe('the pool of paper mode', () => {
  test('takes the same transaction again, and one with its nonce for a tenth more of both fees alone', () => {
    const pool = paperPool()
    const verdict = (one: Pending): string => pool.add(one, 5).verdict

    const verdicts = [
      verdict(sent(5, 100n)),
      verdict(sent(5, 100n)),
      verdict(sent(5, 109n)),
      verdict(sent(5, 200n, { tip: 109n })),
      verdict(sent(5, 110n)),
      verdict(sent(4, 900n)),
    ]

    expect(verdicts).toEqual(['accepted', 'accepted', 'outbid', 'outbid', 'accepted', 'nonceTooLow'])
    expect(pool.payable(null, () => 5)).toEqual([sent(5, 110n)])
  })

  test('offers a block what it pays for, in the order of nonces, and nothing behind a gap', () => {
    const pool = paperPool()
    for (const [nonce, fee] of [
      [7, 100n],
      [5, 100n],
      [6, 50n],
      [9, 100n],
    ] as const)
      pool.add(sent(nonce, fee), 5)
    pool.add(sent(1, 80n, { from: other }), 1)
    const nonces = (baseFee: bigint | null): number[] =>
      pool.payable(baseFee, (of) => (of === wallet ? 5 : 1)).map(({ transaction }) => transaction.nonce)

    expect([nonces(40n), nonces(60n), nonces(90n), nonces(101n), nonces(null)]).toEqual([
      [5, 6, 7, 1],
      [5, 1],
      [5],
      [],
      [5, 6, 7, 1],
    ])
  })

  test('drops what is used up, and is full at some time', () => {
    const pool = paperPool()
    for (let nonce = 0; nonce < 4_096; nonce += 1) pool.add(sent(nonce, 100n), 0)

    const full = pool.add(sent(4_096, 100n), 0).verdict
    pool.drop(wallet, 4_000)
    const after = pool.add(sent(4_096, 100n), 4_000).verdict

    expect([full, after]).toEqual(['poolFull', 'accepted'])
    expect(pool.has(sent(0, 100n).hash)).toBe(false)
    expect(pool.payable(100n, () => 4_000)).toHaveLength(97)
  })
})
