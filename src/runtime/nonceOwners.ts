/** Which leg has which nonce of a wallet, by the leg's key: a nonce has one owner, and a leg one nonce, at most. */
export interface NonceOwners {
  own(key: string, nonce: number): void
  /** The leg has none any more. Returns what it had. */
  disown(key: string): number | undefined
  nonceOf(key: string): number | undefined
  isOwnedBy(nonce: number, key: string): boolean
  /** Those of the nonces from `first` up to `next` that nobody has; as many at most as are worth looking at in one go. */
  unowned(first: number, next: number): number[]
}

/** More than a lane may ever have in flight at its usual limit. */
const lookedAtMax = 256

/** Owners to begin with, by nonce. */
export function nonceOwners(known: ReadonlyMap<number, string>): NonceOwners {
  const owners = new Map(known)
  const nonces = new Map([...known].map(([nonce, key]) => [key, nonce]))

  function disown(key: string): number | undefined {
    const nonce = nonces.get(key)
    if (nonce === undefined) return undefined
    nonces.delete(key)
    // It may have passed to somebody else.
    if (owners.get(nonce) === key) owners.delete(nonce)
    return nonce
  }

  return {
    own(key, nonce) {
      disown(key)
      owners.set(nonce, key)
      nonces.set(key, nonce)
    },
    disown,
    nonceOf: (key) => nonces.get(key),
    isOwnedBy: (nonce, key) => owners.get(nonce) === key,
    unowned(first, next) {
      const length = Math.min(Math.max(0, next - first), lookedAtMax)
      return Array.from({ length }, (_, index) => first + index).filter((nonce) => !owners.has(nonce))
    },
  }
}
