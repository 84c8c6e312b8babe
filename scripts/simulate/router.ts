import type { Hex } from '../../src/domain/hex.ts'
import { inputOf, outputOf, poolOf, wrapped } from './contracts.ts'
import { addTo, allowanceOf, balanceOf, native, type State } from './state.ts'
import { log, type SimLog, topics, wordAt } from './words.ts'

/** A call of a V2 router, read from its bytes. */
export interface RouterCall {
  readonly router: Hex
  readonly isSell: boolean
  readonly isNativeIn: boolean
  readonly isNativeOut: boolean
  /** The exact amount, and what bounds the other one. */
  readonly amount: bigint
  readonly limit: bigint
  readonly deadlineS: bigint
  readonly tokenIn: Hex
  readonly tokenOut: Hex
}

interface Shape {
  readonly isSell: boolean
  readonly isNativeIn: boolean
  readonly isNativeOut: boolean
}

/** By selector: swapExactETHForTokens, swapETHForExactTokens, and so on. */
const shapes: Readonly<Record<string, Shape>> = {
  '0x7ff36ab5': { isSell: true, isNativeIn: true, isNativeOut: false },
  '0xfb3bdb41': { isSell: false, isNativeIn: true, isNativeOut: false },
  '0x18cbafe5': { isSell: true, isNativeIn: false, isNativeOut: true },
  '0x4a25d94a': { isSell: false, isNativeIn: false, isNativeOut: true },
  '0x38ed1739': { isSell: true, isNativeIn: false, isNativeOut: false },
  '0x8803dbee': { isSell: false, isNativeIn: false, isNativeOut: false },
}

/** Reads a router's call; undefined where the bytes are no swap. */
export function readRouterCall({ to, data, value }: { to: Hex; data: Hex; value: bigint }): RouterCall | undefined {
  const shape = shapes[data.slice(0, 10)]
  if (shape === undefined) return undefined
  // Behind native coin one word less: its amount travels as value.
  const rest = shape.isNativeIn ? 1 : 2
  const first = wordAt(data, 0)
  const sellsNative = shape.isNativeIn && shape.isSell
  return {
    ...shape,
    router: to,
    amount: sellsNative ? value : first,
    limit: shape.isNativeIn ? (shape.isSell ? first : value) : wordAt(data, 1),
    deadlineS: wordAt(data, rest + 2),
    tokenIn: addressAt(data, rest + 4),
    tokenOut: addressAt(data, rest + 5),
  }
}

function addressAt(data: Hex, index: number): Hex {
  return `0x${data.slice(10 + index * 64 + 24, 10 + index * 64 + 64)}`
}

/** What a swap would pay and receive now, or the router's reason against it. */
export function quoteSwap(
  state: State,
  call: RouterCall,
  timestampS: number,
): { readonly amountIn: bigint; readonly amountOut: bigint } | string {
  const { router, isSell, amount, limit, deadlineS, tokenIn, tokenOut } = call
  if (BigInt(timestampS) > deadlineS) return 'UniswapV2Router: EXPIRED'
  const pool = poolOf(router, tokenIn, tokenOut)
  const [reserveIn, reserveOut] = [balanceOf(state, tokenIn, pool), balanceOf(state, tokenOut, pool)]
  if (isSell) {
    const amountOut = outputOf(amount, reserveIn, reserveOut)
    return amountOut < limit || amountOut === 0n
      ? 'UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT'
      : { amountIn: amount, amountOut }
  }
  const amountIn = inputOf(amount, reserveIn, reserveOut)
  if (amountIn === null) return 'ds-math-sub-underflow'
  return amountIn > limit ? 'UniswapV2Router: EXCESSIVE_INPUT_AMOUNT' : { amountIn, amountOut: amount }
}

/** Does a swap, or says why not; a swap that is refused changes nothing. */
export function runSwap(state: State, from: Hex, call: RouterCall, timestampS: number): SimLog[] | string {
  const { router, isNativeIn, isNativeOut, tokenIn, tokenOut } = call
  const swap = quoteSwap(state, call, timestampS)
  if (typeof swap === 'string') return swap
  const { amountIn, amountOut } = swap
  const pool = poolOf(router, tokenIn, tokenOut)
  const leave = allowanceOf(from, router)
  const paid = isNativeIn ? native : tokenIn
  const isPayable =
    balanceOf(state, paid, from) >= amountIn && (isNativeIn || balanceOf(state, tokenIn, leave) >= amountIn)
  if (!isPayable) return 'TransferHelper: TRANSFER_FROM_FAILED'
  addTo(state, paid, from, -amountIn)
  if (!isNativeIn) addTo(state, tokenIn, leave, -amountIn)
  addTo(state, tokenIn, pool, amountIn)
  addTo(state, tokenOut, pool, -amountOut)
  addTo(state, isNativeOut ? native : tokenOut, from, amountOut)
  return [
    isNativeIn
      ? log(wrapped.address, amountIn, topics.deposit, router)
      : log(tokenIn, amountIn, topics.transfer, from, router),
    isNativeOut
      ? log(wrapped.address, amountOut, topics.withdrawal, router)
      : log(tokenOut, amountOut, topics.transfer, router, from),
  ]
}
