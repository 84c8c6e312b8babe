import { describe, expect, test } from 'vitest'
import { feeBook } from '../../src/runtime/feeBook.ts'
import { MemoryBank } from '../../src/store/memoryBank.ts'

describe('the book of fees', () => {
  test('keeps the last hundred blocks and how they are spread, and knows no tip before the first', () => {
    const bank = new MemoryBank()
    const book = feeBook(bank)
    const before = book.usualTip()
    for (let block = 1; block <= 150; block += 1) book.note(block, { nextBaseFee: '1000', tip: `${BigInt(block)}` })

    expect(before).toBeNull()
    expect(bank.get('fees', 'recent')).toHaveLength(100)
    expect(bank.get('fees', 'statistics')).toMatchObject({ blocks: 100, tip: { min: '51', median: '100', max: '150' } })
  })

  test('goes on with what the bank has from before', () => {
    const bank = new MemoryBank()
    feeBook(bank).note(1, { nextBaseFee: '1000', tip: '7' })

    expect(feeBook(bank).usualTip()).toBe('7')
  })
})
