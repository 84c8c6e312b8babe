import type { Hex } from '../domain/hex.ts'
import type { Read, Reader, ReadReply } from '../domain/read.ts'
import { addressWord, readWord, uintWord } from '../domain/words.ts'
import { quantity } from './rpcValues.ts'

/** Where Multicall3 is on nearly every chain: it was deployed by the same signed transaction on all of them. */
export const multicallAddress: Hex = '0xca11bde05977b3631167028862be2a173976ca11'

// Multicall3's selectors: aggregate3((address,bool,bytes)[]), getEthBalance(address).
const aggregate3 = '82ad56cb'
const getEthBalance = '4d2301cc'
const wordBytes = 32

/**
 * The chain's multicall contract, if it is at its usual address; null where it is not, undefined where that cannot be found out
 * now: reading without it costs more, and says the same.
 *
 * @example
 * await findMulticall(chain) // '0xca11bde05977b3631167028862be2a173976ca11'
 */
export async function findMulticall(chain: Reader): Promise<Hex | null | undefined> {
  try {
    const [code] = await chain.read([{ kind: 'code', address: multicallAddress }])
    if (code?.ok !== true) return undefined
    return code.value === '0x' ? null : multicallAddress
  } catch {
    return undefined
  }
}

/**
 * Whether a multicall contract can read this: it calls in its own name, and pays nothing.
 *
 * @example
 * isBundled({ kind: 'code', address: '0x…' }) // false
 */
export function isBundled(read: Read): boolean {
  return read.kind === 'balance' || (read.kind === 'call' && read.from === undefined && read.value === undefined)
}

/**
 * The call data that makes a multicall contract read all of these, each allowed to fail.
 *
 * @param multicall - The contract itself: it is asked for balances as well.
 *
 * @example
 * bundle([{ kind: 'balance', address: '0x…' }], multicallAddress).slice(0, 10) // '0x82ad56cb'
 */
export function bundle(reads: readonly Read[], multicall: Hex): Hex {
  const calls = reads.map((read) => encodeCall(read, multicall))
  let offset = calls.length * wordBytes
  const offsets = calls.map((call) => {
    const own = uintWord(BigInt(offset))
    offset += call.length / 2
    return own
  })
  const head = uintWord(BigInt(wordBytes)) + uintWord(BigInt(calls.length))
  return `0x${aggregate3}${head}${offsets.join('')}${calls.join('')}`
}

/** The contract, that it may fail, where its data begins, their length, and the data themselves. */
function encodeCall(read: Read, multicall: Hex): string {
  if (read.kind === 'code') throw new TypeError('A multicall contract reads no code.')
  const to = read.kind === 'balance' ? multicall : read.to
  const data = read.kind === 'balance' ? `${getEthBalance}${addressWord(read.address)}` : read.data.slice(2)
  const padded = data.padEnd(Math.ceil(data.length / 2 / wordBytes) * wordBytes * 2, '0')
  return `${addressWord(to)}${uintWord(1n)}${uintWord(96n)}${uintWord(BigInt(data.length / 2))}${padded}`
}

/**
 * What a multicall contract said to `bundle(reads)`; null in place of each that has to be asked by itself. Those are the calls
 * that failed: what they lacked may have been the gas that others burnt, and a contract that catches its own calls' failures
 * hides even that.
 *
 * @example
 * unbundle('0x', reads) // [null, null]
 */
export function unbundle(value: Hex, reads: readonly Read[]): (ReadReply | null)[] {
  const list = pointer(value, 0)
  // No multicall contract, or not the one that was meant: it says nothing.
  if (list === undefined || readAt(value, list) !== BigInt(reads.length)) return reads.map(() => null)
  const first = list + wordBytes
  return reads.map((read, index) => {
    const offset = pointer(value, first + index * wordBytes)
    if (offset === undefined) return null
    const result = first + offset
    const place = pointer(value, result + wordBytes)
    if (readAt(value, result) !== 1n || place === undefined) return null
    const size = pointer(value, result + place)
    const start = 2 + 2 * (result + place + wordBytes)
    if (size === undefined || value.length < start + 2 * size) return null
    const data: Hex = `0x${value.slice(start, start + 2 * size)}`
    return read.kind === 'balance' ? balanceReply(data) : { ok: true, value: data }
  })
}

/** As `eth_getBalance` writes it. */
function balanceReply(data: Hex): ReadReply | null {
  const wei = readWord(data, 0)
  return wei === undefined ? null : { ok: true, value: quantity(`${wei}`) }
}

/** The word that begins at a byte. */
function readAt(value: Hex, byte: number): bigint | undefined {
  return readWord(`0x${value.slice(2 + 2 * byte, 2 + 2 * (byte + wordBytes))}`, 0)
}

/** A word that says where something is, or how much of it there is; undefined where it leads out of the data. */
function pointer(value: Hex, byte: number): number | undefined {
  const word = readAt(value, byte)
  return word === undefined || word > BigInt(value.length) ? undefined : Number(word)
}
