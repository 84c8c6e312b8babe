import { createKeccak } from 'hash-wasm'
import type { Hex } from '../../src/domain/hex.ts'

/** What the stub pretends to be. All of its transactions come from `wallet`, and each is a swap that succeeds. */
export interface StubOptions {
  readonly chainId: number
  readonly wallet: Hex
  readonly router: Hex
  readonly wrappedNative: Hex
  readonly usdc: Hex
  /** What each swap pays and receives, in base units: digits. */
  readonly amountIn: string
  readonly amountOut: string
}

/** The ledger of a node that knows only one wallet and runs no code. Answers are JSON text, ready to be sent. */
export interface StubChain {
  /** The answer, or undefined for a method that it does not have. @throws Error with a node's own words. */
  answer(method: string, params: readonly unknown[], receivedAtMs: number): string | undefined
  /** A block with all transactions whose turn it is. */
  mine(): void
  /** A block with none, whatever waits. */
  mineEmpty(): void
  /** When the bytes of each transaction arrived, on the monotonic clock; -1 for one that never came. */
  receivedAtMs(hashes: readonly Hex[]): number[]
  /** Transactions that ever arrived. */
  count(): number
}

const gwei = '0x3b9aca00'
const gasUsed = '0x1d4c0'
const gasLimit = '0x1c9c380'
const topics = {
  deposit: '0xe1fffcc4923d04b559f4d29a8bfc6cda04eb5b0d3c460751c2402c5c5cc9109c',
  transfer: '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef',
}
const selectors = { decimals: '0x313ce567', getAmountsOut: '0xd06ca61f', getReserves: '0x0902f1ac' }
/** Where Multicall3 would be: the stub has none. */
const multicall = '0xca11bde05977b3631167028862be2a173976ca11'

/**
 * Starts an empty ledger.
 *
 * @example
 * (await createStubChain(options)).answer('eth_blockNumber', [], 0) // '"0x0"'
 */
export async function createStubChain(options: StubOptions): Promise<StubChain> {
  const { chainId, wallet, router, usdc, wrappedNative } = options
  const hasher = await createKeccak(256)
  const blocks: Hex[][] = [[]]
  const arrivals = new Map<Hex, number>()
  const nonces = new Map<Hex, number>()
  const blockOf = new Map<Hex, number>()
  const waiting = new Map<number, Hex>()
  let nextNonce = 0
  const swapLogs = logTexts(options)
  const pool = poolFor(options)

  function accept(raw: string, receivedAtMs: number): string {
    const bytes = Buffer.from(raw.slice(2), 'hex')
    const hash: Hex = `0x${hasher.init().update(bytes).digest('hex')}`
    if (arrivals.has(hash)) throw new Error('already known')
    const nonce = nonceOf(bytes)
    if (nonce < nextNonce) throw new Error('nonce too low')
    waiting.set(nonce, hash)
    nonces.set(hash, nonce)
    arrivals.set(hash, receivedAtMs)
    return `"${hash}"`
  }

  function mine(): void {
    const mined: Hex[] = []
    for (let hash = waiting.get(nextNonce); hash !== undefined; hash = waiting.get(nextNonce)) {
      waiting.delete(nextNonce)
      nextNonce += 1
      blockOf.set(hash, blocks.length)
      mined.push(hash)
    }
    blocks.push(mined)
  }

  function numberOf(tag: unknown): number {
    if (typeof tag !== 'string' || !tag.startsWith('0x')) return blocks.length - 1
    // The hash of a block is its number, behind a pad.
    return tag.length === 66 ? Number(`0x${tag.slice(34)}`) : Number(tag)
  }

  function blockText(number: number, isWhole: boolean): string {
    const transactions = blocks[number]
    if (transactions === undefined) return 'null'
    return `{"number":"${hex(number)}","hash":"${blockHash(number)}","parentHash":"${blockHash(number - 1)}",${
      `"timestamp":"${hex(Math.floor(Date.now() / 1000))}","baseFeePerGas":"${gwei}","gasUsed":"0xe4e1c0",` +
      `"gasLimit":"${gasLimit}","difficulty":"0x0","nonce":"0x0000000000000000","extraData":"0x",` +
      `"miner":"${router}","size":"0x0","uncles":[],`
    }"transactions":[${transactions.map((hash) => (isWhole ? transactionText(hash) : `"${hash}"`)).join()}]}`
  }

  function receiptText(hash: Hex, number: number): string {
    const place = `"transactionHash":"${hash}","blockHash":"${blockHash(number)}","blockNumber":"${hex(number)}"`
    const [deposit, transfer] = swapLogs
    return (
      `{${place},"transactionIndex":"0x0","from":"${wallet}","to":"${router}","contractAddress":null,` +
      `"cumulativeGasUsed":"${gasUsed}","gasUsed":"${gasUsed}","effectiveGasPrice":"${gwei}","status":"0x1",` +
      `"type":"0x2","logs":[{${place},${deposit}},{${place},${transfer}}]}`
    )
  }

  function receiptOf(hash: Hex): string {
    const number = blockOf.get(hash)
    return number === undefined ? 'null' : receiptText(hash, number)
  }

  function transactionText(hash: Hex): string {
    if (!arrivals.has(hash)) return 'null'
    const number = blockOf.get(hash)
    const place =
      number === undefined
        ? '"blockHash":null,"blockNumber":null,"transactionIndex":null'
        : `"blockHash":"${blockHash(number)}","blockNumber":"${hex(number)}","transactionIndex":"0x0"`
    return (
      `{"hash":"${hash}",${place},"from":"${wallet}","to":"${router}","nonce":"${hex(nonces.get(hash) ?? 0)}","gas":"${gasUsed}",` +
      `"value":"0x0","input":"0x","type":"0x2","chainId":"${hex(chainId)}","maxFeePerGas":"${gwei}",` +
      `"maxPriorityFeePerGas":"${gwei}","accessList":[],"v":"0x0","yParity":"0x0","r":"${one}","s":"${one}"}`
    )
  }

  function call({ to, data }: { to: string; data: string }): string {
    if (to === usdc && data.startsWith(selectors.decimals)) return `"0x${word('6')}"`
    if (data.startsWith(selectors.getAmountsOut)) {
      const amountIn = BigInt(`0x${data.slice(10, 74)}`)
      return `"0x${word('32')}${word('2')}${word(amountIn)}${word(outputOf(pool, amountIn))}"`
    }
    if (data.startsWith(selectors.getReserves)) {
      const [first, second] = wrappedNative < usdc ? [pool.native, pool.usdc] : [pool.usdc, pool.native]
      return `"0x${word(first)}${word(second)}${word(0n)}"`
    }
    return `"0x${wrappedNative.slice(2).padStart(64, '0')}"`
  }

  function simulated(wish: { blockStateCalls: { calls: unknown[] }[] }): string {
    const logs = swapLogs.map((text) => `{${text}}`).join()
    const reply = `{"status":"0x1","gasUsed":"${gasUsed}","maxUsedGas":"${gasUsed}","returnData":"0x","logs":[${logs}]}`
    return `[${wish.blockStateCalls.map(({ calls }) => `{"calls":[${calls.map(() => reply).join()}]}`).join()}]`
  }

  return {
    answer(method, params, receivedAtMs) {
      const [first, second] = params
      switch (method) {
        case 'eth_sendRawTransaction':
          return accept(first as string, receivedAtMs)
        case 'eth_getBlockByNumber':
        case 'eth_getBlockByHash':
          return blockText(numberOf(first), second === true)
        case 'eth_getBlockReceipts': {
          const number = numberOf(first)
          return `[${(blocks[number] ?? []).map((hash) => receiptText(hash, number)).join()}]`
        }
        case 'eth_getTransactionReceipt':
          return receiptOf(first as Hex)
        case 'eth_getTransactionByHash':
          return transactionText(first as Hex)
        case 'eth_getTransactionCount':
          return `"${hex(second === 'pending' ? nextNonce + waiting.size : nextNonce)}"`
        case 'eth_blockNumber':
          return `"${hex(blocks.length - 1)}"`
        case 'eth_feeHistory': {
          const five = `["${gwei}","${gwei}","${gwei}","${gwei}","${gwei}"`
          const reward = `[["${gwei}"],["${gwei}"],["${gwei}"],["${gwei}"],["${gwei}"]]`
          return `{"oldestBlock":"0x0","baseFeePerGas":${five},"${gwei}"],"gasUsedRatio":[0.5,0.5,0.5,0.5,0.5],"reward":${reward}}`
        }
        case 'eth_gasPrice':
        case 'eth_maxPriorityFeePerGas':
          return `"${gwei}"`
        case 'eth_estimateGas':
          return `"${gasUsed}"`
        case 'eth_call':
          return call(first as { to: string; data: string })
        case 'eth_simulateV1':
          return simulated(first as { blockStateCalls: { calls: unknown[] }[] })
        case 'eth_getCode':
          return first === multicall ? '"0x"' : '"0x6000"'
        case 'eth_getBalance':
          return '"0x21e19e0c9bab2400000"'
        case 'eth_chainId':
          return `"${hex(chainId)}"`
        case 'net_version':
          return `"${chainId}"`
        default:
          return undefined
      }
    },
    mine,
    mineEmpty: () => void blocks.push([]),
    receivedAtMs: (hashes) => hashes.map((hash) => arrivals.get(hash) ?? -1),
    count: () => arrivals.size,
  }
}

/** What a sale of ETH leaves behind, from where the logs differ no more between receipts. */
function logTexts({ router, wrappedNative, usdc, wallet, amountIn, amountOut }: StubOptions): [string, string] {
  const end = '"transactionIndex":"0x0","removed":false'
  return [
    `"address":"${wrappedNative}","topics":["${topics.deposit}","0x${addressWord(router)}"],` +
      `"data":"0x${word(amountIn)}","logIndex":"0x0",${end}`,
    `"address":"${usdc}","topics":["${topics.transfer}","0x${addressWord(router)}","0x${addressWord(wallet)}"],` +
      `"data":"0x${word(amountOut)}","logIndex":"0x1",${end}`,
  ]
}

/** The nonce of an EIP-1559 transaction: the second item of the list behind its type byte. */
function nonceOf(bytes: Buffer): number {
  const listPrefix = bytes[1] ?? 0
  const chainIdAt = listPrefix > 0xf7 ? 2 + listPrefix - 0xf7 : 2
  const chainIdPrefix = bytes[chainIdAt] ?? 0
  const nonceAt = chainIdAt + (chainIdPrefix < 0x80 ? 1 : 1 + chainIdPrefix - 0x80)
  const prefix = bytes[nonceAt] ?? 0
  if (prefix < 0x80) return prefix
  return prefix === 0x80 ? 0 : bytes.readUIntBE(nonceAt + 1, prefix - 0x80)
}

function blockHash(number: number): Hex {
  return `0x${'b'.repeat(32)}${Math.max(0, number).toString(16).padStart(32, '0')}`
}

function hex(number: number): Hex {
  return `0x${number.toString(16)}`
}

/** What the only pool holds, in base units. */
interface StubPool {
  readonly native: bigint
  readonly usdc: bigint
}

/** A pool so deep that swaps do not move it, with the price that makes a sale of `amountIn` come to `amountOut`. */
function poolFor({ amountIn, amountOut }: StubOptions): StubPool {
  const native = BigInt(amountIn) * 1_000_000n
  const paid = BigInt(amountIn) * 997n
  // Rounded up, so that what `outputOf` rounds down is the amount itself.
  return { native, usdc: (BigInt(amountOut) * (native * 1000n + paid) + paid - 1n) / paid }
}

/** What the pool gives for `amountIn`, less its fee of 0.3 %. */
function outputOf({ native, usdc }: StubPool, amountIn: bigint): bigint {
  const paid = amountIn * 997n
  return (paid * usdc) / (native * 1000n + paid)
}

function word(digits: string | bigint): string {
  return BigInt(digits).toString(16).padStart(64, '0')
}

function addressWord(address: Hex): string {
  return address.slice(2).padStart(64, '0')
}

const one = `0x${word('1')}`
