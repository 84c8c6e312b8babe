import { baseUnits } from '../domain/amount.ts'
import { type Hex, lowerHex } from '../domain/hex.ts'
import type { MinedCall } from '../domain/transaction.ts'
import type { RpcEndpoint } from './rpcEndpoint.ts'
import { count, quantity } from './rpcValues.ts'
import type { Sources } from './sources.ts'

interface Search {
  readonly wallet: Hex
  readonly nonce: number
  /** Where to begin; the search goes further back where the nonce was used up before. */
  readonly from: number
  /** Last block to be searched. */
  readonly to: number
}

/**
 * Finds the transaction that used up a nonce: halves the range by the wallet's transaction count, then reads that one
 * block. All at one endpoint, so that two endpoints' different views are never mixed.
 *
 * @returns null where no transaction up to `to` has that nonce.
 * @throws RpcError where the node does not have states that old.
 */
async function findNonceUser(endpoint: RpcEndpoint, { wallet, nonce, from, to }: Search): Promise<MinedCall | null> {
  const countAt = async (block: number): Promise<number> =>
    count(await endpoint.request('eth_getTransactionCount', [wallet, quantity(block)]))
  if ((await countAt(to)) <= nonce) return null
  let low = from
  let high = to
  // Nodes without old states refuse from some block on: then the nonce's user cannot be proven here.
  while (low > 0 && (await countAt(low)) > nonce) {
    high = low
    low = Math.max(0, low - 2 * (to - low + 1))
  }
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((await countAt(middle)) > nonce) high = middle
    else low = middle + 1
  }
  const block = (await endpoint.request('eth_getBlockByNumber', [quantity(low), true])) as {
    transactions: { hash: Hex; from: Hex; nonce: Hex; to: Hex | null; input: Hex; value: Hex }[]
  } | null
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
