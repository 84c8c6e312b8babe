import type { Chain } from '../../src/chain/chain.ts'
import type { Signer } from '../../src/signer/signer.ts'
import type { Store } from '../../src/store/store.ts'
import type { ChildLine, Kill } from './plan.ts'

/** The places on the path where this process can be ended. */
export interface KillPoints {
  /** Counts the point, and ends the process if it is the one. */
  pass(point: string): void
  /** A leg has entered a state. */
  enter(state: string): void
  /** From now on no call leaves the process. */
  readonly isStalled: boolean
  /** A commit that began while stalled is on disk. */
  savedWhileStalled(): void
  readonly counts: Readonly<Record<string, number>>
}

export interface KillOptions {
  readonly kill: Kill | null
  readonly say: (line: ChildLine) => void
  /** Runs before the end, with every call to the outside stalled. */
  readonly lastWish: () => Promise<void>
}

/** Counts points, and ends the process with SIGKILL where the plan says. */
export function killPoints({ kill, say, lastWish }: KillOptions): KillPoints {
  const counts: Record<string, number> = {}
  let isStalled = false

  function end(where: string): void {
    say({ type: 'killed', where })
    isStalled = true
    const wish = lastWish()
    if (wish === nothing) process.kill(process.pid, 'SIGKILL')
    else void wish.then(() => process.kill(process.pid, 'SIGKILL'))
  }

  function pass(point: string): void {
    const count = (counts[point] ?? 0) + 1
    counts[point] = count
    if (kill !== null && 'at' in kill && kill.at === point && kill.nth === count) end(`${point} #${count}`)
  }

  return {
    pass,
    enter(state) {
      pass(`enter ${state}`)
      if (kill !== null && 'saved' in kill && kill.saved === state) isStalled = true
    },
    get isStalled() {
      return isStalled
    },
    savedWhileStalled() {
      if (kill !== null && 'saved' in kill) end(`saved ${kill.saved}`)
    },
    counts,
  }
}

/** The last wish of those who have none: the end comes at once. */
export const nothing = Promise.resolve()

/** A store with a point before, during and after each commit. */
export function killableStore(store: Store, points: KillPoints): Store {
  return {
    get: (space, key) => store.get(space, key),
    entries: (space, prefix) => store.entries(space, prefix),
    async commit(writes) {
      const { isStalled } = points
      points.pass('store.commit before')
      const committed = store.commit(writes)
      passSoon(points, 'store.commit during', committed)
      await committed
      if (isStalled) points.savedWhileStalled()
      points.pass('store.commit after')
    },
    close: () => around(points, 'store.close', () => store.close()),
  }
}

/** A chain with a point before and after each call. */
export function killableChain(chain: Chain, points: KillPoints): Chain {
  const to = <Answer>(name: string, call: () => Promise<Answer>) => around(points, `chain.${name}`, call)
  return {
    chainId: chain.chainId,
    // It only waits: what is killed at it is killed between two other calls as well.
    ready: (signal) => chain.ready(signal),
    read: (...args) => to('read', () => chain.read(...args)),
    estimateGas: (...args) => to('estimateGas', () => chain.estimateGas(...args)),
    simulate: (...args) => to('simulate', () => chain.simulate(...args)),
    minedNonce: (...args) => to('minedNonce', () => chain.minedNonce(...args)),
    nonceUser: (...args) => to('nonceUser', () => chain.nonceUser(...args)),
    block: (...args) => to('block', () => chain.block(...args)),
    blockReceipts: (...args) => to('blockReceipts', () => chain.blockReceipts(...args)),
    receipts: (...args) => to('receipts', () => chain.receipts(...args)),
    medianTip: (...args) => to('medianTip', () => chain.medianTip(...args)),
    gasPrice: (...args) => to('gasPrice', () => chain.gasPrice(...args)),
    broadcast: (...args) => to('broadcast', () => chain.broadcast(...args)),
    close: () => to('close', () => chain.close()),
  }
}

/** A signer with a point before and after each signature. */
export function killableSigner(signer: Signer, points: KillPoints): Signer {
  return {
    wallets: signer.wallets,
    backend: signer.backend,
    sign: (...args) => around(points, 'signer.sign', () => signer.sign(...args)),
    close: () => around(points, 'signer.close', () => signer.close()),
  }
}

async function around<Answer>(points: KillPoints, name: string, call: () => Promise<Answer>): Promise<Answer> {
  if (points.isStalled) return new Promise(() => {})
  points.pass(`${name} before`)
  const answer = call()
  passSoon(points, `${name} during`, answer)
  const given = await answer
  points.pass(`${name} after`)
  return given
}

/** Passes a point once the call is under way and before it has ended, where there is such a time. */
function passSoon(points: KillPoints, point: string, call: Promise<unknown>): void {
  let hasEnded = false
  const end = (): void => {
    hasEnded = true
  }
  call.then(end, end)
  // Calls of one turn leave at its end: by the turn after that they are out.
  setImmediate(() =>
    setImmediate(() => {
      if (!hasEnded) points.pass(point)
    }),
  )
}
