import { baseUnits } from '../domain/amount.ts'
import type { Hex } from '../domain/hex.ts'
import type { Fill, Swap } from '../domain/swap.ts'
import type { Token } from '../domain/token.ts'
import type { Log } from '../domain/transaction.ts'
import { addressWord, readWord } from './words.ts'

// keccak256 of Transfer(address,address,uint256), Deposit(address,uint256) and Withdrawal(address,uint256).
const transferTopic = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
const depositTopic = '0xe1fffcc4923d04b559f4d29a8bfc6cda04eb5b0d3c460751c2402c5c5cc9109c'
const withdrawalTopic = '0x7fcf532c15f0a6db0bd6d0e038bea71d30d808c7d98cb3bf7268a95bf5081b65'
const nobody: Hex = `0x${'0'.repeat(64)}`

/** Where a swap's coins pass: the venue's router, which wraps and unwraps the native coin. Lower-case addresses. */
export interface SwapContracts {
  readonly router: Hex
  readonly wrappedNative: Hex
}

/**
 * What the wallet paid and received in a swap, in base units, from the logs of a receipt that succeeded.
 *
 * Tokens are counted by their transfers from and to the wallet. The native coin leaves no transfer, so it is counted by
 * what the router wrapped and unwrapped, which is what it took from the wallet and gave back.
 *
 * @example
 * readFill(swap, receipt.logs, { router, wrappedNative }) // { amountIn: '1500000', amountOut: '998' }
 */
export function readFill(swap: Swap, logs: readonly Log[], contracts: SwapContracts): Fill {
  return {
    amountIn: baseUnits(-netReceived(swap.tokenIn, swap.wallet, logs, contracts)),
    amountOut: baseUnits(netReceived(swap.tokenOut, swap.wallet, logs, contracts)),
  }
}

function netReceived(token: Token, wallet: Hex, logs: readonly Log[], contracts: SwapContracts): bigint {
  return token.address === 'native' ? netUnwrapped(logs, contracts) : netTransferred(token.address, wallet, logs)
}

/**
 * What a wallet received of a token, less what it paid, in base units, by the transfers in these logs.
 *
 * @example
 * netTransferred(usdc, wallet, receipt.logs) // -1500000n
 */
export function netTransferred(token: Hex, wallet: Hex, logs: readonly Log[]): bigint {
  const holder: Hex = `0x${addressWord(wallet)}`
  let net = 0n
  for (const log of logs) {
    if (log.address !== token || log.topics[0] !== transferTopic) continue
    if (log.topics[2] === holder) net += amountOf(log)
    if (log.topics[1] === holder) net -= amountOf(log)
  }
  return net
}

function netUnwrapped(logs: readonly Log[], { router, wrappedNative }: SwapContracts): bigint {
  const holder: Hex = `0x${addressWord(router)}`
  let byEvents = 0n
  let byMints = 0n
  for (const log of logs) {
    if (log.address !== wrappedNative) continue
    const [topic, first, second] = log.topics
    if (topic === depositTopic && first === holder) byEvents -= amountOf(log)
    if (topic === withdrawalTopic && first === holder) byEvents += amountOf(log)
    if (topic === transferTopic && first === nobody && second === holder) byMints -= amountOf(log)
    if (topic === transferTopic && first === holder && second === nobody) byMints += amountOf(log)
  }
  // Some wrapped coins (Arbitrum's) mint and burn instead of announcing deposits; others (zkSync's) do both.
  return byEvents === 0n ? byMints : byEvents
}

function amountOf(log: Log): bigint {
  return readWord(log.data, 0) ?? 0n
}
