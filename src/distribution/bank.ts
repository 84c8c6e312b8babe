import type { Json } from '../domain/json.ts'

/** What a manager learns is kept here: the memory bank, or whatever keeps JSON under a namespace and a key. */
export interface Bank {
  get(namespace: string, key: string): Json | undefined
  set(namespace: string, key: string, value: Json): void
}

/** The namespace of the distribution manager's own. */
export const namespace = 'distribution'

/** The form of what is kept. What has another is not read: what was learned may be lost, a trade may not. */
export const version = 1

/**
 * A bank in memory, for a manager that is given none.
 *
 * @example
 * memory().get('distribution', 'rest uniswap-v2 ETH/USDC') // undefined
 */
export function memory(): Bank {
  const entries = new Map<string, Json>()
  return {
    get: (space, key) => entries.get(`${space}/${key}`),
    set: (space, key, value) => void entries.set(`${space}/${key}`, value),
  }
}

/**
 * What was kept under a key in the present form; undefined where there is nothing, or what is damaged: no trade may fail by it.
 *
 * @param isSound - Whether its fields are what they should be. They may be anything.
 *
 * @example
 * kept<Slot>(bank, 'trade 0', ({ turn }) => isCount(turn))?.turn // 7
 */
export function kept<Kept extends { readonly version: number }>(
  bank: Bank,
  key: string,
  isSound: (fields: Readonly<Record<keyof Kept, unknown>>) => boolean,
): Kept | undefined {
  const value = bank.get(namespace, key)
  if (typeof value !== 'object' || value === null || !('version' in value) || value.version !== version)
    return undefined
  return isSound(value as Record<keyof Kept, unknown>) ? (value as unknown as Kept) : undefined
}

/** Whether this is a number of something: finite, and not below zero. */
export function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
