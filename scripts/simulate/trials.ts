import { executorCode } from '../../src/chain/executor.ts'
import type { Hex } from '../../src/domain/hex.ts'
import { type Trial, tryCall } from './evm.ts'
import type { SimBlock } from './ledger.ts'
import { RpcError } from './rpcFaults.ts'
import { balanceOf, copyOf, native } from './state.ts'
import { quantity, type SimLog, word } from './words.ts'

/** What one call of several came to. */
interface Tried {
  readonly gasUsed: number
  readonly logs: readonly SimLog[]
  /** Why it failed; null where it did not. */
  readonly reason: string | null
  readonly isPoor: boolean
}

/** Runs calls one after the other on top of a block, which stays as it is. */
function tryAll({ state, timestampS }: SimBlock, calls: readonly (Trial & { readonly gas: number })[]): Tried[] {
  let reached = state
  return calls.map(({ gas, ...call }) => {
    const failed = { gasUsed: Math.min(gas, revertGas), logs: [], isPoor: false }
    if (balanceOf(reached, native, call.from) < call.value) return { ...failed, isPoor: true, reason: 'no funds' }
    const next = copyOf(reached)
    const tried = tryCall(next, call, timestampS)
    if (typeof tried === 'string') return { ...failed, reason: tried }
    if (tried.gasUsed > gas) return { ...failed, gasUsed: gas, reason: outOfGas }
    reached = next
    return { ...tried, reason: null, isPoor: false }
  })
}

const revertGas = 40_000
const outOfGas = 'out of gas'

interface RawCall {
  readonly from: Hex
  readonly to: Hex
  readonly input: Hex
  readonly value: Hex
  readonly gas: Hex
}

/** What `eth_simulateV1` answers. @throws RpcError where a wallet cannot pay: then nothing is said of the others. */
export function simulateBlock(block: SimBlock, wish: unknown): unknown {
  const [{ calls } = { calls: [] }] = (wish as { blockStateCalls: { calls: RawCall[] }[] }).blockStateCalls
  const tried = tryAll(
    block,
    calls.map(({ from, to, input, value, gas }) => ({ from, to, data: input, value: BigInt(value), gas: Number(gas) })),
  )
  if (tried.some(({ isPoor }) => isPoor))
    throw new RpcError({ code: -38_014, message: 'insufficient funds for transfer' })
  return [{ number: quantity(block.number + 1), calls: tried.map(shown) }]
}

function shown({ gasUsed, logs, reason }: Tried): unknown {
  const used = quantity(gasUsed)
  if (reason === null) return { status: '0x1', gasUsed: used, maxUsedGas: used, returnData: '0x', logs }
  const message = reason === outOfGas ? reason : `execution reverted: ${reason}`
  return { status: '0x0', gasUsed: used, returnData: '0x', logs: [], error: { code: 3, message } }
}

const wordDigits = 64

/** What the executor answers that a call brings along as its wallet's code. @throws RpcError for any other code. */
export function runExecutor(block: SimBlock, { from, data }: Pick<Trial, 'from' | 'data'>, overrides: unknown): Hex {
  const code = (overrides as Record<Hex, { code: Hex } | undefined>)[from]?.code
  if (code !== executorCode) throw new RpcError({ code: -32_602, message: 'Only the executor can be put anywhere.' })
  const calls = callsIn(data.slice(2), from)
  const outcomes = tryAll(block, calls).map(({ gasUsed, reason, isPoor }, index) => {
    // Only contracts give reasons.
    const failed = reason === null || isPoor || reason === outOfGas ? '' : errorText(reason)
    const status = reason === null ? 1 : isPoor ? 2 : 0
    // The executor sees what runs; its caller adds what a transaction costs before that.
    const own = Math.max(0, gasUsed - intrinsicGas) + (calls[index]?.value === 0n ? callGas : payingCallGas)
    return `${word(status)}${word(own)}${word(failed.length / 2)}${failed}`
  })
  return `0x${outcomes.join('')}`
}

const intrinsicGas = 24_000
const callGas = 100
const payingCallGas = 6_800

/** Four words and the data of each call, back to back. */
function callsIn(digits: string, from: Hex): (Trial & { readonly gas: number })[] {
  const calls: (Trial & { readonly gas: number })[] = []
  let rest = digits
  while (rest.length > 0) {
    const [to, value, gas, size] = [0, 1, 2, 3].map((index) => rest.slice(index * wordDigits, (index + 1) * wordDigits))
    const end = 4 * wordDigits + 2 * Number(`0x${size}`)
    const data: Hex = `0x${rest.slice(4 * wordDigits, end)}`
    calls.push({
      from,
      to: `0x${to?.slice(24)}`,
      data,
      value: BigInt(`0x${value}`),
      gas: Number(`0x${gas}`) + intrinsicGas,
    })
    rest = rest.slice(end)
  }
  return calls
}

/** As Solidity returns a reason: Error(string). */
function errorText(reason: string): string {
  const text = Buffer.from(reason).toString('hex')
  const padded = text.padEnd(Math.ceil(text.length / wordDigits) * wordDigits, '0')
  return `08c379a0${word(32)}${word(text.length / 2)}${padded}`
}
