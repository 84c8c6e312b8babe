/** Chance that depends on a seed alone. */
export interface Random {
  /** From 0 up to 1. */
  next(): number
  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number
  /** True once in `1 / share` times. */
  chance(share: number): boolean
  pick<Thing>(things: readonly Thing[]): Thing
  shuffled<Thing>(things: readonly Thing[]): Thing[]
}

/**
 * A stream of its own for each use, so that one more draw here moves nothing there.
 *
 * @example
 * randomOf(7, 'miner').int(1, 6)
 */
export function randomOf(seed: number, use: string): Random {
  let state = seedOf(seed, use)
  const next = (): number => {
    // Mulberry32.
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1))
  return {
    next,
    int,
    chance: (share) => share > 0 && next() < share,
    pick<Thing>(things: readonly Thing[]): Thing {
      if (things.length === 0) throw new RangeError('There is nothing to pick from.')
      return things[int(0, things.length - 1)] as Thing
    },
    shuffled<Thing>(things: readonly Thing[]): Thing[] {
      const mixed = [...things]
      for (let last = mixed.length - 1; last > 0; last -= 1) {
        const other = int(0, last)
        const thing = mixed[last] as Thing
        mixed[last] = mixed[other] as Thing
        mixed[other] = thing
      }
      return mixed
    },
  }
}

// FNV-1a over both.
function seedOf(seed: number, use: string): number {
  let hash = 0x811c9dc5 ^ seed
  for (const letter of `${seed} ${use}`) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193)
  return hash | 0
}
