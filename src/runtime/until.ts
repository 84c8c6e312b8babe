import type { Ports } from './ports.ts'

/**
 * Resolves at `atMs`, at the next head where `head` is given, or when `signal` aborts.
 *
 * @example
 * await until(ports, Date.now() + 1_000, signal)
 */
export function until(
  { clock, follower }: Pick<Ports, 'clock' | 'follower'>,
  atMs: number,
  signal: AbortSignal,
  head?: 'head',
): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      callOffTime()
      callOffHead()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const callOffTime = clock.at(atMs, end)
    const callOffHead = head === undefined ? () => {} : follower.onHead(end)
    signal.addEventListener('abort', end)
  })
}
