import { toFailure } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'

// Fields whose content is a secret, whatever it looks like. A hash is 32 bytes like a key, so only a name can tell them
// apart. The names of environment variables (`passwordEnv`) are no secrets.
const secretFields = new Set([
  'privatekey',
  'secretkey',
  'signingkey',
  'secret',
  'password',
  'passphrase',
  'mnemonic',
  'seedphrase',
  'apikey',
  'authorization',
  // The content of a keystore file: encrypted, but with time to spare a weak password is found.
  'keystore',
  'crypto',
  'ciphertext',
])
const secretWords =
  /((?:private|secret|signing)[ _-]?key|password|passphrase|mnemonic|api[ _-]?key)("?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s,;})]+)/gi
const urls = /\b(?:https?|wss?):\/\/[^\s"'<>)\]}]+/gi
// Anything longer than 32 bytes is calldata or a signed transaction: no secret, but nothing to read either.
const longHex = /0x[0-9a-f]{65,}/gi

const censored = '[redacted]'
const depthMax = 12
const entriesMax = 200
const valuesMax = 5000
const charactersMax = 4000

/**
 * Plain data that may be shown: secrets replaced, endpoints without their paths, long bytes shortened, bigints as digits,
 * errors as data. It is bounded in depth and size, so that a strange value costs little.
 *
 * @example
 * scrub({ password: 'hunter2', nonce: 7n }) // { password: '[redacted]', nonce: '7' }
 */
export function scrub(value: unknown): Json {
  return scrubValue(value, 0, { valuesLeft: valuesMax })
}

/**
 * Text that may be shown: see `scrub`.
 *
 * @example
 * scrubText('no answer from https://one.example/v3/KEY') // 'no answer from https://one.example/…'
 */
export function scrubText(text: string): string {
  const readable = text.replace(longHex, (hex) => `${hex.slice(0, 10)}… (${Math.ceil((hex.length - 2) / 2)} bytes)`)
  const short = readable.length > charactersMax ? `${readable.slice(0, charactersMax)}…` : readable
  return short
    .replace(secretWords, (_, name: string, between: string) => `${name}${between}${censored}`)
    .replace(urls, redactUrl)
}

/**
 * Which server a URL points at, without what may be a key: user, password, path and query.
 *
 * @example
 * redactUrl('https://user:pw@one.example/v3/KEY?x=y') // 'https://one.example/…'
 */
export function redactUrl(url: string): string {
  if (!URL.canParse(url)) return '[not a URL]'
  const { protocol, host, pathname, search, username, hash } = new URL(url)
  const isBare = pathname.length <= 1 && `${search}${username}${hash}` === ''
  return isBare ? `${protocol}//${host}` : `${protocol}//${host}/…`
}

function scrubValue(value: unknown, depth: number, budget: { valuesLeft: number }): Json {
  if (typeof value === 'string') return scrubText(value)
  if (typeof value === 'bigint') return `${value}`
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value
  if (typeof value !== 'object') return null
  budget.valuesLeft -= 1
  if (depth >= depthMax || budget.valuesLeft < 0) return '…'
  if (value instanceof Error) return scrubError(value, depth, budget)
  if ('toJSON' in value && typeof value.toJSON === 'function') return scrubValue(value.toJSON(), depth + 1, budget)
  if (Array.isArray(value)) return value.slice(0, entriesMax).map((item) => scrubValue(item, depth + 1, budget))
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, entriesMax)
      .filter(([, inner]) => inner !== undefined && typeof inner !== 'function')
      .map(([field, inner]) => [field, isSecret(field) ? censored : scrubValue(inner, depth + 1, budget)]),
  )
}

function scrubError(error: Error, depth: number, budget: { valuesLeft: number }): Json {
  const { code, message, retryable } = toFailure(error)
  const shown = { name: error.name, code, message, retryable, stack: error.stack, cause: error.cause }
  return scrubValue(shown, depth, budget)
}

function isSecret(field: string): boolean {
  return secretFields.has(field.toLowerCase().replaceAll(/[^a-z]/g, ''))
}
