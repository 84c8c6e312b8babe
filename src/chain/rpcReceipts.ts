import type { Hex } from '../domain/hex.ts'
import type { Receipt } from '../domain/transaction.ts'
import type { Block } from './chain.ts'
import type { RpcEndpoint } from './rpcEndpoint.ts'
import { isMethodMissing, RpcError } from './rpcFaults.ts'
import { parseReceipt, quantity } from './rpcValues.ts'
import type { Sources } from './sources.ts'

/** All receipts that are wanted of one block; null where this endpoint does not have them all. */
export type BlockReceipts = (
  endpoint: RpcEndpoint,
  block: Block,
  wanted: (hash: Hex) => boolean,
) => Promise<Receipt[] | null>

/**
 * Reads a block's receipts at once, or by their hashes at endpoints that cannot do so; which these are is found once.
 *
 * @example
 * await blockReceiptReader()(endpoint, block, (hash) => hash === '0x1b2c…')
 */
export function blockReceiptReader(): BlockReceipts {
  const withoutMethod = new Set<RpcEndpoint>()

  /** Undefined where the endpoint does not do so: by hash it may still work. */
  async function wholeBlock(
    endpoint: RpcEndpoint,
    block: Block,
    wanted: (hash: Hex) => boolean,
  ): Promise<Receipt[] | null | undefined> {
    if (withoutMethod.has(endpoint)) return undefined
    try {
      const raws = await endpoint.request('eth_getBlockReceipts', [quantity(block.number)])
      if (raws === null) return null
      return (raws as { transactionHash: Hex }[])
        .filter(({ transactionHash }) => wanted(transactionHash))
        .map(parseReceipt)
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      if (isMethodMissing(error)) withoutMethod.add(endpoint)
      return undefined
    }
  }

  return async (endpoint, block, wanted) => {
    const hashes = block.transactions.filter(wanted)
    const whole = await wholeBlock(endpoint, block, wanted)
    const found = whole === undefined ? await receiptsAt(endpoint, hashes) : whole
    // Those of another block at that height, or some left out, are none.
    const receipts = (found ?? []).flatMap((receipt) => (receipt?.blockHash === block.hash ? [receipt] : []))
    return receipts.length < hashes.length ? null : receipts
  }
}

/**
 * Receipts by hash. What the first endpoint does not have is asked of all others, in one batch each; the first receipt counts.
 *
 * @example
 * await receiptsAnywhere(sources, ['0x1b2c…']) // [null]
 */
export async function receiptsAnywhere(sources: Sources, hashes: readonly Hex[]): Promise<(Receipt | null)[]> {
  const first = await sources.ask(async (endpoint, source) => ({
    source,
    receipts: await receiptsAt(endpoint, hashes),
  }))
  const missing = hashes.filter((_, index) => first.receipts[index] === null)
  if (missing.length === 0) return first.receipts
  const others = await sources.askAll((endpoint) => receiptsAt(endpoint, missing), [first.source])
  const found = new Map<Hex, Receipt>()
  for (const { answer } of others) {
    for (const receipt of answer) if (receipt !== null && !found.has(receipt.hash)) found.set(receipt.hash, receipt)
  }
  return hashes.map((hash, index) => first.receipts[index] ?? found.get(hash) ?? null)
}

function receiptsAt(endpoint: RpcEndpoint, hashes: readonly Hex[]): Promise<(Receipt | null)[]> {
  return Promise.all(
    hashes.map(async (hash) => {
      const raw = await endpoint.request('eth_getTransactionReceipt', [hash])
      if (raw === null) return null
      const receipt = parseReceipt(raw)
      if (receipt.hash !== hash) throw new TypeError('Another receipt than was asked for.')
      return receipt
    }),
  )
}
