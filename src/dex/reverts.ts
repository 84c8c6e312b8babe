import type { Hex } from '../domain/hex.ts'
import type { Swap } from '../domain/swap.ts'
import { readWord } from './words.ts'

/** What a revert means to the runtime. Whatever is not recognised is `UNKNOWN`, and is never tried again blindly. */
export type RevertCode =
  | 'SLIPPAGE'
  | 'EXPIRED'
  | 'ALLOWANCE'
  | 'BALANCE'
  | 'LIQUIDITY'
  | 'FEE_ON_TRANSFER'
  | 'OUT_OF_GAS'
  | 'UNKNOWN'

/** A revert in one word for the runtime and one line for people. */
export interface Revert {
  readonly code: RevertCode
  readonly reason: string
}

/**
 * What each known text means; the first row that matches decides.
 *
 * `ALLOWANCE` includes the routers' own word for a failed pull of tokens: it hides the token's reason, which is a missing
 * allowance or a missing balance. The caller can tell by reading both.
 */
export const revertTexts: readonly (readonly [RegExp, RevertCode])[] = [
  // geth's "gas required exceeds allowance" speaks of gas, so that these rows come first.
  [/\bout ?of ?gas\b(?! \w)/i, 'OUT_OF_GAS'],
  [/gas required exceeds allowance/i, 'OUT_OF_GAS'],
  [/intrinsic gas too low/i, 'OUT_OF_GAS'],

  // Copies of Uniswap V2 put their own names before the colon.
  [/Router\w*: INSUFFICIENT_OUTPUT_AMOUNT/, 'SLIPPAGE'],
  [/Router\w*: EXCESSIVE_INPUT_AMOUNT/, 'SLIPPAGE'],
  [/Too little received/, 'SLIPPAGE'],
  [/Too much requested/, 'SLIPPAGE'],
  [/^Insufficient (WETH9|WNativeToken|token)$/, 'SLIPPAGE'],
  [/BAL#507/, 'SLIPPAGE'],

  [/Router\w*: EXPIRED/, 'EXPIRED'],
  [/BAL#508/, 'EXPIRED'],
  [/Transaction too old/, 'EXPIRED'],

  [/TransferHelper: TRANSFER_FROM_FAILED/, 'ALLOWANCE'],
  [/TransferHelper::transferFrom:/, 'ALLOWANCE'],
  [/^TRANSFER_FROM_FAILED$/, 'ALLOWANCE'],
  [/\bSTF\b/, 'ALLOWANCE'],
  [/exceeds allowance/i, 'ALLOWANCE'],
  [/insufficient[- ]allowance/i, 'ALLOWANCE'],
  // Balancer's own tokens, and those of others that say no more than no.
  [/BAL#(407|414|418)/, 'ALLOWANCE'],

  [/exceeds balance/i, 'BALANCE'],
  [/insufficient[- ]balance/i, 'BALANCE'],
  [/BAL#(406|416)/, 'BALANCE'],
  [/insufficient funds/i, 'BALANCE'],
  [/OutOfFunds/, 'BALANCE'],

  // The pair received less than it was told, since the token kept some of it.
  [/^[\w ]+: K$/, 'FEE_ON_TRANSFER'],

  [/INSUFFICIENT_LIQUIDITY/, 'LIQUIDITY'],
  // A Balancer pool trades at most a part of what it holds: 30 % of it, where it is weighted.
  [/BAL#30[45]/, 'LIQUIDITY'],
  // Subtraction below zero: a stable pool is asked for more than it has.
  [/BAL#001/, 'LIQUIDITY'],
  [/Not received full amountOut/, 'LIQUIDITY'],
  [/ds-math-sub-underflow/, 'LIQUIDITY'],
  [/^Unexpected error$/, 'LIQUIDITY'],
]

/** Custom errors, by selector. */
const customErrors: Readonly<Record<string, Revert>> = {
  '0xe450d38c': { code: 'BALANCE', reason: 'ERC20InsufficientBalance' },
  '0xfb8f41b2': { code: 'ALLOWANCE', reason: 'ERC20InsufficientAllowance' },
  // Algebra's pools.
  '0x812eb655': { code: 'LIQUIDITY', reason: 'notInitialized' },
  // Uniswap V4 and its router.
  '0x8b063d73': { code: 'SLIPPAGE', reason: 'V4TooLittleReceived' },
  '0x12bacdd3': { code: 'SLIPPAGE', reason: 'V4TooMuchRequested' },
  '0x5bf6f916': { code: 'EXPIRED', reason: 'TransactionDeadlinePassed' },
  '0x486aa307': { code: 'LIQUIDITY', reason: 'PoolNotInitialized' },
  '0x7a5ed734': { code: 'LIQUIDITY', reason: 'NotEnoughLiquidity' },
  '0x7c9c6e8f': { code: 'LIQUIDITY', reason: 'PriceLimitAlreadyExceeded' },
  // Permit2.
  '0xd81b2f2e': { code: 'ALLOWANCE', reason: 'AllowanceExpired' },
  '0xf96fb071': { code: 'ALLOWANCE', reason: 'InsufficientAllowance' },
}

/** Custom errors around another contract's error, by selector, and which of their words says where that begins. */
const wrappers: Readonly<Record<string, number>> = {
  '0x90bfb865': 2, // WrappedError(address,bytes4,bytes,bytes) of V4's PoolManager.
  '0x2c4029e9': 1, // ExecutionFailed(uint256,bytes) of the UniversalRouter.
  '0x6190b2b0': 0, // UnexpectedRevertBytes(bytes) of V4's quoter.
}
// A router around a manager around a token; whoever wraps more often than that means no good.
const wrappersMax = 4

const panics: Readonly<Record<string, string>> = {
  '1': 'assertion failed',
  '17': 'arithmetic overflow',
  '18': 'division by zero',
  '50': 'array index out of bounds',
}

const errorSelector = '0x08c379a0'
const panicSelector = '0x4e487b71'
// A contract chooses its text, and may choose megabytes of it.
const reasonLengthMax = 200

/**
 * Why a call reverted.
 *
 * @param data - What the contract returned with the revert, where the node passes it on.
 * @param message - The node's own words.
 * @param swap - The swap that reverted, if it was one: the same text means something else where native coin pays.
 *
 * @example
 * decodeRevert(undefined, 'execution reverted: Too little received') // { code: 'SLIPPAGE', reason: 'Too little received' }
 */
export function decodeRevert(data: Hex | undefined, message: string, swap?: Pick<Swap, 'tokenIn'>): Revert {
  const error = data === undefined ? undefined : innermost(data)
  // The node's words are about the wrapper.
  const revert = decode(error, error === data ? message : '')
  // Native coin needs no allowance. A V3 router asks the wrapped token for what the value sent does not cover, so that
  // a price above the limit looks like a missing allowance.
  const isPaidNatively = swap?.tokenIn.address === 'native'
  return isPaidNatively && revert.code === 'ALLOWANCE' ? { ...revert, code: 'SLIPPAGE' } : revert
}

function decode(data: Hex | undefined, message: string): Revert {
  const selector = selectorOf(data)
  if (data !== undefined && selector !== undefined) {
    if (selector === errorSelector) return classify(errorText(data))
    if (selector === panicSelector) return { code: 'UNKNOWN', reason: panicText(data) }
    return customErrors[selector] ?? { code: 'UNKNOWN', reason: `Custom error ${selector}.` }
  }
  return classify(message.replace(/^.*execution reverted:?\s*/is, ''))
}

function selectorOf(data: Hex | undefined): string | undefined {
  const selector = data?.slice(0, 10).toLowerCase()
  return selector?.length === 10 ? selector : undefined
}

/** What the wrappers are around. */
function innermost(data: Hex): Hex {
  let error = data
  for (let depth = 0; depth < wrappersMax; depth += 1) {
    const index = wrappers[selectorOf(error) ?? '']
    if (index === undefined) break
    const words: Hex = `0x${error.slice(10)}`
    const start = Number(readWord(words, index) ?? 0n) / 32
    const bytes = Number(readWord(words, start) ?? 0n)
    const from = 2 + 64 * (start + 1)
    error = `0x${words.slice(from, from + 2 * bytes)}`
  }
  return error
}

function classify(text: string): Revert {
  const row = revertTexts.find(([pattern]) => pattern.test(text))
  return { code: row?.[1] ?? 'UNKNOWN', reason: printable(text) || 'Reverted without a reason.' }
}

function errorText(data: Hex): string {
  // After the selector: an offset, which compilers always set to one word, a length in bytes, and the text.
  const words: Hex = `0x${data.slice(10)}`
  const bytes = Number(readWord(words, 1) ?? 0n)
  return Buffer.from(words.slice(130, 130 + 2 * Math.min(bytes, 4 * reasonLengthMax)), 'hex').toString('utf8')
}

function panicText(data: Hex): string {
  const code = readWord(`0x${data.slice(10)}`, 0)
  return `Panic ${code ?? 'without a code'}: ${panics[`${code}`] ?? 'see the Solidity documentation'}.`
}

/** One line that is safe to log: no line breaks or terminal codes, and no longer than a line. */
function printable(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, reasonLengthMax)
}
