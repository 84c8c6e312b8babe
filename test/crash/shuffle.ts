import { DistributionManager } from '../../src/distribution/distributionManager.ts'
import type { Json } from '../../src/domain/json.ts'
import type { Store } from '../../src/store/store.ts'

/** The same things in another order. */
export function shuffled<Thing>(things: readonly Thing[], random: () => number): Thing[] {
  return things
    .map((thing) => ({ thing, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ thing }) => thing)
}

/** Live trades come back in any order, and so do the legs of each: nothing may rest on that they keep their places. */
export function shuffledStore(store: Store, random: () => number): Store {
  return {
    get: (space, key) => store.get(space, key),
    entries(space, prefix) {
      if (space !== 'live') return store.entries(space, prefix)
      const entries = [...store.entries(space, prefix)]
      return shuffled(entries, random).map(({ key, value }) => ({ key, value: withShuffledLegs(value, random) }))
    },
    commit: (writes) => store.commit(writes),
    close: () => store.close(),
  }
}

function withShuffledLegs(record: Json, random: () => number): Json {
  const { snapshot, ...rest } = record as { readonly snapshot: { readonly children: Record<string, Json> } }
  const children = Object.fromEntries(shuffled(Object.entries(snapshot.children), random))
  return { ...rest, snapshot: { ...snapshot, children } }
}

/** Splits as usual; which leg takes the first nonce is left to chance. */
export class ShuffledDistribution extends DistributionManager {
  readonly #random: () => number

  constructor(random: () => number) {
    super()
    this.#random = random
  }

  override async allocate(request: Parameters<DistributionManager['allocate']>[0]) {
    const allocation = await super.allocate(request)
    return { ...allocation, legs: shuffled(allocation.legs, this.#random) }
  }
}
