/** How many amounts a venue is quoted for. */
const rungs = 16

/**
 * The amounts that venues without a closed form are asked for: parts of the order, each two thirds of the next, ascending to
 * the whole. The lowest is a two-hundredth of the order: what is below is well described by that and nothing.
 *
 * @param amount - The order, above zero.
 * @returns Distinct amounts above zero, the whole order last. Fewer where it has few units.
 *
 * @example
 * ladder(9n) // [1n, 2n, 4n, 6n, 9n]
 */
export function ladder(amount: bigint): bigint[] {
  const sizes = Array.from({ length: rungs }, (_, rung) => {
    const below = BigInt(rungs - 1 - rung)
    return (amount * 3n ** below) / 4n ** below
  })
  return [...new Set(sizes)].filter((size) => size > 0n)
}
