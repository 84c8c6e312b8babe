import { baseUnits } from '../domain/amount.ts'
import { type Hex, lowerHex } from '../domain/hex.ts'
import type { MinedCall } from '../domain/transaction.ts'
import type { RpcEndpoint } from './rpcEndpoint.ts'
import { RpcError } from './rpcFaults.ts'
import { count, quantity } from './rpcValues.ts'
import type { Sources } from './sources.ts'

interface Search {
  readonly wallet: Hex
  readonly nonce: number
  /** Where to begin; the search goes further back where the nonce was used up before. */
  readonly from: number
  /** Last block to be searched. */
  readonly to: number
  /** When the nonce was still free, where that is known: Unix milliseconds. */
  readonly freeAtMs?: number
}

/**
 * Finds the transaction that used up a nonce: halves the range by the wallet's transaction count, then reads that one
 * block. Where the node has no states that old (any more) it reads block after block instead, back to when the nonce was
 * still free. All at one endpoint, so that two endpoints' different views are never mixed.
 *
 * @returns null where no transaction up to `to` has that nonce, or it is not found.
 */
async function findNonceUser(endpoint: RpcEndpoint, search: Search): Promise<MinedCall | null> {
  const { wallet, nonce, from, to } = search
  const countAt = async (block: number): Promise<number> =>
    count(await endpoint.request('eth_getTransactionCount', [wallet, quantity(block)]))
  if ((await countAt(to)) <= nonce) return null
  let low = from
  let high = to
  while (low > 0) {
    const counted = await countAt(low).catch(ifRefused)
    if (counted === null) return await readBack(endpoint, search, high)
    if (counted <= nonce) break
    high = low
    low = Math.max(0, low - 2 * (to - low + 1))
  }
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const counted = await countAt(middle).catch(ifRefused)
    if (counted === null) return await readBack(endpoint, search, high)
    if (counted > nonce) high = middle
    else low = middle + 1
  }
  return userIn(await readBlock(endpoint, low), search)
}

/** The node's own refusal, as of a state that it does not keep; no reply at all is something else. */
function ifRefused(error: unknown): null {
  if (error instanceof RpcError) return null
  throw error
}

/** Blocks read at once, and in all: on a busy chain each is hundreds of kilobytes. */
const blocksAtOnce = 10
const blocksMax = 2_000

/** Reads blocks from `high` down, until the nonce's user is found, or cannot come any more. */
async function readBack(endpoint: RpcEndpoint, search: Search, high: number): Promise<MinedCall | null> {
  const { wallet, nonce, freeAtMs = 0 } = search
  for (let last = high; last > Math.max(0, high - blocksMax); last -= blocksAtOnce) {
    const numbers = Array.from({ length: Math.min(blocksAtOnce, last) }, (_, index) => last - index)
    for (const block of await Promise.all(numbers.map((number) => readBlock(endpoint, number)))) {
      const user = userIn(block, search)
      if (user !== null || block === null) return user
      const isPast = block.transactions.some((one) => lowerHex(one.from) === wallet && Number(one.nonce) < nonce)
      if (isPast || Number(block.timestamp) * 1000 < freeAtMs) return null
    }
  }
  return null
}

interface WholeBlock {
  readonly timestamp: Hex
  readonly transactions: readonly { hash: Hex; from: Hex; nonce: Hex; to: Hex | null; input: Hex; value: Hex }[]
}

async function readBlock(endpoint: RpcEndpoint, number: number): Promise<WholeBlock | null> {
  return (await endpoint.request('eth_getBlockByNumber', [quantity(number), true])) as WholeBlock | null
}

function userIn(block: WholeBlock | null, { wallet, nonce }: Search): MinedCall | null {
  const user = block?.transactions.find(
    (transaction) => Number(transaction.nonce) === nonce && lowerHex(transaction.from) === wallet,
  )
  if (user === undefined) return null
  const { hash, to: callee, input, value } = user
  return { hash, to: lowerHex(callee ?? '0x'), data: lowerHex(input), value: baseUnits(BigInt(value)) }
}

/**
 * Finds the transaction that used up a nonce, and sees that another endpoint has it, too: a leg gives its nonce up for it. Who
 * does not answer says nothing against it.
 *
 * @returns null where none is found, or no other endpoint that answers has it mined.
 *
 * @example
 * (await agreedNonceUser(sources, { wallet: '0xf39f…', nonce: 7, from: 100, to: 140 }))?.hash // '0x1b2c…'
 */
export async function agreedNonceUser(sources: Sources, search: Search): Promise<MinedCall | null> {
  const found = await sources.askOn(async (endpoint, source) => {
    const user = await findNonceUser(endpoint, search)
    return user === null ? null : { user, source }
  })
  if (found === null) return null
  const { hash } = found.user
  const others = await sources.askAll((endpoint) => hasMined(endpoint, { ...search, hash }), [found.source])
  return others.length === 0 || others.some(({ answer }) => answer) ? found.user : null
}

/** Whether an endpoint has that transaction mined. */
async function hasMined(
  endpoint: RpcEndpoint,
  { wallet, nonce, hash }: { wallet: Hex; nonce: number; hash: Hex },
): Promise<boolean> {
  const found = (await endpoint.request('eth_getTransactionByHash', [hash])) as {
    blockNumber: Hex | null
    from: Hex
    nonce: Hex
  } | null
  const isMined = found !== null && typeof found.blockNumber === 'string'
  return isMined && count(found.nonce) === nonce && lowerHex(found.from) === wallet
}
