import type { BaseUnits } from '../domain/amount.ts'
import type { Hex } from '../domain/hex.ts'
import type { Read } from '../domain/read.ts'
import type { Call } from '../domain/transaction.ts'
import { addressWord, uintWord } from './words.ts'

/** Whose tokens, which, and who may take them. */
export interface Grant {
  readonly wallet: Hex
  readonly token: Hex
  readonly spender: Hex
}

// ERC-20 selectors: approve(address,uint256), allowance(address,address), balanceOf(address), decimals().
const approve = '095ea7b3'
const allowance = 'dd62ed3e'
const balanceOf = '70a08231'
const decimals = '313ce567'

/**
 * The call that lets `spender` take up to `amount` base units of the token.
 *
 * @example
 * approveCall({ token, spender }, '1500000').data.slice(0, 10) // '0x095ea7b3'
 */
export function approveCall({ token, spender }: Pick<Grant, 'token' | 'spender'>, amount: BaseUnits): Call {
  return { to: token, data: `0x${approve}${addressWord(spender)}${uintWord(BigInt(amount))}`, value: '0' }
}

/** Reads how much of the wallet's token the spender may take. */
export function allowanceRead({ wallet, token, spender }: Grant): Read {
  return { kind: 'call', to: token, data: `0x${allowance}${addressWord(wallet)}${addressWord(spender)}` }
}

/** Reads how much the wallet holds: the native coin where `token` is `native`. */
export function balanceRead(wallet: Hex, token: Hex | 'native'): Read {
  if (token === 'native') return { kind: 'balance', address: wallet }
  return { kind: 'call', to: token, data: `0x${balanceOf}${addressWord(wallet)}` }
}

/** Reads how many digits a token has after the point. */
export function decimalsRead(token: Hex): Read {
  return { kind: 'call', to: token, data: `0x${decimals}` }
}
