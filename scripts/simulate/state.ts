import type { Hex } from '../../src/domain/hex.ts'

/** What a block leaves behind: who has what, who may take what, and how many transactions each account has sent. */
export interface State {
  readonly nonces: Map<Hex, number>
  readonly coins: Map<string, bigint>
}

/** The chain's own coin, in place of a token's address. */
export const native = 'native'

/** What is wrong with a pool or a router in a block, in place of a token's address. */
export const dry = 'dry'
export const refusing = 'refusing'
export const reverting = 'reverting'

export function copyOf(state: State): State {
  return { nonces: new Map(state.nonces), coins: new Map(state.coins) }
}

export function nonceOf({ nonces }: State, account: Hex): number {
  return nonces.get(account) ?? 0
}

/** Base units of `token` that `holder` has. */
export function balanceOf({ coins }: State, token: string, holder: string): bigint {
  return coins.get(`${token} ${holder}`) ?? 0n
}

export function addTo(state: State, token: string, holder: string, amount: bigint): void {
  state.coins.set(`${token} ${holder}`, balanceOf(state, token, holder) + amount)
}

/** Who has how much leave to take of whose tokens, as a holder of its own. */
export function allowanceOf(owner: string, spender: string): string {
  return `${owner}>${spender}`
}
