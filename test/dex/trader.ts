import { Interface, Wallet } from 'ethers'
import { type Rpc, RpcError } from '../../scripts/world/rpc.ts'
import type { World } from '../../scripts/world/world.ts'
import type { Spender } from '../../src/dex/dex.ts'
import { approveCall, unlimited } from '../../src/dex/erc20.ts'
import { baseUnits } from '../../src/domain/amount.ts'
import { type Hex, lowerHex } from '../../src/domain/hex.ts'
import type { Read, Reader, ReadReply } from '../../src/domain/read.ts'
import type { Token } from '../../src/domain/token.ts'
import type { Call, Log, Receipt } from '../../src/domain/transaction.ts'

const erc20 = new Interface(['function balanceOf(address) view returns (uint256)', 'function deposit() payable'])
const feePerGas = 10n ** 10n

/** A wallet with a key on the test chain, and a node to read from: as little as a venue needs to be tried. */
export interface Trader extends Reader {
  readonly address: Hex
  /** Sends the call, mines it, and answers with its receipt, whether or not it reverted. */
  send(call: Call): Promise<Receipt>
  /** What the call would do now, sent by the trader. */
  simulate(call: Call): Promise<ReadReply>
  /** Base units that the trader holds. */
  balance(token: Token): Promise<bigint>
  /** Lets a spender take all of a token. */
  approve(token: Token, spender: Spender): Promise<void>
  /** Turns native coin into the wrapped token. `amount` is in base units. */
  wrap(token: Token, amount: bigint): Promise<void>
}

interface RpcReceipt {
  readonly status: Hex
  readonly blockNumber: Hex
  readonly blockHash: Hex
  readonly gasUsed: Hex
  readonly effectiveGasPrice: Hex
  readonly logs: readonly Log[]
}

/**
 * A trader over the last account of a world that has tokens.
 *
 * @example
 * const receipt = await traderIn(world()).send(dex.swapCall(swap, terms))
 */
export function traderIn({ rpc, accounts, chainId, mine }: World): Trader {
  const account = accounts[3]
  if (account === undefined) throw new Error('The world has too few accounts.')
  const wallet = new Wallet(account.privateKey)
  const from = account.address

  async function send({ to, data, value }: Call): Promise<Receipt> {
    const nonce = Number(await rpc('eth_getTransactionCount', [from, 'latest']))
    const fees = { type: 2, maxFeePerGas: feePerGas, maxPriorityFeePerGas: 1n }
    const raw = await wallet.signTransaction({ ...fees, chainId, nonce, gasLimit: 1_000_000, to, data, value })
    const hash = (await rpc('eth_sendRawTransaction', [raw])) as Hex
    await mine()
    return receiptOf(hash, (await rpc('eth_getTransactionReceipt', [hash])) as RpcReceipt)
  }

  async function transact(token: Token, data: string, value = 0n): Promise<void> {
    const { succeeded } = await send({ to: addressOf(token), data: lowerHex(data), value: baseUnits(value) })
    if (!succeeded) throw new Error(`A call to ${token.symbol} reverted.`)
  }

  return {
    address: from,
    read: (reads) => Promise.all(reads.map((read) => answer(rpc, read))),
    send,
    simulate: (call) => answer(rpc, { kind: 'call', from, ...call }),
    async balance(token) {
      if (token.address === 'native') return BigInt((await rpc('eth_getBalance', [from, 'latest'])) as Hex)
      const call = { to: token.address, data: erc20.encodeFunctionData('balanceOf', [from]) }
      return BigInt((await rpc('eth_call', [call, 'latest'])) as Hex)
    },
    async approve(token, { address: spender, ...via }) {
      const { succeeded } = await send(approveCall({ token: addressOf(token), spender, ...via }, unlimited))
      if (!succeeded) throw new Error(`${token.symbol} could not be allowed to ${spender}.`)
    },
    wrap: (token, amount) => transact(token, erc20.encodeFunctionData('deposit'), amount),
  }
}

function addressOf({ symbol, address }: Token): Hex {
  if (address === 'native') throw new Error(`${symbol} has no contract.`)
  return address
}

async function answer(rpc: Rpc, read: Read): Promise<ReadReply> {
  try {
    return { ok: true, value: (await rpc(...request(read))) as Hex }
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    const { message, data } = error
    return typeof data === 'string' ? { ok: false, message, data: lowerHex(data) } : { ok: false, message }
  }
}

function request(read: Read): [method: string, params: unknown[]] {
  if (read.kind === 'code') return ['eth_getCode', [read.address, 'latest']]
  if (read.kind === 'balance') return ['eth_getBalance', [read.address, 'latest']]
  const { to, data, from, value } = read
  const payment = value === undefined ? {} : { value: `0x${BigInt(value).toString(16)}` }
  return ['eth_call', [{ to, data, ...(from === undefined ? {} : { from }), ...payment }, 'latest']]
}

function receiptOf(hash: Hex, receipt: RpcReceipt): Receipt {
  return {
    hash,
    blockNumber: Number(receipt.blockNumber),
    blockHash: receipt.blockHash,
    succeeded: receipt.status === '0x1',
    gasUsed: Number(receipt.gasUsed),
    effectiveGasPrice: baseUnits(BigInt(receipt.effectiveGasPrice)),
    logs: receipt.logs.map(({ address, topics, data }) => ({ address, topics, data })),
  }
}
