import { type Bank, isCount, kept, namespace, version } from './bank.ts'

/** So many trade ids are remembered: each has a slot, and the oldest gives way. */
const slots = 1_024

interface Slot {
  readonly version: number
  /** Counts up by one a trade. */
  readonly turn: number
  readonly tradeId: string
}

/** Which trades have been learned from. */
export interface RecentTrades {
  /** Notes a trade; false where it was noted before. */
  note(tradeId: string): boolean
}

/**
 * Remembers the last 1 024 trades in a bank, one small entry each, so that a result which is delivered again counts once.
 *
 * @example
 * recentTrades(bank).note('trade_1') // true, and false the next time
 */
export function recentTrades(bank: Bank): RecentTrades {
  const known = new Map<string, number>()
  const inSlot = new Map<number, string>()
  let turn = -1
  const put = (slot: Slot) => {
    const place = slot.turn % slots
    const gone = inSlot.get(place)
    if (gone !== undefined) known.delete(gone)
    inSlot.set(place, slot.tradeId)
    known.set(slot.tradeId, slot.turn)
    turn = Math.max(turn, slot.turn)
  }
  // One after the other from the first: none was skipped when they were written.
  for (let place = 0; place < slots; place += 1) {
    const slot = kept<Slot>(bank, keyOf(place), isSlot)
    if (slot === undefined) break
    put(slot)
  }
  return {
    note(tradeId) {
      if (known.has(tradeId)) return false
      const slot = { version, turn: turn + 1, tradeId }
      put(slot)
      bank.set(namespace, keyOf(slot.turn % slots), slot)
      return true
    },
  }
}

function isSlot({ turn, tradeId }: Readonly<Record<keyof Slot, unknown>>): boolean {
  return isCount(turn) && typeof tradeId === 'string'
}

function keyOf(place: number): string {
  return `trade ${place}`
}
