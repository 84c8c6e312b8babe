/** Bytes as text: '0x' and an even number of hexadecimal digits. Addresses are kept in lower case. */
export type Hex = `0x${string}`

/**
 * The one spelling of an address or hash that keys and comparisons use.
 *
 * @example
 * lowerHex('0xAbC0') // '0xabc0'
 */
export function lowerHex(text: string): Hex {
  return text.toLowerCase() as Hex
}
