import type { Hex } from '../domain/hex.ts'
import { addressWord, readWord, uintWord } from '../domain/words.ts'

// Most nodes can put code wherever one likes for the time of one `eth_call`. This code, put at a wallet's own address, does
// the wallet's calls one after the other, so that their callees see the wallet as the sender.
//
// What goes in: for each call four words and its data, without a gap: to, value, gas limit, length of the data, data.
// What comes out: for each call three words and what was returned, without a gap: status, gas used, length, data.
// Of the status the lowest bit says that it succeeded, the next one that the wallet did not have the value to be sent.

/**
 * The program, an opcode a line: its bytes, its name, and the stack behind it, whose top is on the right.
 *
 * `i` is where the present call begins in the input and `o` where its outcome begins in memory; `n` is the length of its data,
 * `p` whether the wallet is too poor for its value, `g` the gas that is left before it, and `v`, `to` and `max` its value, callee
 * and gas limit. The data are kept where the outcome comes to be: they are not needed any more by then.
 */
export const program: readonly (readonly [bytes: string, name: string, stack: string])[] = [
  // Whoever else calls (a router that pays, a token that tells its holder) finds an account that takes all and says nothing.
  ['33', 'CALLER', 'caller'],
  ['30', 'ADDRESS', 'caller self'],
  ['14', 'EQ', 'mine'],
  ['6007', 'PUSH1 run', 'mine run'],
  ['57', 'JUMPI', ''],
  ['00', 'STOP', ''],
  ['5b', 'JUMPDEST run, at 07', ''],
  ['6000', 'PUSH1 0', 'o'],
  ['6000', 'PUSH1 0', 'o i'],

  // At the end of the input everything is told.
  ['5b', 'JUMPDEST next, at 0c', 'o i'],
  ['80', 'DUP1', 'o i i'],
  ['36', 'CALLDATASIZE', 'o i i size'],
  ['11', 'GT', 'o i more'],
  ['6017', 'PUSH1 call', 'o i more call'],
  ['57', 'JUMPI', 'o i'],
  ['50', 'POP', 'o'],
  ['6000', 'PUSH1 0', 'o 0'],
  ['f3', 'RETURN', ''],

  // The call's data, to memory.
  ['5b', 'JUMPDEST call, at 17', 'o i'],
  ['80', 'DUP1', 'o i i'],
  ['6060', 'PUSH1 96', 'o i i 96'],
  ['01', 'ADD', 'o i i+96'],
  ['35', 'CALLDATALOAD', 'o i n'],
  ['80', 'DUP1', 'o i n n'],
  ['82', 'DUP3', 'o i n n i'],
  ['6080', 'PUSH1 128', 'o i n n i 128'],
  ['01', 'ADD', 'o i n n i+128'],
  ['84', 'DUP5', 'o i n n i+128 o'],
  ['37', 'CALLDATACOPY', 'o i n'],

  // A transaction finds its callee warm: it is touched before gas is counted.
  ['81', 'DUP2', 'o i n i'],
  ['35', 'CALLDATALOAD', 'o i n to'],
  ['31', 'BALANCE', 'o i n wei'],
  ['50', 'POP', 'o i n'],

  ['47', 'SELFBALANCE', 'o i n own'],
  ['82', 'DUP3', 'o i n own i'],
  ['6020', 'PUSH1 32', 'o i n own i 32'],
  ['01', 'ADD', 'o i n own i+32'],
  ['35', 'CALLDATALOAD', 'o i n own v'],
  ['11', 'GT', 'o i n p'],
  ['5a', 'GAS', 'o i n p g'],

  // CALL takes gas, callee, value, where the data are and their length, and where the result goes: nowhere yet.
  ['6000', 'PUSH1 0', 'o i n p g 0'],
  ['80', 'DUP1', 'o i n p g 0 0'],
  ['84', 'DUP5', 'o i n p g 0 0 n'],
  ['87', 'DUP8', 'o i n p g 0 0 n o'],
  ['87', 'DUP8', 'o i n p g 0 0 n o i'],
  ['6020', 'PUSH1 32', 'o i n p g 0 0 n o i 32'],
  ['01', 'ADD', 'o i n p g 0 0 n o i+32'],
  ['35', 'CALLDATALOAD', 'o i n p g 0 0 n o v'],
  ['88', 'DUP9', 'o i n p g 0 0 n o v i'],
  ['35', 'CALLDATALOAD', 'o i n p g 0 0 n o v to'],
  ['89', 'DUP10', 'o i n p g 0 0 n o v to i'],
  ['6040', 'PUSH1 64', 'o i n p g 0 0 n o v to i 64'],
  ['01', 'ADD', 'o i n p g 0 0 n o v to i+64'],
  ['35', 'CALLDATALOAD', 'o i n p g 0 0 n o v to max'],
  ['f1', 'CALL', 'o i n p g ok'],

  // The gas it used, to the second word of its outcome.
  ['90', 'SWAP1', 'o i n p ok g'],
  ['5a', 'GAS', 'o i n p ok g left'],
  ['90', 'SWAP1', 'o i n p ok left g'],
  ['03', 'SUB', 'o i n p ok used'],
  ['85', 'DUP6', 'o i n p ok used o'],
  ['6020', 'PUSH1 32', 'o i n p ok used o 32'],
  ['01', 'ADD', 'o i n p ok used o+32'],
  ['52', 'MSTORE', 'o i n p ok'],

  // ok + 2p, to the first.
  ['90', 'SWAP1', 'o i n ok p'],
  ['80', 'DUP1', 'o i n ok p p'],
  ['01', 'ADD', 'o i n ok 2p'],
  ['17', 'OR', 'o i n status'],
  ['83', 'DUP4', 'o i n status o'],
  ['52', 'MSTORE', 'o i n'],

  // What was returned: its length to the third, itself behind that.
  ['3d', 'RETURNDATASIZE', 'o i n r'],
  ['83', 'DUP4', 'o i n r o'],
  ['6040', 'PUSH1 64', 'o i n r o 64'],
  ['01', 'ADD', 'o i n r o+64'],
  ['52', 'MSTORE', 'o i n'],
  ['3d', 'RETURNDATASIZE', 'o i n r'],
  ['6000', 'PUSH1 0', 'o i n r 0'],
  ['84', 'DUP5', 'o i n r 0 o'],
  ['6060', 'PUSH1 96', 'o i n r 0 o 96'],
  ['01', 'ADD', 'o i n r 0 o+96'],
  ['3e', 'RETURNDATACOPY', 'o i n'],

  // On to the next call, and to where its outcome goes.
  ['01', 'ADD', 'o i+n'],
  ['6080', 'PUSH1 128', 'o i+n 128'],
  ['01', 'ADD', 'o i'],
  ['90', 'SWAP1', 'i o'],
  ['3d', 'RETURNDATASIZE', 'i o r'],
  ['01', 'ADD', 'i o+r'],
  ['6060', 'PUSH1 96', 'i o+r 96'],
  ['01', 'ADD', 'i o'],
  ['90', 'SWAP1', 'o i'],
  ['600c', 'PUSH1 next', 'o i next'],
  ['56', 'JUMP', 'o i'],
]

/** The code that runs `encodeCalls` when its own address calls it, and that takes everything else like an account without code. */
export const executorCode: Hex = `0x${program.map(([bytes]) => bytes).join('')}`

/** One call for the executor. */
export interface ExecutorCall {
  readonly to: Hex
  readonly data: Hex
  /** In wei. */
  readonly value: bigint
  /** What it may burn, in gas units. */
  readonly gasMax: number
}

/** What became of one call. */
export interface Outcome {
  readonly succeeded: boolean
  /** The wallet did not have its value. */
  readonly isPoor: boolean
  /** In gas units, with what the call itself costs its caller. */
  readonly gasUsed: number
  readonly data: Hex
}

/**
 * Calls as the executor takes them.
 *
 * @example
 * encodeCalls([{ to: '0xc02a…', data: '0xd0e30db0', value: 1n, gasMax: 50_000 }])
 */
export function encodeCalls(calls: readonly ExecutorCall[]): Hex {
  const records = calls.map(({ to, data, value, gasMax }) => {
    const size = uintWord(BigInt(data.length / 2 - 1))
    return addressWord(to) + uintWord(value) + uintWord(BigInt(gasMax)) + size + data.slice(2)
  })
  return `0x${records.join('')}`
}

/**
 * What the executor says of so many calls.
 *
 * @returns undefined where that is not what was said.
 *
 * @example
 * decodeOutcomes('0x', 1) // undefined
 */
export function decodeOutcomes(value: Hex, count: number): readonly Outcome[] | undefined {
  const outcomes: Outcome[] = []
  let rest = value.slice(2)
  while (outcomes.length < count) {
    const [status, gasUsed, size] = [0, 1, 2].map((index) => readWord(`0x${rest}`, index))
    if (status === undefined || gasUsed === undefined || size === undefined) return undefined
    const end = headDigits + 2 * Number(size)
    if (rest.length < end) return undefined
    const data: Hex = `0x${rest.slice(headDigits, end)}`
    outcomes.push({ succeeded: status === 1n, isPoor: status > 1n, gasUsed: Number(gasUsed), data })
    rest = rest.slice(end)
  }
  return outcomes
}

const headDigits = 3 * 64
