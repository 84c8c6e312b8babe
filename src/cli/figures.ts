// Money is text here and stays exact: digits and a point, as the library gives and takes them. No floats.

interface Exact {
  readonly digits: bigint
  /** How many of them are behind the point. */
  readonly scale: number
}

/**
 * `a` less `b`, exactly.
 *
 * @throws SyntaxError if one is not a decimal.
 *
 * @example
 * difference('1.5', '0.25') // '1.25'
 */
export function difference(a: string, b: string): string {
  const [left, right] = [exact(a), exact(b)]
  const scale = Math.max(left.scale, right.scale)
  return plain({ digits: at(left, scale) - at(right, scale), scale })
}

/**
 * A quotient, rounded half away from zero; null where the divisor is zero.
 *
 * @param decimals - Digits behind the point, all of them written.
 * @throws SyntaxError if one is not a decimal.
 *
 * @example
 * quotient('4500', '1.5', 2) // '3000.00'
 */
export function quotient(dividend: string, divisor: string, decimals: number): string | null {
  const [above, below] = [exact(dividend), exact(divisor)]
  if (below.digits === 0n) return null
  const numerator = above.digits * 10n ** BigInt(below.scale + decimals)
  const denominator = below.digits * 10n ** BigInt(above.scale)
  const isNegative = numerator < 0n !== denominator < 0n
  const rounded = (2n * magnitude(numerator) + magnitude(denominator)) / (2n * magnitude(denominator))
  return written({ digits: isNegative ? -rounded : rounded, scale: decimals })
}

/**
 * A part of a whole in basis points with one decimal; null where the whole is zero.
 *
 * @throws SyntaxError if one is not a decimal.
 *
 * @example
 * basisPoints('5', '1000') // '50.0'
 */
export function basisPoints(part: string, whole: string): string | null {
  const { digits, scale } = exact(part)
  return quotient(written({ digits: digits * 10_000n, scale }), whole, 1)
}

/**
 * A quotient with about `figures` significant figures, as a price is read; null where the divisor is zero.
 *
 * @throws SyntaxError if one is not a decimal.
 *
 * @example
 * price('4487.818397', '1.5', 7) // '2991.879'
 */
export function price(dividend: string, divisor: string, figures: number): string | null {
  const whole = quotient(dividend, divisor, 0)
  if (whole === null) return null
  if (whole !== '0') return quotient(dividend, divisor, Math.max(0, figures - whole.replace('-', '').length))
  const fine = quotient(dividend, divisor, 40) ?? '0'
  const zeros = /^-?0\.(0*)/.exec(fine)?.[1]?.length ?? 0
  return quotient(dividend, divisor, Math.min(40, zeros + figures))
}

/**
 * A decimal cut to about `figures` significant figures, for reading only.
 *
 * @throws SyntaxError if it is not a decimal.
 *
 * @example
 * rounded('0.000076552977588036', 6) // '0.000076553'
 */
export function rounded(text: string, figures: number): string {
  return plain(exact(price(text, '1', figures) ?? text))
}

/**
 * A number with its sign always written.
 *
 * @example
 * signed('6.3') // '+6.3'
 */
export function signed(text: string): string {
  return text.startsWith('-') ? text : `+${text}`
}

/**
 * A whole number in groups of three.
 *
 * @example
 * grouped(402320) // '402,320'
 */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/**
 * A time span in seconds.
 *
 * @example
 * seconds(1234) // '1.2 s'
 */
export function seconds(spanMs: number): string {
  return `${(spanMs / 1000).toFixed(1)} s`
}

/**
 * Both ends of a hash or address.
 *
 * @example
 * short('0xafe7c56319ecdb201639bc1fd4ebbc03588a41331b1b2cb2ee0146c8d18831a4') // '0xafe7…31a4'
 */
export function short(hash: string): string {
  return `${hash.slice(0, 6)}…${hash.slice(-4)}`
}

function exact(text: string): Exact {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  if (whole === undefined) throw new SyntaxError(`This is not a decimal: ${text}`)
  const digits = BigInt(whole + fraction)
  return { digits: sign === '-' ? -digits : digits, scale: fraction.length }
}

function at({ digits, scale }: Exact, wanted: number): bigint {
  return digits * 10n ** BigInt(wanted - scale)
}

function written({ digits, scale }: Exact): string {
  const text = String(magnitude(digits)).padStart(scale + 1, '0')
  const point = text.length - scale
  return (digits < 0n ? '-' : '') + text.slice(0, point) + (scale > 0 ? `.${text.slice(point)}` : '')
}

/** Without zeros at the end of the fraction. */
function plain(value: Exact): string {
  return written(value)
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '')
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value
}
