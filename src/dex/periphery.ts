import type { Hex } from '../domain/hex.ts'
import type { Read } from '../domain/read.ts'
import type { Swap } from '../domain/swap.ts'
import type { Call } from '../domain/transaction.ts'
import { bytesArray } from './abi.ts'
import type { SwapTerms } from './dex.ts'
import type { SwapContracts } from './fills.ts'
import { pairWords } from './pools.ts'
import { addressWord, uintWord } from './words.ts'

/**
 * One generation of the routers that Uniswap V3 began and others went on with. Selectors are without 0x: the first four
 * bytes of the keccak256 of the functions' signatures.
 */
export interface Periphery {
  readonly exactInputSingle: string
  readonly exactOutputSingle: string
  /** Gives back the native coin that a swap left in the router. */
  readonly refund: string
  /** Unwraps what a swap left in the router, for somebody. */
  readonly unwrap: string
  /** The router's name for itself as a recipient, as a word. */
  readonly itself: string
  /** Who checks the deadline. */
  readonly deadlineOf: 'swap' | 'multicall'
}

// multicall(uint256,bytes[]) and multicall(bytes[]).
const multicallBefore = '0x5ae401dc'
const multicall = '0xac9650d8'

const noPriceLimit = uintWord(0n)

/**
 * The call that swaps in one pool, with what wraps and unwraps the native coin, all in one transaction.
 *
 * @param pool - What names the pool of the two tokens to the router, as a word.
 *
 * @example
 * peripheryCall(swapRouter02, contracts, { swap, terms, pool: uintWord(3000n) })
 */
export function peripheryCall(
  periphery: Periphery,
  contracts: SwapContracts,
  { swap, terms, pool }: { readonly swap: Swap; readonly terms: SwapTerms; readonly pool: string },
): Call {
  const sells = swap.side === 'sell'
  const fromNative = swap.tokenIn.address === 'native'
  const toNative = swap.tokenOut.address === 'native'
  const isSwapDated = periphery.deadlineOf === 'swap'
  const deadline = uintWord(BigInt(terms.deadlineS))
  const calls = [
    (sells ? periphery.exactInputSingle : periphery.exactOutputSingle) +
      pairWords(swap, contracts.wrappedNative) +
      pool +
      (toNative ? periphery.itself : addressWord(swap.wallet)) +
      (isSwapDated ? deadline : '') +
      uintWord(BigInt(swap.amount)) +
      uintWord(BigInt(terms.limit)) +
      noPriceLimit,
  ]
  // Also when selling: a pool that runs dry takes less than was sent, and anybody may collect what stays in the router.
  if (fromNative) calls.push(periphery.refund)
  if (toNative) {
    const least = uintWord(BigInt(sells ? terms.limit : swap.amount))
    calls.push(periphery.unwrap + least + addressWord(swap.wallet))
  }
  const data = isSwapDated
    ? (`${multicall}${uintWord(0x20n)}${bytesArray(calls)}` as const)
    : (`${multicallBefore}${deadline}${uintWord(0x40n)}${bytesArray(calls)}` as const)
  return { to: contracts.router, data, value: fromNative ? (sells ? swap.amount : terms.limit) : '0' }
}

/**
 * A swap that a router which dates its swaps refuses for its age alone. A contract without the function has other reasons.
 *
 * @example
 * await chain.read([oldSwapProbe(peripheries.SwapRouter, router)]) // [{ ok: false, message: '… Transaction too old' }]
 */
export function oldSwapProbe(periphery: Periphery, router: Hex): Read {
  const words = uintWord(0n).repeat(8)
  return { kind: 'call', to: router, data: `0x${periphery.exactInputSingle}${words}` }
}
