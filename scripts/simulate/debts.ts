import type { Hex } from '../../src/domain/hex.ts'
import type { Disk } from './disk.ts'
import { ancestorAt } from './ledger.ts'
import { readRouterCall } from './router.ts'
import { nonceOf } from './state.ts'
import type { WireTransaction } from './wire.ts'
import type { World } from './world.ts'

/**
 * What a process that opens owes to the nodes before it asks them for anything: the newest recorded bytes of every nonce that is
 * still open. Only swaps that can still succeed count: what is too late, or was told to stop, is cancelled instead.
 */
export function debtsOf(world: World, disk: Disk, signed: ReadonlySet<Hex>): Set<Hex> {
  const { wire, ledger, plan, timeline, faults } = world
  // Why a leg was told to stop cannot be seen from outside.
  if (faults.isOn('cancel') || faults.isOn('refuse') || faults.isOn('poor')) return new Set()
  const final = ancestorAt(ledger.tip(), ledger.highest() - plan.confirmations + 1)
  const newest = new Map<string, { readonly transaction: WireTransaction; readonly place: number }>()
  for (const text of disk.liveTexts()) {
    for (const raw of signed) {
      const place = text.lastIndexOf(raw)
      const transaction = wire.read(raw)
      if (place < 0 || transaction === undefined) continue
      const key = `${transaction.from} ${transaction.nonce}`
      if ((newest.get(key)?.place ?? -1) < place) newest.set(key, { transaction, place })
    }
  }
  const owed = [...newest.values()].filter(({ transaction }) => {
    const call = readRouterCall(transaction)
    const isInTime = call !== undefined && timeline.now() < Number(call.deadlineS - 2n) * 1000
    return isInTime && (final === undefined || nonceOf(final.state, transaction.from) <= transaction.nonce)
  })
  return new Set(owed.map(({ transaction }) => transaction.raw))
}
