import type { BaseUnits } from '../domain/amount.ts'
import type { Hex } from '../domain/hex.ts'
import type { Read } from '../domain/read.ts'
import type { Call } from '../domain/transaction.ts'
import { addressWord, readWord, uintWord } from './words.ts'

/** Whose tokens, which, and who may take them; `via` is the Permit2 contract that keeps this allowance, in place of the token. */
export interface Grant {
  readonly wallet: Hex
  readonly token: Hex
  readonly spender: Hex
  readonly via?: Hex
}

// ERC-20 selectors: approve(address,uint256), allowance(address,address), balanceOf(address), decimals().
const approve = '095ea7b3'
const allowance = 'dd62ed3e'
const balanceOf = '70a08231'
const decimals = '313ce567'
// Permit2's: approve(address,address,uint160,uint48), allowance(address,address,address).
const permitApprove = '87517c45'
const permitAllowance = '927da105'
const uint160Max = 2n ** 160n - 1n
const uint256Max = 2n ** 256n - 1n
const uint48Max = 2n ** 48n - 1n

/** An allowance without an end, for `approveCall`. */
export const unlimited: BaseUnits = `${uint256Max}`

/**
 * The call that lets `spender` take up to `amount` base units of the token, in place of what it was allowed before.
 *
 * @example
 * approveCall({ token, spender }, '1500000').data.slice(0, 10) // '0x095ea7b3'
 */
export function approveCall({ token, spender, via }: Omit<Grant, 'wallet'>, amount: BaseUnits): Call {
  if (via === undefined) {
    return { to: token, data: `0x${approve}${addressWord(spender)}${uintWord(BigInt(amount))}`, value: '0' }
  }
  // Permit2 counts in 160 bits, and takes the greatest number for no limit as well.
  const capped = BigInt(amount) > uint160Max ? uint160Max : BigInt(amount)
  const words = addressWord(token) + addressWord(spender) + uintWord(capped) + uintWord(uint48Max)
  return { to: via, data: `0x${permitApprove}${words}`, value: '0' }
}

/** Base units that a call of `approveCall` lets its spender take. */
export function approvedAmount({ data }: Pick<Call, 'data'>): bigint {
  const words = `0x${data.slice(10)}` as Hex
  return readWord(words, data.startsWith(`0x${permitApprove}`) ? 2 : 1) ?? 0n
}

/** Reads how much of the wallet's token the spender may take. */
export function allowanceRead({ wallet, token, spender, via }: Grant): Read {
  const words = addressWord(wallet) + (via === undefined ? '' : addressWord(token)) + addressWord(spender)
  return { kind: 'call', to: via ?? token, data: `0x${via === undefined ? allowance : permitAllowance}${words}` }
}

/**
 * What the reply to `allowanceRead` says, in base units; undefined where it says nothing.
 *
 * @param nowS - Unix seconds: Permit2's allowances expire.
 */
export function allowanceOf({ via }: Grant, value: Hex, nowS: number): bigint | undefined {
  const amount = readWord(value, 0)
  if (via === undefined || amount === undefined) return amount
  return (readWord(value, 1) ?? 0n) > BigInt(nowS) ? amount : 0n
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
