import type { Hex } from '../../src/domain/hex.ts'
import { inputOf, outputOf, pairOf, poolOf, tokens } from './contracts.ts'
import { readRouterCall, runSwap } from './router.ts'
import { addTo, allowanceOf, balanceOf, copyOf, native, nonceOf, refusing, reverting, type State } from './state.ts'
import type { WireTransaction } from './wire.ts'
import { quantity, type SimLog, word, wordAt } from './words.ts'

/** What one transaction came to in one block. */
export interface Outcome {
  readonly succeeded: boolean
  readonly gasUsed: number
  readonly gasPrice: bigint
  readonly logs: readonly SimLog[]
  readonly reason: string | null
}

/** Where a transaction runs. */
export interface Setting {
  readonly number: number
  readonly timestampS: number
  readonly baseFee: bigint
}

const transferGas = 21_000
const approveGas = 46_000
const swapGas = 110_000
const gasSpread = 40_000
const approveSelector = '0x095ea7b3'

/** True where a block may hold the transaction next. */
export function isMineable(state: State, { from, nonce, maxFee, gasLimit, value }: WireTransaction, baseFee: bigint) {
  if (nonce !== nonceOf(state, from) || maxFee < baseFee) return false
  return balanceOf(state, native, from) >= BigInt(gasLimit) * maxFee + value
}

/** Runs a mineable transaction on `state`, which it changes. */
export function execute(state: State, transaction: WireTransaction, setting: Setting): Outcome {
  const { from, nonce, maxFee, tip, gasLimit } = transaction
  // Without a base fee the tip is all of the offer.
  const gasPrice = lesser(maxFee, setting.baseFee + tip)
  state.nonces.set(from, nonce + 1)
  const needed = gasOf(transaction, setting.number)
  const gasUsed = Math.min(needed, gasLimit)
  addTo(state, native, from, -BigInt(gasUsed) * gasPrice)
  const result = needed > gasLimit ? 'out of gas' : runMined(state, transaction, setting.timestampS)
  const isDone = typeof result !== 'string'
  return { succeeded: isDone, gasUsed, gasPrice, logs: isDone ? result : [], reason: isDone ? null : result }
}

function lesser(one: bigint, other: bigint): bigint {
  if (one < other) return one
  return other
}

/** The same transaction needs another amount in another block: storage that somebody else wrote first costs less. */
function gasOf({ data, hash }: Pick<WireTransaction, 'data' | 'hash'>, blockNumber: number): number {
  if (data === '0x') return transferGas
  if (data.startsWith(approveSelector)) return approveGas
  return swapGas + ((Number.parseInt(hash.slice(2, 8), 16) + blockNumber * 7919) % gasSpread)
}

/** What no trial shows: a venue that lets only its own friends trade. */
function runMined(state: State, transaction: WireTransaction, timestampS: number): SimLog[] | string {
  const isSwap = readRouterCall(transaction) !== undefined
  if (isSwap && balanceOf(state, reverting, transaction.to) > 0n) return 'not today'
  return runCall(state, transaction, timestampS)
}

function runCall(state: State, { from, to, data, value }: Trial, timestampS: number): SimLog[] | string {
  if (data.startsWith(approveSelector)) {
    const spender = `0x${data.slice(34, 74)}`
    state.coins.set(`${to} ${allowanceOf(from, spender)}`, wordAt(data, 1))
    return []
  }
  const call = readRouterCall({ to, data, value })
  if (call !== undefined && balanceOf(state, refusing, to) > 0n) return 'Pausable: paused'
  if (call !== undefined) return runSwap(state, from, call, timestampS)
  addTo(state, native, from, -value)
  addTo(state, native, to, value)
  return []
}

/** A transaction that nobody has signed. */
export type Trial = Pick<WireTransaction, 'from' | 'to' | 'data' | 'value'>

/** What `eth_estimateGas` says: gas units, or why the call would revert. */
export function estimate(state: State, call: Trial, timestampS: number): number | string {
  const tried = tryCall(copyOf(state), call, timestampS)
  return typeof tried === 'string' ? tried : tried.gasUsed
}

/** Runs a call on `state`, which it changes unless it reverts: its gas and its events, or why it reverts. */
export function tryCall(
  state: State,
  call: Trial,
  timestampS: number,
): { readonly gasUsed: number; readonly logs: readonly SimLog[] } | string {
  const result = runCall(state, call, timestampS)
  if (typeof result === 'string') return result
  return { gasUsed: gasOf({ ...call, hash: '0x000000' }, 0) + gasSpread / 4, logs: result }
}

const selectors = {
  decimals: '0x313ce567',
  balanceOf: '0x70a08231',
  allowance: '0xdd62ed3e',
  getAmountsOut: '0xd06ca61f',
  getAmountsIn: '0x1f00ca74',
  getPair: '0xe6a43905',
  getReserves: '0x0902f1ac',
} as const

/** What `eth_call` returns. @throws Error with a contract's reason. */
export function call(state: State, { to, data }: { readonly to: Hex; readonly data: Hex }): Hex {
  const holder = (index: number): Hex => `0x${data.slice(10 + index * 64 + 24, 74 + index * 64)}`
  switch (data.slice(0, 10)) {
    case selectors.decimals:
      return `0x${word(tokens.find(({ address }) => address === to)?.decimals ?? 18)}`
    case selectors.balanceOf:
      return `0x${word(balanceOf(state, to, holder(0)))}`
    case selectors.allowance:
      return `0x${word(balanceOf(state, to, allowanceOf(holder(0), holder(1))))}`
    case selectors.getPair:
      return `0x${poolOf(to, holder(0), holder(1)).slice(2).padStart(64, '0')}`
    case selectors.getReserves:
      return `0x${(pairOf(to) ?? []).map(({ address }) => word(balanceOf(state, address, to))).join('')}${word(0)}`
    case selectors.getAmountsOut:
    case selectors.getAmountsIn:
      return amounts(state, to, data)
    default:
      return quantity(0)
  }
}

function amounts(state: State, router: Hex, data: Hex): Hex {
  const isSell = data.startsWith(selectors.getAmountsOut)
  const amount = wordAt(data, 0)
  const [tokenIn, tokenOut] = [3, 4].map((index) => `0x${data.slice(10 + index * 64 + 24, 74 + index * 64)}` as Hex)
  if (tokenIn === undefined || tokenOut === undefined) throw new Error('UniswapV2Library: INVALID_PATH')
  const pool = poolOf(router, tokenIn, tokenOut)
  const [reserveIn, reserveOut] = [balanceOf(state, tokenIn, pool), balanceOf(state, tokenOut, pool)]
  if (reserveIn === 0n) throw new Error('UniswapV2Library: INSUFFICIENT_LIQUIDITY')
  const other = isSell ? outputOf(amount, reserveIn, reserveOut) : inputOf(amount, reserveIn, reserveOut)
  if (other === null) throw new Error('ds-math-sub-underflow')
  const [paid, received] = isSell ? [amount, other] : [other, amount]
  return `0x${word(32)}${word(2)}${word(paid)}${word(received)}`
}
