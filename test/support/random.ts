/**
 * Numbers from 0 up to 1 that depend on the seed alone.
 *
 * @example
 * const random = randomNumbers(7)
 * random() < 0.5 // the same at every run
 */
export function randomNumbers(seed: number): () => number {
  let state = seed | 0
  return () => {
    // Mulberry32.
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * One of the names, each as likely as its weight; null where there is none. `share` is from 0 up to 1.
 *
 * @example
 * drawn({ rain: 1, sun: 3 }, 0.2) // 'rain'
 */
export function drawn<Name extends string>(
  weights: Readonly<Partial<Record<Name, number>>>,
  share: number,
): Name | null {
  const entries = Object.entries(weights) as [Name, number][]
  let rest = share * entries.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [name, weight] of entries) {
    if (rest < weight) return name
    rest -= weight
  }
  return null
}
