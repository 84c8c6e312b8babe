import type { Hex } from '../domain/hex.ts'

/** An amount of one token, in base units; `native` is the chain's own coin, in wei. */
export interface Money {
  readonly token: Hex | 'native'
  readonly amount: bigint
}

/**
 * What wallets hold and what live legs will still take from them. In memory: read from the chain, rebuilt from live legs. A leg
 * is named by its key.
 */
export interface Funds {
  /** What the chain last said that the wallet holds. */
  note(wallet: Hex, { token, amount }: Money): void
  /** The balance is not known any more. */
  forget(wallet: Hex): void
  /** A live leg will take so much; its last word counts. */
  promise(key: string, wallet: Hex, money: readonly Money[]): void
  /** The leg takes nothing more. */
  release(key: string): void
  /** The chain has moved money out of the wallet, or into it where the amount is negative. */
  spend(wallet: Hex, money: readonly Money[]): void
  /** What no live leg but `key` will take; undefined where the balance is not known. May be negative. */
  free(wallet: Hex, token: Hex | 'native', key?: string): bigint | undefined
  /** What the wallet holds, promised or not; undefined where it is not known. */
  balance(wallet: Hex, token: Hex | 'native'): bigint | undefined
  /** Live legs that take from the wallet. */
  legs(wallet: Hex): number
}

interface Purse {
  readonly balances: Map<string, bigint>
  readonly promised: Map<string, bigint>
  readonly legs: Map<string, readonly Money[]>
}

/** An empty book. */
export function fundsBook(): Funds {
  const purses = new Map<Hex, Purse>()
  const owners = new Map<string, Hex>()

  function purseOf(wallet: Hex): Purse {
    const purse = purses.get(wallet) ?? { balances: new Map(), promised: new Map(), legs: new Map() }
    purses.set(wallet, purse)
    return purse
  }

  function release(key: string): void {
    const wallet = owners.get(key)
    if (wallet === undefined) return
    owners.delete(key)
    const { legs, promised } = purseOf(wallet)
    for (const { token, amount } of legs.get(key) ?? []) promised.set(token, (promised.get(token) ?? 0n) - amount)
    legs.delete(key)
  }

  return {
    note: (wallet, { token, amount }) => void purseOf(wallet).balances.set(token, amount),
    forget: (wallet) => purseOf(wallet).balances.clear(),
    promise(key, wallet, money) {
      release(key)
      owners.set(key, wallet)
      const { legs, promised } = purseOf(wallet)
      legs.set(key, money)
      for (const { token, amount } of money) promised.set(token, (promised.get(token) ?? 0n) + amount)
    },
    release,
    spend(wallet, money) {
      const { balances } = purseOf(wallet)
      for (const { token, amount } of money) {
        const balance = balances.get(token)
        if (balance !== undefined) balances.set(token, balance - amount)
      }
    },
    free(wallet, token, key) {
      const { balances, promised, legs } = purseOf(wallet)
      const balance = balances.get(token)
      if (balance === undefined) return undefined
      const own = key === undefined ? [] : (legs.get(key) ?? [])
      const ownAmount = own.reduce((sum, money) => (money.token === token ? sum + money.amount : sum), 0n)
      return balance - (promised.get(token) ?? 0n) + ownAmount
    },
    balance: (wallet, token) => purses.get(wallet)?.balances.get(token),
    legs: (wallet) => purses.get(wallet)?.legs.size ?? 0,
  }
}
