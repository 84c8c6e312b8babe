import type { Json } from '../../src/domain/json.ts'
import type { Store, Write } from '../../src/store/store.ts'
import { nothing } from './killPoints.ts'
import type { Fault } from './plan.ts'

/** A store with something wrong with it, and what is to be done to it before the process ends. */
export interface FaultyStore {
  readonly store: Store
  readonly lastWish: () => Promise<void>
}

/** Plants a fault in a store; null plants none. */
export function plantFault(store: Store, fault: Fault | null): FaultyStore {
  switch (fault) {
    case null:
      return { store, lastWish: () => nothing }
    case 'lateCommit':
      return { store: lateStore(store), lastWish: () => nothing }
    case 'lostCommit':
      return forgetfulStore(store)
    case 'forgottenAttempts':
      return { store: strippedStore(store), lastWish: () => nothing }
  }
}

/** Write-ahead without the ahead: says that all is on disk, and writes it when it is closed. Until then it remembers. */
function lateStore(store: Store): Store {
  const pending: Write[] = []
  return {
    get(space, key) {
      const last = pending.findLast((write) => write.space === space && String(write.key) === String(key))
      return last === undefined ? store.get(space, key) : last.value
    },
    entries: (space, prefix) => store.entries(space, prefix),
    async commit(writes) {
      pending.push(...writes)
    },
    async close() {
      await store.commit(pending)
      await store.close()
    },
  }
}

/** A disk that lies: the last commit is gone after the end. */
function forgetfulStore(store: Store): FaultyStore {
  let undo: readonly Write[] = []
  let isDying = false
  return {
    store: {
      get: (space, key) => store.get(space, key),
      entries: (space, prefix) => store.entries(space, prefix),
      async commit(writes) {
        if (isDying) return new Promise(() => {})
        undo = writes.map(({ space, key }) => ({ space, key, value: store.get(space, key) }))
        await store.commit(writes)
      },
      close: () => store.close(),
    },
    lastWish() {
      isDying = true
      return store.commit(undo)
    },
  }
}

interface StoredLeg {
  readonly snapshot: { readonly value: unknown; readonly status: string; readonly context: Record<string, Json> }
}

/** A restart that starts every unfinished leg anew, as if nothing had been signed for it. */
function strippedStore(store: Store): Store {
  return {
    get: (space, key) => store.get(space, key),
    *entries(space, prefix) {
      for (const { key, value } of store.entries(space, prefix)) {
        yield { key, value: space === 'live' ? stripped(value) : value }
      }
    },
    commit: (writes) => store.commit(writes),
    close: () => store.close(),
  }
}

function stripped(record: Json): Json {
  const copy = structuredClone(record) as unknown as { snapshot: { children: Record<string, StoredLeg> } }
  const { children } = copy.snapshot
  for (const [legId, leg] of Object.entries(children)) {
    const { snapshot } = leg
    if (snapshot.status !== 'active') continue
    const context = { ...snapshot.context, nonce: null, attempts: [], offer: null, mined: null }
    children[legId] = { ...leg, snapshot: { ...snapshot, value: { preparing: 'admitting' }, context } }
  }
  return copy as unknown as Json
}
