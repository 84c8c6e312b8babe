import * as z from 'zod'
import { lowerHex } from './domain/hex.ts'

// What the parts of the configuration are made of. Each says in its error what it wants.

/** A whole number between two bounds. `what` goes into the error: 'a number of blocks'. */
export function whole(minimum: number, maximum: number, what: string) {
  const error = `must be ${what}: a whole number from ${minimum} to ${maximum}`
  return z.int(error).min(minimum, error).max(maximum, error)
}

/** A text of one form. `what` goes into the error: 'an address'. */
export function text(what: string, pattern: RegExp) {
  const error = `must be ${what}`
  return z.string(error).regex(pattern, error)
}

/** An address in any case; kept in lower case. */
export const address = text('an address: 0x and 40 hexadecimal digits', /^0x[0-9a-fA-F]{40}$/).transform(lowerHex)
