import type { Chain } from '../../src/chain/chain.ts'
import { EndpointError } from '../../src/domain/errors.ts'
import { type Openers, realOpeners } from '../../src/runtime/openExecution.ts'
import type { Store } from '../../src/store/store.ts'

/** The real chain with every call recorded by name, in order. */
export function recordingChain(calls: { push(name: string): unknown }): Openers {
  return {
    ...realOpeners,
    openChain: async (...args) => {
      const chain = await realOpeners.openChain(...args)
      const record =
        <Args extends unknown[], Result>(name: string, call: (...args: Args) => Result) =>
        (...args: Args): Result => {
          calls.push(name)
          return call(...args)
        }
      const recorded: Chain = {
        chainId: chain.chainId,
        ready: chain.ready,
        read: record('read', chain.read),
        estimateGas: record('estimateGas', chain.estimateGas),
        simulate: record('simulate', chain.simulate),
        minedNonce: record('minedNonce', chain.minedNonce),
        nonceUser: record('nonceUser', chain.nonceUser),
        block: record('block', chain.block),
        blockReceipts: record('blockReceipts', chain.blockReceipts.bind(chain)),
        receipts: record('receipts', chain.receipts),
        medianTip: record('medianTip', chain.medianTip),
        gasPrice: record('gasPrice', chain.gasPrice),
        broadcast: record('broadcast', chain.broadcast),
        close: chain.close,
      }
      return recorded
    },
  }
}

/** The same for round trips: calls of one name in one turn of the event loop travel together, and count once. */
export function recordingTrips(trips: string[]): Openers {
  const turn = new Set<string>()
  return recordingChain({
    push(name) {
      if (turn.size === 0) setImmediate(() => turn.clear())
      if (!turn.has(name)) trips.push(name)
      turn.add(name)
    },
  })
}

/** The real chain with some of its calls replaced. */
export function withCalls(replace: (chain: Chain) => Partial<Chain>): Openers {
  return {
    ...realOpeners,
    openChain: async (...args) => {
      const chain = await realOpeners.openChain(...args)
      return { ...chain, ...replace(chain) }
    },
  }
}

/** The real chain, which no transaction ever reaches. */
export function unsentChain(): Openers {
  return withCalls(() => ({ broadcast: () => Promise.resolve({ verdict: 'unknown', message: 'lost' }) }))
}

/** The real chain, which has an error in place of its first block. */
export function prunedChain(): Openers {
  return withCalls((chain) => ({
    block: (at) => (at === 0 ? Promise.reject(new EndpointError('pruned history unavailable')) : chain.block(at)),
  }))
}

/** The real store, which refuses to write while `isFull` says so. */
export function failingStore(isFull: () => boolean, error: () => Error): Openers {
  return {
    ...realOpeners,
    openStore: async (dataDir) => {
      const store = await realOpeners.openStore(dataDir)
      const failing: Store = {
        ...store,
        commit: (writes) => (isFull() ? Promise.reject(error()) : store.commit(writes)),
      }
      return failing
    },
  }
}
