import type { Hex } from '../../src/domain/hex.ts'

/** An event as a receipt has it. */
export interface SimLog {
  readonly address: Hex
  readonly topics: readonly Hex[]
  readonly data: Hex
}

export const topics = {
  transfer: '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef',
  deposit: '0xe1fffcc4923d04b559f4d29a8bfc6cda04eb5b0d3c460751c2402c5c5cc9109c',
  withdrawal: '0x7fcf532c15f0a6db0bd6d0e038bea71d30d808c7d98cb3bf7268a95bf5081b65',
} as const

/** A number as JSON-RPC writes it. */
export function quantity(value: number | bigint): Hex {
  return `0x${value.toString(16)}`
}

/** 64 hexadecimal digits. */
export function word(value: number | bigint): string {
  return value.toString(16).padStart(64, '0')
}

/** The word behind a selector at this place, from 0; 0 where the data ends before it. */
export function wordAt(data: Hex, index: number): bigint {
  const digits = data.slice(10 + index * 64, 74 + index * 64)
  return digits === '' ? 0n : BigInt(`0x${digits}`)
}

/** An event with an amount, about these addresses. */
export function log(address: Hex, amount: bigint, topic: Hex, ...about: readonly Hex[]): SimLog {
  return { address, topics: [topic, ...about.map(addressTopic)], data: `0x${word(amount)}` }
}

function addressTopic(address: Hex): Hex {
  return `0x${address.slice(2).padStart(64, '0')}`
}
