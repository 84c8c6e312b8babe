import type { Store, Write } from '../store/store.ts'

/** The highest nonce that is on disk, or on its way there, for each wallet. */
export interface LaneMarks {
  read(wallet: string): number | undefined
  /** The write that raises a wallet's mark; undefined where it is as high already. Goes into the commit of the attempt itself. */
  raise(wallet: string, nonce: number): Write | undefined
  /** The write that has the store know a wallet from the first: nothing else tells its own lost transactions from older ones. */
  begin(wallet: string, mined: number): Write | undefined
}

/** The marks as a store has them. */
export function laneMarks(store: Store): LaneMarks {
  const marks = new Map([...store.entries('lane')].map(({ key, value }) => [String(key), Number(value)]))
  function write(wallet: string, nonce: number): Write {
    marks.set(wallet, nonce)
    return { space: 'lane', key: wallet, value: nonce }
  }

  return {
    read: (wallet) => marks.get(wallet),
    raise(wallet, nonce) {
      if (nonce <= (marks.get(wallet) ?? -1)) return undefined
      return write(wallet, nonce)
    },
    begin: (wallet, mined) => (marks.has(wallet) ? undefined : write(wallet, mined - 1)),
  }
}
