const delayMaxMs = 300_000

/**
 * How long to wait before a new try: doubles with each, up to five minutes, and is spread by up to a quarter either way so that
 * legs that failed together do not come back together. The spread depends on `seed` and `attempt` alone, so a chart
 * can compute it and a replay gets the same.
 *
 * @param attempt - 0 before the first retry.
 *
 * @example
 * backoffMs({ baseMs: 5_000, attempt: 0, seed: 'trade_1/uniswap-v2' }) // between 3 750 and 6 250
 */
export function backoffMs({ baseMs, attempt, seed }: { baseMs: number; attempt: number; seed: string }): number {
  const full = Math.min(baseMs * 2 ** Math.min(attempt, 30), delayMaxMs)
  return Math.round(full * (0.75 + unitHash(`${seed}#${attempt}`) / 2))
}

// FNV-1a, 32 bits, with a final mix: spread evenly enough for jitter, the same everywhere.
function unitHash(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32
}
