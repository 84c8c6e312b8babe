import { AbiCoder, id } from 'ethers'
import { expect, test } from 'vitest'
import { decodeRevert, type RevertCode, revertTexts } from '../../src/dex/reverts.ts'
import type { Hex } from '../../src/domain/hex.ts'
import { tokens } from './swaps.ts'

function encoded(signature: string, types: readonly string[], values: readonly unknown[]): Hex {
  return `${id(signature).slice(0, 10)}${AbiCoder.defaultAbiCoder().encode(types, values).slice(2)}` as Hex
}
const errorData = (text: string) => encoded('Error(string)', ['string'], [text])

/** One text or more for every row of the table, in its order, as contracts and nodes write it. */
const seen: readonly (readonly [string, RevertCode])[] = [
  ['out of gas', 'OUT_OF_GAS'],
  ['EVM error OutOfGas', 'OUT_OF_GAS'],
  ['out of gas: gas required exceeds: 300000', 'OUT_OF_GAS'],
  ['Out of gas money', 'UNKNOWN'],
  ['NotOutOfGas', 'UNKNOWN'],
  ['gas required exceeds allowance (300000)', 'OUT_OF_GAS'],
  ['intrinsic gas too low', 'OUT_OF_GAS'],
  ['UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT', 'SLIPPAGE'],
  ['UniswapV2Router: EXCESSIVE_INPUT_AMOUNT', 'SLIPPAGE'],
  ['PancakeRouter: INSUFFICIENT_OUTPUT_AMOUNT', 'SLIPPAGE'],
  ['PancakeRouter: EXCESSIVE_INPUT_AMOUNT', 'SLIPPAGE'],
  ['Too little received', 'SLIPPAGE'],
  ['Too much requested', 'SLIPPAGE'],
  ['Insufficient WETH9', 'SLIPPAGE'],
  ['Insufficient token', 'SLIPPAGE'],
  ['Insufficient WNativeToken', 'SLIPPAGE'],
  ['Insufficient token balance', 'UNKNOWN'],
  ['ERC20: Insufficient tokens', 'UNKNOWN'],
  ['BAL#507', 'SLIPPAGE'],
  ['UniswapV2Router: EXPIRED', 'EXPIRED'],
  ['PancakeRouter: EXPIRED', 'EXPIRED'],
  ['BAL#508', 'EXPIRED'],
  ['Transaction too old', 'EXPIRED'],
  ['TransferHelper: TRANSFER_FROM_FAILED', 'ALLOWANCE'],
  ['TransferHelper::transferFrom: transferFrom failed', 'ALLOWANCE'],
  ['TRANSFER_FROM_FAILED', 'ALLOWANCE'],
  ['STF', 'ALLOWANCE'],
  ['ERC20: transfer amount exceeds allowance', 'ALLOWANCE'],
  ['ERC20: insufficient allowance', 'ALLOWANCE'],
  ['Dai/insufficient-allowance', 'ALLOWANCE'],
  ['BAL#407', 'ALLOWANCE'],
  ['BAL#414', 'ALLOWANCE'],
  ['BAL#418', 'ALLOWANCE'],
  ['BAL#406', 'BALANCE'],
  ['BAL#416', 'BALANCE'],
  ['ERC20: transfer amount exceeds balance', 'BALANCE'],
  ['Dai/insufficient-balance', 'BALANCE'],
  ['insufficient balance for transfer', 'BALANCE'],
  ['insufficient funds for gas * price + value', 'BALANCE'],
  ['EVM error OutOfFunds', 'BALANCE'],
  ['UniswapV2Library: INSUFFICIENT_LIQUIDITY', 'LIQUIDITY'],
  ['UniswapV2: INSUFFICIENT_LIQUIDITY', 'LIQUIDITY'],
  ['Not received full amountOut', 'LIQUIDITY'],
  ['ds-math-sub-underflow', 'LIQUIDITY'],
  ['Unexpected error', 'LIQUIDITY'],
  ['UniswapV2: K', 'FEE_ON_TRANSFER'],
  ['Pancake: K', 'FEE_ON_TRANSFER'],
  ['UniswapV2: KEY', 'UNKNOWN'],
  ['BAL#304', 'LIQUIDITY'],
  ['BAL#305', 'LIQUIDITY'],
  ['BAL#001', 'LIQUIDITY'],
  ['BAL#521', 'UNKNOWN'],
  ['a text nobody has seen', 'UNKNOWN'],
]

test.each(seen)('"%s" means %s, whether the contract or the node says it', (text, code) => {
  const fromContract = decodeRevert(errorData(text), 'execution reverted')
  const fromNode = decodeRevert(undefined, `execution reverted: ${text}`)

  expect(fromContract).toEqual({ code, reason: text })
  expect(fromNode).toEqual({ code, reason: text })
})

test('every row of the table is the one that decides for some text above', () => {
  const deciding = new Set(seen.map(([text]) => revertTexts.find(([pattern]) => pattern.test(text))))

  expect(revertTexts.filter((row) => !deciding.has(row))).toEqual([])
})

test('panics are unknown, with their meaning', () => {
  const overflow = decodeRevert(encoded('Panic(uint256)', ['uint256'], [0x11]), 'execution reverted')
  const other = decodeRevert(encoded('Panic(uint256)', ['uint256'], [0x51]), 'execution reverted')

  expect(overflow).toEqual({ code: 'UNKNOWN', reason: 'Panic 17: arithmetic overflow.' })
  expect(other).toMatchObject({ code: 'UNKNOWN', reason: expect.stringContaining('Panic 81') })
})

test('the custom errors of newer tokens are known by their selectors', () => {
  const types = ['address', 'uint256', 'uint256']
  const args = [`0x${'11'.repeat(20)}`, 1n, 2n]

  const balance = encoded('ERC20InsufficientBalance(address,uint256,uint256)', types, args)
  const allowance = encoded('ERC20InsufficientAllowance(address,uint256,uint256)', types, args)

  expect(decodeRevert(balance, '').code).toBe('BALANCE')
  expect(decodeRevert(allowance, '').code).toBe('ALLOWANCE')
  expect(decodeRevert('0xdeadbeef', '')).toEqual({ code: 'UNKNOWN', reason: 'Custom error 0xdeadbeef.' })
})

test('a pool of Algebra without a price has no liquidity yet', () => {
  expect(decodeRevert(encoded('notInitialized()', [], []), '').code).toBe('LIQUIDITY')
})

const number = ['uint256', [1n]] as const
const hash = ['bytes32', [`0x${'12'.repeat(32)}`]] as const
/** The custom errors of Uniswap V4, its router and Permit2. */
const seenInV4: readonly (readonly [string, string, readonly unknown[], RevertCode])[] = [
  ['V4TooLittleReceived', 'uint256,uint256', [1n, 2n], 'SLIPPAGE'],
  ['V4TooMuchRequested', 'uint256,uint256', [1n, 2n], 'SLIPPAGE'],
  ['TransactionDeadlinePassed', '', [], 'EXPIRED'],
  ['PoolNotInitialized', '', [], 'LIQUIDITY'],
  ['NotEnoughLiquidity', ...hash, 'LIQUIDITY'],
  ['PriceLimitAlreadyExceeded', 'uint160,uint160', [1n, 2n], 'LIQUIDITY'],
  ['AllowanceExpired', ...number, 'ALLOWANCE'],
  ['InsufficientAllowance', ...number, 'ALLOWANCE'],
]

/** An error as the V4 quoter, the router and the pool manager pass it on. */
const wraps: Readonly<Record<string, (error: Hex) => Hex>> = {
  'the quoter': (error) => encoded('UnexpectedRevertBytes(bytes)', ['bytes'], [error]),
  'the router': (error) => encoded('ExecutionFailed(uint256,bytes)', ['uint256', 'bytes'], [0n, error]),
  'the pool manager': (error) => {
    const types = ['address', 'bytes4', 'bytes', 'bytes']
    return encoded(`WrappedError(${types})`, types, [`0x${'11'.repeat(20)}`, '0x23b872dd', error, '0x12345678'])
  },
}

test.each(seenInV4)(
  '%s of Uniswap V4 or Permit2 is known, and within what others wrap it in',
  (name, types, args, code) => {
    const error = encoded(`${name}(${types})`, types === '' ? [] : types.split(','), args)
    const wrapped = Object.values(wraps).map((wrap) => decodeRevert(wrap(error), 'execution reverted'))
    const twice = Object.values(wraps).reduce((inner, wrap) => wrap(inner), error)

    expect(decodeRevert(error, 'execution reverted')).toEqual({ code, reason: name })
    expect(wrapped).toEqual(wrapped.map(() => ({ code, reason: name })))
    expect(decodeRevert(twice, 'execution reverted')).toEqual({ code, reason: name })
  },
)

test.each(Object.entries(wraps))('what %s wraps may be a text, nothing, or without an end', (_, wrap) => {
  const text = decodeRevert(wrap(errorData('ERC20: transfer amount exceeds balance')), 'execution reverted')
  const nothing = decodeRevert(wrap('0x'), 'execution reverted')
  const endless = Array.from({ length: 50 }).reduce<Hex>((inner) => wrap(inner), errorData('STF'))
  const torn = wrap(errorData('STF')).slice(0, 60) as Hex

  expect(text).toEqual({ code: 'BALANCE', reason: 'ERC20: transfer amount exceeds balance' })
  expect(nothing).toEqual({ code: 'UNKNOWN', reason: 'Reverted without a reason.' })
  expect(decodeRevert(endless, '').code).toBe('UNKNOWN')
  expect(decodeRevert(torn, '').code).toBe('UNKNOWN')
})

test('a failed pull of tokens is slippage where native coin pays, since that needs no allowance', () => {
  const native = decodeRevert(errorData('STF'), 'execution reverted', { tokenIn: tokens.ETH })
  const token = decodeRevert(errorData('STF'), 'execution reverted', { tokenIn: tokens.USDC })

  expect(native).toEqual({ code: 'SLIPPAGE', reason: 'STF' })
  expect(token).toEqual({ code: 'ALLOWANCE', reason: 'STF' })
})

test('a revert without data and without words is unknown', () => {
  const silent = { code: 'UNKNOWN', reason: 'Reverted without a reason.' }

  expect(decodeRevert(undefined, 'execution reverted')).toEqual(silent)
  expect(decodeRevert('0x', 'execution reverted')).toEqual(silent)
  expect(decodeRevert('0x08c379a0', 'execution reverted')).toEqual(silent)
})

test('a contract cannot write line breaks, terminal codes or a flood into a log', () => {
  const { reason } = decodeRevert(errorData(`a\nb\u001b[31m\u202ec${'x'.repeat(100_000)}`), '')

  expect(reason).toMatch(/^a b \[31m cx+$/)
  expect(reason).toHaveLength(200)
})
