/**
 * The outermost name of a state's path: the status that callers see.
 *
 * @example
 * topState('submitted.pending') // 'submitted'
 */
export function topState(path: string): string {
  return path.split('.', 1)[0] ?? path
}
