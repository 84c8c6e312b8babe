/** How many amounts a venue is quoted for: the upper ones close together, since there most of the order goes, the lower ones far apart. */
const rungs = { upper: 9, lower: 7 }

/**
 * The amounts that venues without a closed form are asked for: parts of the order, ascending to the whole. Down to a tenth of
 * the order each is three quarters of the next; below that two fifths, down to a six-thousandth: a shallow venue, or a shallow
 * part of a deep one, is seen too.
 *
 * @param amount - The order, above zero.
 * @returns Distinct amounts above zero, the whole order last. Fewer where it has few units.
 *
 * @example
 * ladder(9n) // [1n, 2n, 3n, 5n, 6n, 9n]
 */
export function ladder(amount: bigint): bigint[] {
  const upper = Array.from({ length: rungs.upper }, (_, rung) => (amount * 3n ** BigInt(rung)) / 4n ** BigInt(rung))
  const tenth = upper.at(-1) ?? amount
  const lower = Array.from(
    { length: rungs.lower },
    (_, rung) => (tenth * 2n ** BigInt(rung + 1)) / 5n ** BigInt(rung + 1),
  )
  return [...new Set([...upper, ...lower])].filter((size) => size > 0n).reverse()
}
