import { parseAmount } from '../../src/domain/amount.ts'
import { type Hex, lowerHex } from '../../src/domain/hex.ts'
import type { TradeStatus } from '../../src/index.ts'
import type { World } from '../world/world.ts'
import { demand } from './faults.ts'

/** A wallet as the chain has it. Base units. */
export interface Standing {
  readonly block: number
  /** Transactions mined from it. */
  readonly nonce: number
  readonly wei: bigint
  readonly usdc: bigint
}

/** One mined transaction of a wallet. */
export interface Entry {
  readonly nonce: number
  readonly hash: Hex
  readonly block: number
  readonly to: Hex | null
}

const balanceOf = '0x70a08231'
const decimals = { ETH: 18, USDC: 6 }

/**
 * What a wallet has, and how many transactions it has sent, at the latest block.
 *
 * @example
 * const before = await standing(world, wallet)
 */
export async function standing({ rpc, tokens }: World, wallet: Hex): Promise<Standing> {
  const block = (await rpc('eth_blockNumber')) as Hex
  const data = balanceOf + wallet.slice(2).padStart(64, '0')
  const [nonce, wei, usdc] = (await Promise.all([
    rpc('eth_getTransactionCount', [wallet, block]),
    rpc('eth_getBalance', [wallet, block]),
    rpc('eth_call', [{ to: tokens.USDC, data }, block]),
  ])) as Hex[]
  return { block: Number(block), nonce: Number(nonce), wei: BigInt(wei ?? 0), usdc: BigInt(usdc ?? 0) }
}

/** Every transaction that a wallet sent in the blocks after one standing, up to another, by nonce. */
async function transactionsBetween({ rpc }: World, wallet: Hex, before: Standing, after: Standing): Promise<Entry[]> {
  const numbers = Array.from({ length: after.block - before.block }, (_, index) => before.block + 1 + index)
  const blocks = await Promise.all(
    numbers.map((number) => rpc('eth_getBlockByNumber', [`0x${number.toString(16)}`, true])),
  )
  return (blocks as { transactions: { from: Hex; to: Hex | null; hash: Hex; nonce: Hex }[] }[])
    .flatMap(({ transactions }, index) => transactions.map((one) => ({ ...one, block: numbers[index] ?? 0 })))
    .filter(({ from }) => lowerHex(from) === wallet)
    .map(({ nonce, hash, to, block }) => ({ nonce: Number(nonce), hash, to: to === null ? null : lowerHex(to), block }))
    .sort((a, b) => a.nonce - b.nonce)
}

/**
 * Checks a trade against the chain: every leg done, one transaction for each and no other, and the balances changed by
 * exactly what was reported.
 *
 * @returns The transactions of the trade.
 * @throws DemoFault with every sentence that does not hold.
 *
 * @example
 * const sent = await auditTrade(world, before, status)
 */
export async function auditTrade(world: World, before: Standing, trade: TradeStatus): Promise<Entry[]> {
  const { legs } = trade
  const [wallet = '0x'] = legs.map((leg) => leg.wallet)
  const failed = legs.filter(({ status }) => status !== 'done')
  const faults = failed.map(
    ({ legId, status, failure }) => `Leg ${legId} ended ${status}: ${failure?.message ?? 'no reason given'}`,
  )
  if (trade.failure !== null) faults.push(`The trade failed: ${trade.failure.message}`)
  demand(Object.fromEntries(faults.map((fault) => [fault, false])))

  const after = await standing(world, wallet)
  const sent = await transactionsBetween(world, wallet, before, after)
  const expectedHashes = legs.map(({ hash }) => hash).sort()
  const paid = BigInt(parseAmount(trade.amountIn, decimals.ETH)) + BigInt(parseAmount(trade.gasCost, decimals.ETH))
  demand({
    [`The trade is ${trade.outcome}, not filled.`]: trade.outcome === 'filled',
    [`The wallet's nonce rose by ${after.nonce - before.nonce} for ${legs.length} legs.`]:
      after.nonce - before.nonce === legs.length,
    'The chain has other transactions of the wallet than the legs name.':
      sent
        .map(({ hash }) => hash)
        .sort()
        .join() === expectedHashes.join(),
    [`The wallet paid ${before.wei - after.wei} wei; the trade says ${paid}.`]: before.wei - after.wei === paid,
    [`The wallet received ${after.usdc - before.usdc} units of USDC; the trade says ${trade.amountOut} USDC.`]:
      after.usdc - before.usdc === BigInt(parseAmount(trade.amountOut, decimals.USDC)),
  })
  return sent
}
