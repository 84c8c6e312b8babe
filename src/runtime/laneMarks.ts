import type { Store, Write } from '../store/store.ts'

/** What is on disk of each wallet's nonces, or on its way there. */
export interface LaneMarks {
  /** The highest nonce that was recorded. */
  read(wallet: string): number | undefined
  /** Below it every nonce is used up for good: an endpoint that counts fewer lags. */
  readFloor(wallet: string): number
  /** The writes by which marks rise; none where they are as high already. They go into the commit of what raised them. */
  raise(wallet: string, marks: { readonly nonce?: number | undefined; readonly floor?: number }): Write[]
  /** The write that has the store know a wallet from the first: nothing else tells its own lost transactions from older ones. */
  begin(wallet: string, mined: number): Write[]
}

/** The marks as a store has them. */
export function laneMarks(store: Store): LaneMarks {
  const marks = new Map([...store.entries('lane')].map(({ key, value }) => [String(key), Number(value)]))

  function write(key: string, value: number): Write[] {
    marks.set(key, value)
    return [{ space: 'lane', key, value }]
  }

  function raised(key: string, value: number | undefined): Write[] {
    return value === undefined || value <= (marks.get(key) ?? -1) ? [] : write(key, value)
  }

  return {
    read: (wallet) => marks.get(wallet),
    readFloor: (wallet) => marks.get(floorKey(wallet)) ?? 0,
    raise: (wallet, { nonce, floor }) => [...raised(wallet, nonce), ...raised(floorKey(wallet), floor)],
    begin: (wallet, mined) => (marks.has(wallet) ? [] : write(wallet, mined - 1)),
  }
}

function floorKey(wallet: string): string {
  return `${wallet} floor`
}
