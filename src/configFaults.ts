import type { core } from 'zod'
import { InvalidConfigError } from './domain/errors.ts'

type Issue = core.$ZodIssue
type Path = readonly PropertyKey[]

interface Fault {
  readonly path: Path
  readonly message: string
  /** The name is at fault, not the value. */
  readonly ofName?: true
}

// What these hold is never shown: keys, passwords, and the API keys inside of URLs.
const hiddenFields = /^(wallets|chain\.\w*Urls)\b/

// A longer value is no slip of the finger, and may be a secret in the wrong place: a private key has 64 digits or more.
const shownCharactersMax = 48

/**
 * Every fault of a configuration as one error: a line for each field, with what is wrong about it and, where it is
 * short and no secret, the value found.
 *
 * @param issues - What zod found.
 * @param options - What it looked at.
 *
 * @example
 * configError(schema.safeParse(options).error.issues, options).message // 'The configuration has a fault.\n  config.gasLimit: …'
 */
export function configError(issues: readonly Issue[], options: unknown): InvalidConfigError {
  const faults = new Map<string, string>()
  for (const { path, message, ofName } of issues.flatMap(faultsOf)) {
    const field = fieldName(path)
    const before = faults.get(field)
    const value = valueAt(options, path)
    const found = ofName ? '' : valueFound(field, value)
    const after = value === undefined ? `is missing: ${message}` : message + found
    // A value that breaks both ends of one rule is one fault.
    if (before !== after) faults.set(field, before === undefined ? after : `${before}; ${after}`)
  }
  const count = faults.size === 1 ? 'a fault' : `${faults.size} faults`
  return new InvalidConfigError(`The configuration has ${count}. Nothing was opened.`, Object.fromEntries(faults))
}

function faultsOf(issue: Issue): Fault[] {
  const { path } = issue
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], message: 'is not a known field' }))
    case 'invalid_key':
      return issue.issues.map(({ message }) => ({ path, message, ofName: true }))
    case 'invalid_union':
      return unionFaults(issue)
    default:
      return [{ path, message: issue.message }]
  }
}

function unionFaults(issue: core.$ZodIssueInvalidUnion): Fault[] {
  if (issue.discriminator !== undefined) {
    const options = 'options' in issue && Array.isArray(issue.options) ? issue.options.join(' or ') : 'a known kind'
    return [{ path: issue.path, message: `must be ${options}` }]
  }
  // Speak of the option that the value has the shape of, if there is one.
  const meant = issue.errors.find((inner) =>
    inner.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'),
  )
  if (meant === undefined) return [{ path: issue.path, message: issue.message }]
  return meant.flatMap(faultsOf).map(({ path, message }) => ({ path: [...issue.path, ...path], message }))
}

function fieldName(path: Path): string {
  const name = path.reduce<string>((before, step) => {
    if (typeof step === 'number') return `${before}[${step}]`
    const shown = String(step).length > shownCharactersMax ? '(a long name)' : String(step)
    return before === '' ? shown : `${before}.${shown}`
  }, '')
  return name === '' ? 'options' : name
}

function valueAt(options: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => Object(value)[step], options)
}

function valueFound(field: string, value: unknown): string {
  if (hiddenFields.test(field) || typeof value === 'object' || typeof value === 'function') return ''
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return shown.length > shownCharactersMax ? '' : ` (got ${shown})`
}
