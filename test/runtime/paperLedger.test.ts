import { describe, expect, test } from 'vitest'
import type { Grant } from '../../src/dex/erc20.ts'
import type { Hex } from '../../src/domain/hex.ts'
import { openPaperLedger, type PaperBlock } from '../../src/runtime/paperLedger.ts'
import { memoryStore } from '../../src/store/memoryStore.ts'
import type { Store } from '../../src/store/store.ts'

const wallet: Hex = `0x${'a1'.repeat(20)}`
const other: Hex = `0x${'a2'.repeat(20)}`
const token: Hex = `0x${'d1'.repeat(20)}`
const grant: Grant = { wallet, token, spender: `0x${'c1'.repeat(20)}` }

const open = (store: Store) => openPaperLedger(store, [wallet, other], () => Promise.resolve(5))

function hashOf(number: number): Hex {
  return `0x${number.toString(16).padStart(64, '0')}`
}

/** A block in which the wallet spent its next nonce, and so many units of a token. */
function blockOf(number: number, nonce: number, amount: bigint, allowed = amount): PaperBlock {
  const receipt = {
    hash: hashOf(1_000_000 + nonce),
    blockNumber: number,
    blockHash: hashOf(number),
    succeeded: true,
    gasUsed: 21_000,
    effectiveGasPrice: '1' as const,
    logs: [],
  }
  return {
    number,
    hash: hashOf(number),
    mined: [{ wallet, nonce, raw: `0x${nonce.toString(16)}`, receipt }],
    changes: [{ wallet, token, amount: `${amount}` }],
    allowances: [{ grant, amount: `${allowed}` }],
  }
}

describe('the ledger of paper mode', () => {
  test('says of each block what had happened by then, for each wallet', async () => {
    const ledger = await open(memoryStore())
    await ledger.add(blockOf(10, 5, -7n, 3n))
    await ledger.add(blockOf(12, 6, 4n, 0n))

    const seen = [9, 10, 11, 12].map((at) => ({
      nonce: ledger.nonce(wallet, at),
      change: ledger.changes(wallet, at).get(token),
      allowed: ledger.allowances(wallet, at).map(({ amount }) => amount),
    }))

    expect(seen).toEqual([
      { nonce: 5, change: undefined, allowed: [] },
      { nonce: 6, change: -7n, allowed: ['3'] },
      { nonce: 6, change: -7n, allowed: ['3'] },
      { nonce: 7, change: -3n, allowed: ['0'] },
    ])
    expect([ledger.nonce(other), ledger.changes(other, 12).size, ledger.nonce(wallet)]).toEqual([5, 0, 7])
  })

  test('forgets a change that another has made good', async () => {
    const ledger = await open(memoryStore())
    await ledger.add(blockOf(10, 5, -7n))
    await ledger.add(blockOf(11, 6, 7n))

    expect(ledger.changes(wallet, 11).size).toBe(0)
  })

  test('takes back blocks from a number on, and returns what was in them', async () => {
    const store = memoryStore()
    const ledger = await open(store)
    for (const [index, number] of [10, 12, 15].entries()) await ledger.add(blockOf(number, 5 + index, -1n))

    const back = await ledger.takeBack(12)

    for (const one of [ledger, await open(store)]) {
      expect(one.blocks().map(({ number }) => number)).toEqual([10])
      expect(one.nonce(wallet)).toBe(6)
      expect(one.receipt(hashOf(1_000_006))).toBeUndefined()
    }
    expect(back.map(({ nonce }) => nonce)).toEqual([6, 7])
  })

  test('is the same after a restart, and after more blocks than it keeps', async () => {
    const store = memoryStore()
    const ledger = await open(store)
    for (let index = 0; index < 600; index += 1) await ledger.add(blockOf(100 + index, 5 + index, BigInt(index) - 200n))

    const again = await openPaperLedger(store, [wallet, other], () => Promise.reject(new Error('It is known.')))

    for (const one of [ledger, again]) {
      expect(one.blocks()).toHaveLength(512)
      expect(one.nonce(wallet)).toBe(605)
      expect(one.changes(wallet, 1_000).get(token)).toBe((600n * 599n) / 2n - 600n * 200n)
      expect(one.allowances(wallet, 1_000)).toEqual([{ grant, amount: '399' }])
      expect(one.receipt(hashOf(1_000_000 + 604))?.blockNumber).toBe(699)
      expect(one.receipt(hashOf(1_000_005))).toBeUndefined()
    }
  })
})
