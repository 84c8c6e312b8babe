/** One venue as a search sees it. Amounts are whole units. */
export interface Rival {
  readonly cap: bigint
  /** What an amount brings: more is better. */
  gain(amount: bigint): number
}

/** Finer than any bound that is tested: the error of a concave optimum shrinks with the square of the step. */
const rounds = 12

/**
 * The best split of an amount over two or three rivals, by trying all points of a grid, and of ever finer ones around the
 * best so far. Right for what is concave; knows nothing of prices.
 */
export function bestByForce(given: readonly Rival[], amount: bigint): { net: number; shares: bigint[] } {
  // What the others leave is the last one's, and is within its cap most often where that is the widest.
  const rivals = [...given].sort((a, b) => (a.cap < b.cap ? -1 : 1))
  const free = rivals.slice(0, -1)
  const points = free.length === 1 ? 200n : 24n
  let best = { net: Number.NEGATIVE_INFINITY, shares: [] as bigint[] }
  let windows = free.map(({ cap }) => ({ from: 0n, to: cap < amount ? cap : amount }))
  const visit = (chosen: readonly bigint[]) => {
    const window = windows[chosen.length]
    if (window === undefined) {
      const rest = amount - chosen.reduce((sum, share) => sum + share, 0n)
      if (rest < 0n || rest > (rivals.at(-1)?.cap ?? 0n)) return
      const shares = [...chosen, rest]
      const net = shares.reduce((sum, share, place) => sum + (rivals[place]?.gain(share) ?? 0), 0)
      if (net > best.net) best = { net, shares }
      return
    }
    for (let point = 0n; point <= points; point += 1n)
      visit([...chosen, window.from + ((window.to - window.from) * point) / points])
  }
  for (let round = 0; round < rounds; round += 1) {
    visit([])
    windows = windows.map(({ from, to }, place) => {
      const [reach, middle] = [(to - from) / 6n + 1n, best.shares[place] ?? 0n]
      const cap = free[place]?.cap ?? 0n
      return { from: middle > reach ? middle - reach : 0n, to: middle + reach < cap ? middle + reach : cap }
    })
  }
  return { net: best.net, shares: given.map((rival) => best.shares[rivals.indexOf(rival)] ?? 0n) }
}
