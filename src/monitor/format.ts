/** A state as XState writes it: a name, or names of inner states by the name of the outer one. */
export type StateValue = string | { readonly [state: string]: StateValue | undefined }

/**
 * A state on one line, outermost first; parallel regions are separated by a bar.
 *
 * @example
 * statePath({ submitted: 'pending' }) // 'submitted.pending'
 */
export function statePath(value: StateValue): string {
  if (typeof value === 'string') return value
  return Object.entries(value)
    .map(([outer, inner]) => {
      const path = inner === undefined ? '' : statePath(inner)
      return path === '' ? outer : `${outer}.${path}`
    })
    .join(' | ')
}

/**
 * The outermost name of a state's path: the status that callers see.
 *
 * @example
 * topState('submitted.pending') // 'submitted'
 */
export function topState(path: string): string {
  return path.split('.', 1)[0] ?? path
}
