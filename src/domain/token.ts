import type { Hex } from './hex.ts'

/** A token as the runtime knows it: `native` is the chain's own coin, ETH on Ethereum. */
export interface Token {
  readonly symbol: string
  readonly address: Hex | 'native'
  /** Digits after the decimal point of one whole token. */
  readonly decimals: number
}
