/**
 * The square root of a whole number, rounded down.
 *
 * @param square - Not negative, below 2 to the 1 000th, so that it has a double to begin with.
 *
 * @example
 * integerRoot(17n) // 4n
 */
export function integerRoot(square: bigint): bigint {
  if (square < 2n) return square
  // A double's root is right to 52 bits, and each of Newton's steps doubles that and never ends below: two or three are enough.
  const guess = BigInt(Math.floor(Math.sqrt(Number(square))))
  let root = (guess + square / guess) >> 1n
  for (;;) {
    const next = (root + square / root) >> 1n
    if (next >= root) break
    root = next
  }
  return root
}

/** The smaller of two amounts. */
export function lesser(one: bigint, other: bigint): bigint {
  // Math.min knows no bigint, and what would have it here does not see that.
  return one > other ? other : one
}

/**
 * The sum of amounts.
 *
 * @example
 * total([1n, 2n]) // 3n
 */
export function total(amounts: readonly bigint[]): bigint {
  return amounts.reduce((sum, amount) => sum + amount, 0n)
}
