import type { Hex } from '../domain/hex.ts'
import type { Log } from '../domain/transaction.ts'
import type { SimulatedCall, SimulationReply, StateOverrides } from './chain.ts'
import { decodeOutcomes, encodeCalls, executorCode, type Outcome } from './executor.ts'
import type { RpcEndpoint } from './rpcEndpoint.ts'
import { isMethodMissing, isStateMissing, RpcError } from './rpcFaults.ts'
import { blockTag, count, parseLog, quantity, revertData } from './rpcValues.ts'

/** What calls would come to at one endpoint; see `Chain.simulate`. */
export type CallSimulator = (
  endpoint: RpcEndpoint,
  calls: readonly SimulatedCall[],
  at?: number,
  overrides?: StateOverrides,
) => Promise<readonly SimulationReply[]>

/** More than any swap takes, and so little that ten of them fit into a block: some nodes share out what is left without it. */
const gasDefault = 3_000_000

/**
 * Simulates by `eth_simulateV1`, and by an executor in place of the wallet's code at endpoints that cannot do so; which these
 * are is found once.
 *
 * @example
 * await callSimulator()(endpoint, [{ from, to, data: '0x', value: '1' }]) // [{ ok: true, gasUsed: 21000, … }]
 */
export function callSimulator(): CallSimulator {
  const withoutMethod = new Set<RpcEndpoint>()
  return async (endpoint, calls, at, overrides) => {
    const state = { at, overrides: overrides === undefined ? undefined : asJsonRpc(overrides) }
    if (!withoutMethod.has(endpoint)) {
      try {
        return await simulateBlock(endpoint, calls, state)
      } catch (error) {
        if (!(error instanceof RpcError) || isStateMissing(error)) throw error
        // One call that cannot be paid for makes the node refuse them all. The executor tells which.
        if (isMethodMissing(error)) withoutMethod.add(endpoint)
      }
    }
    return executeCalls(endpoint, calls, state)
  }
}

/** The state that calls find. */
interface SimulatedState {
  readonly at: number | undefined
  readonly overrides: Readonly<Record<Hex, object>> | undefined
}

/** As JSON-RPC names what is overridden. */
function asJsonRpc(overrides: StateOverrides): SimulatedState['overrides'] {
  return Object.fromEntries(
    Object.entries(overrides).map(([address, { balance, code, slots }]) => [
      address,
      { code, stateDiff: slots, balance: balance === undefined ? undefined : quantity(balance) },
    ]),
  )
}

interface RawSimulatedCall {
  readonly status: Hex
  readonly gasUsed: Hex
  /** Before refunds. Only some clients say it. */
  readonly maxUsedGas?: Hex
  readonly returnData?: Hex
  readonly logs: readonly Log[]
  readonly error?: { readonly message?: string; readonly data?: unknown }
}

/** All calls in one block on top of the state, without fees and signatures. */
async function simulateBlock(
  endpoint: RpcEndpoint,
  calls: readonly SimulatedCall[],
  { at, overrides }: SimulatedState,
): Promise<SimulationReply[]> {
  const transactions = calls.map(({ from, to, data, value, gas = gasDefault }) => {
    return { from, to, input: data, value: quantity(value), gas: quantity(gas) }
  })
  const block = { stateOverrides: overrides, calls: transactions }
  const wish = { blockStateCalls: [block], validation: false, traceTransfers: false }
  const blocks = await endpoint.request('eth_simulateV1', [wish, blockTag(at)])
  const [simulated] = blocks as { calls: RawSimulatedCall[] }[]
  if (simulated?.calls.length !== calls.length) throw new TypeError('Not a reply for each call.')
  return simulated.calls.map((raw, index) => parseReply(raw, calls[index]?.gas ?? gasDefault))
}

function parseReply(raw: RawSimulatedCall, gasMax: number): SimulationReply {
  const { status, gasUsed, maxUsedGas, returnData = '0x', logs, error } = raw
  const used = count(gasUsed)
  if (count(status) === 1) {
    const gasNeeded = maxUsedGas === undefined ? beforeRefunds(used) : count(maxUsedGas)
    return { ok: true, gasUsed: used, gasNeeded, value: returnData, logs: logs.map(parseLog) }
  }
  const data = [revertData(error?.data), returnData].find((one) => one !== undefined && one !== '0x') ?? '0x'
  return failure({ gasUsed: used, hasGasLeft: used < gasMax, words: error?.message ?? reverted, data })
}

/** A transaction gets back a fifth of its gas at most. */
function beforeRefunds(gasUsed: number): number {
  return Math.ceil((gasUsed * 5) / 4)
}

const reverted = 'execution reverted'

interface Failed {
  readonly gasUsed: number
  readonly hasGasLeft: boolean
  readonly words: string
  readonly data: Hex
}

function failure({ gasUsed, hasGasLeft, words, data }: Failed): SimulationReply {
  if (data !== '0x') return { ok: false, gasUsed, message: words, data }
  // Not every node tells want of gas from a revert without a reason.
  return { ok: false, gasUsed, message: hasGasLeft ? words : `${words}: out of gas` }
}

/** Wallet by wallet, each in an `eth_call` of its own. */
async function executeCalls(
  endpoint: RpcEndpoint,
  calls: readonly SimulatedCall[],
  state: SimulatedState,
): Promise<SimulationReply[]> {
  const wallets = [...new Set(calls.map(({ from }) => from))]
  const replies = await Promise.all(
    wallets.map(async (wallet) => {
      const own = calls.filter(({ from }) => from === wallet)
      return [wallet, (await executeFrom(endpoint, wallet, own, state))[Symbol.iterator]()] as const
    }),
  )
  const byWallet = new Map(replies)
  return calls.flatMap(({ from }) => byWallet.get(from)?.next().value ?? [])
}

async function executeFrom(
  endpoint: RpcEndpoint,
  wallet: Hex,
  calls: readonly SimulatedCall[],
  { at, overrides }: SimulatedState,
): Promise<SimulationReply[]> {
  const limited = calls.map((call) => ({ ...call, gasMax: Math.max(0, (call.gas ?? gasDefault) - intrinsicGas(call)) }))
  const data = encodeCalls(limited.map((call) => ({ ...call, value: BigInt(call.value) })))
  const executing = { ...overrides, [wallet]: { ...overrides?.[wallet], code: executorCode } }
  const value = await endpoint.request('eth_call', [{ from: wallet, to: wallet, data }, blockTag(at), executing])
  const outcomes = decodeOutcomes(value as Hex, calls.length)
  if (outcomes === undefined) throw new RpcError({ code: -32_602, message: 'The node does not take code for a call.' })
  return limited.flatMap((call, index) => {
    const outcome = outcomes[index]
    return outcome === undefined ? [] : [readOutcome(call, outcome)]
  })
}

function readOutcome(
  call: SimulatedCall & { readonly gasMax: number },
  { succeeded, isPoor, gasUsed, data }: Outcome,
): SimulationReply {
  const own = Math.max(0, gasUsed - (call.value === '0' ? callGas : payingCallGas))
  const used = intrinsicGas(call) + own
  // It sees no refunds. In a transaction of its own what calls before it touched would cost it more.
  if (succeeded) return { ok: true, gasUsed: used, gasNeeded: beforeRefunds(used), value: data, logs: null }
  const words = isPoor ? 'insufficient funds for transfer' : reverted
  return failure({ gasUsed: used, hasGasLeft: isPoor || own < call.gasMax, words, data })
}

/** What a call costs a contract that makes it, and a transaction does not: with value more, less what the callee gets for it. */
const callGas = 100
const payingCallGas = callGas + 9_000 - 2_300

const transferGas = 21_000
const zeroByteGas = 4
const byteGas = 16

/** What a transaction costs before it runs. */
function intrinsicGas({ data }: Pick<SimulatedCall, 'data'>): number {
  let gas = transferGas
  for (let digit = 2; digit < data.length; digit += 2) {
    gas += data.startsWith('00', digit) ? zeroByteGas : byteGas
  }
  return gas
}
