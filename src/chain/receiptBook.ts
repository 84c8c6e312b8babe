import type { Hex } from '../domain/hex.ts'
import type { Receipt } from '../domain/transaction.ts'

/** The receipts that somebody expects, as far as the followed chain has them, and who waits for which. */
export interface ReceiptBook {
  expect(owner: string, hashes: readonly Hex[]): void
  forget(owner: string): void
  isExpected(hash: Hex): boolean
  /** Every hash that is expected. */
  hashes(): Hex[]
  /** Notes receipts of the followed chain. Nobody is told before `announce`. */
  note(receipts: readonly Receipt[]): void
  announce(receipts: readonly Receipt[]): void
  /** Takes back the receipts that `isGone` says: they are not mined any more. Returns their hashes. */
  takeBack(isGone: (receipt: Receipt) => boolean): Hex[]
  whenMined(hashes: readonly Hex[], callback: (receipt: Receipt) => void): () => void
}

/** A book that expects nothing. */
export function openReceiptBook(): ReceiptBook {
  const owners = new Map<string, Set<Hex>>()
  // Null: expected, and not in a block of the followed chain.
  const receipts = new Map<Hex, Receipt | null>()
  const waiters = new Map<Hex, Set<(receipt: Receipt) => void>>()

  function wait(hashes: readonly Hex[], callback: (receipt: Receipt) => void): () => void {
    const callOff = (): void => {
      for (const hash of hashes) {
        const callbacks = waiters.get(hash)
        callbacks?.delete(once)
        if (callbacks?.size === 0) waiters.delete(hash)
      }
    }
    const once = (receipt: Receipt): void => {
      callOff()
      callback(receipt)
    }
    for (const hash of hashes) {
      const callbacks = waiters.get(hash)
      if (callbacks === undefined) waiters.set(hash, new Set([once]))
      else callbacks.add(once)
    }
    return callOff
  }

  return {
    expect(owner, hashes) {
      const own = owners.get(owner) ?? new Set()
      owners.set(owner, own)
      for (const hash of hashes) {
        own.add(hash)
        if (!receipts.has(hash)) receipts.set(hash, null)
      }
    },
    forget(owner) {
      for (const hash of owners.get(owner) ?? []) receipts.delete(hash)
      owners.delete(owner)
    },
    isExpected: (hash) => receipts.has(hash),
    hashes: () => [...receipts.keys()],
    note(found) {
      for (const receipt of found) if (receipts.has(receipt.hash)) receipts.set(receipt.hash, receipt)
    },
    announce(found) {
      for (const receipt of found) for (const callback of [...(waiters.get(receipt.hash) ?? [])]) callback(receipt)
    },
    takeBack(isGone) {
      const gone = [...receipts].flatMap(([hash, receipt]) => (receipt !== null && isGone(receipt) ? [hash] : []))
      for (const hash of gone) receipts.set(hash, null)
      return gone
    },
    whenMined(hashes, callback) {
      for (const hash of hashes) {
        const receipt = receipts.get(hash)
        if (receipt === undefined || receipt === null) continue
        callback(receipt)
        return () => {}
      }
      return wait(hashes, callback)
    },
  }
}
