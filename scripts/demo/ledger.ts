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
  /** True where it changed nothing but what it cost. */
  readonly isReverted: boolean
}

/** A trade that is what the chain says, with what that is. */
export interface Audited {
  readonly trade: TradeStatus
  readonly sent: readonly Entry[]
  /** What left the wallet, gas included. */
  readonly paidWei: bigint
  /** What arrived, in base units of USDC. */
  readonly received: bigint
}

/** How a trade is to have ended. */
export interface Expected {
  /** `filled` without it. */
  readonly outcome?: TradeStatus['outcome']
  /** Venues whose first leg is to have failed on the chain; none without it. */
  readonly failed?: readonly string[]
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
  const own = (blocks as { transactions: { from: Hex; to: Hex | null; hash: Hex; nonce: Hex }[] }[])
    .flatMap(({ transactions }, index) => transactions.map((one) => ({ ...one, block: numbers[index] ?? 0 })))
    .filter(({ from }) => lowerHex(from) === wallet)
  const receipts = await Promise.all(own.map(({ hash }) => rpc('eth_getTransactionReceipt', [hash])))
  return (receipts as { status: Hex }[])
    .flatMap(({ status }, index): Entry[] => {
      const one = own[index]
      if (one === undefined) return []
      const { nonce, hash, to, block } = one
      return [{ nonce: Number(nonce), hash, to: to && lowerHex(to), block, isReverted: Number(status) === 0 }]
    })
    .sort((a, b) => a.nonce - b.nonce)
}

/**
 * Checks a trade against the chain: every leg ended as expected, in one transaction for each and no other, and the balances
 * changed by exactly what was reported.
 *
 * @throws DemoFault with every sentence that does not hold.
 *
 * @example
 * const { sent } = await auditTrade(world, before, status)
 */
export async function auditTrade(
  world: World,
  before: Standing,
  trade: TradeStatus,
  { outcome = 'filled', failed = [] }: Expected = {},
): Promise<Audited> {
  const { legs } = trade
  demand(endsOf(trade, failed))

  const [wallet = '0x'] = legs.map((leg) => leg.wallet)
  const after = await standing(world, wallet)
  const sent = await transactionsBetween(world, wallet, before, after)
  const paidWei = before.wei - after.wei
  const received = after.usdc - before.usdc
  const reported = BigInt(parseAmount(trade.amountIn, decimals.ETH)) + BigInt(parseAmount(trade.gasCost, decimals.ETH))
  const hashesOf = (list: readonly { readonly hash: Hex | null }[]): string =>
    list
      .map(({ hash }) => hash)
      .sort()
      .join()
  demand({
    [`The trade is ${trade.outcome}, not ${outcome}.`]: trade.outcome === outcome,
    [`The wallet's nonce rose by ${after.nonce - before.nonce} for ${legs.length} legs.`]:
      after.nonce - before.nonce === legs.length,
    'The chain has other transactions of the wallet than the legs name.': hashesOf(sent) === hashesOf(legs),
    'Other transactions were reverted than those of the legs that failed.':
      hashesOf(sent.filter(({ isReverted }) => isReverted)) ===
      hashesOf(legs.filter(({ status }) => status === 'failed')),
    [`The wallet paid ${paidWei} wei; the trade says ${reported}.`]: paidWei === reported,
    [`The wallet received ${received} units of USDC; the trade says ${trade.amountOut} USDC.`]:
      received === BigInt(parseAmount(trade.amountOut, decimals.USDC)),
  })
  return { trade, sent, paidWei, received }
}

/** How the trade and its legs ended, for `demand`. */
function endsOf({ legs, failure }: TradeStatus, failed: readonly string[]): Record<string, boolean> {
  const ends = legs.map(({ legId, status, failure: why }): [string, boolean] => {
    const expected = failed.includes(legId) ? 'failed' : 'done'
    return [`Leg ${legId} ended ${status}: ${why?.message ?? 'no reason given'}`, status === expected]
  })
  return { ...Object.fromEntries(ends), [`The trade failed: ${failure?.message}`]: failure === null }
}
