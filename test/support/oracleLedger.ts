import type { Rpc } from '../../scripts/world/rpc.ts'
import type { Hex } from '../../src/domain/hex.ts'
import type { OpenOptions } from '../../src/index.ts'
import type { HistoryEntry } from '../../src/runtime/records.ts'
import type { LegStatus, TradeStatus } from '../../src/runtime/status.ts'
import type { Sent } from './gate.ts'

/** What a wallet has at one time. */
export interface Holdings {
  readonly nonce: number
  /** Base units by symbol; ETH is the chain's own coin. */
  readonly balances: Readonly<Record<string, bigint>>
}

type Tokens = Readonly<Record<string, { readonly address: Hex | 'native'; readonly decimals: number }>>

/** All that the invariants are checked against. */
export interface Evidence {
  readonly rpc: Rpc
  readonly tokens: Tokens
  readonly confirmations: number
  /** Wei per gas unit. */
  readonly ceilings: { readonly call: bigint; readonly cancel: bigint }
  readonly wallets: readonly {
    readonly wallet: Hex
    /** Before anything was sent. */
    readonly before: Holdings
    /** The highest nonce that the store has recorded. */
    readonly laneMark: number | null
  }[]
  /** The gate's record; of several gates, in the order of arrival. */
  readonly sent: readonly Sent[]
  /** What was reported, when all had ended. */
  readonly trades: readonly { readonly status: TradeStatus; readonly history: readonly HistoryEntry[] }[]
  /** Those of the configuration; those on the native coin are checked. */
  readonly limits?: OpenOptions['limits']
  /** Transactions of nothing that somebody else sent with a wallet's key, past the gate. */
  readonly foreign: readonly { readonly hash: Hex; readonly nonce: number; readonly from: Hex }[]
}

/** A transaction in its block. */
export interface Mined {
  readonly succeeded: boolean
  readonly blockNumber: number
  readonly gasUsed: bigint
  readonly costWei: bigint
}

/** One leg with all that was ever signed for it. */
export interface Leg {
  readonly name: string
  readonly status: LegStatus
  readonly trade: TradeStatus
  /** What the gate saw of it, in order. */
  readonly sent: readonly Sent[]
  readonly mined: readonly { readonly sent: Sent; readonly receipt: Mined }[]
}

/** The evidence of one wallet beside what the chain says of it. */
export interface WalletLedger {
  readonly wallet: Hex
  readonly before: Holdings
  readonly after: Holdings
  readonly laneMark: number | null
  readonly sent: readonly Sent[]
  /** Of what did not pass the gate, by nonce. */
  readonly foreignReceipts: ReadonlyMap<number, Mined>
}

/** The evidence beside what the chain says. */
export interface Ledger extends Omit<Evidence, 'wallets'> {
  readonly wallets: readonly WalletLedger[]
  readonly legs: readonly Leg[]
  /** The legs of each hash that passed the gate; none where it belongs to nobody. */
  readonly owners: ReadonlyMap<string, readonly Leg[]>
  /** Of what passed the gate, by hash. */
  readonly receipts: ReadonlyMap<string, Mined>
  readonly head: number
  readonly pending: number
}

/** Asks the chain for all that the evidence is compared with. */
export async function readLedger(evidence: Evidence): Promise<Ledger> {
  const { rpc, sent, trades, foreign, tokens } = evidence
  const receipts = await readReceipts(rpc, [...new Set([...sent, ...foreign].map(({ hash }) => hash))])
  const legs = legsOf(trades, sent, receipts)
  const owners = new Map<string, Leg[]>()
  for (const leg of legs) {
    for (const hash of new Set(leg.sent.map((one) => one.hash))) owners.set(hash, [...(owners.get(hash) ?? []), leg])
  }
  const wallets = await Promise.all(
    evidence.wallets.map(async ({ wallet, ...known }): Promise<WalletLedger> => {
      const foreignReceipts = new Map<number, Mined>()
      for (const { hash, nonce, from } of foreign) {
        const receipt = from === wallet ? receipts.get(hash) : undefined
        if (receipt !== undefined) foreignReceipts.set(nonce, receipt)
      }
      const after = await holdingsOf({ rpc, wallet, tokens })
      return { wallet, ...known, after, sent: sent.filter(({ from }) => from === wallet), foreignReceipts }
    }),
  )
  const { pending, queued } = (await rpc('txpool_status')) as { pending: string; queued: string }
  const head = Number(await rpc('eth_blockNumber'))
  return { ...evidence, wallets, legs, owners, receipts, head, pending: Number(pending) + Number(queued) }
}

function legsOf(trades: Evidence['trades'], sent: readonly Sent[], receipts: ReadonlyMap<string, Mined>): Leg[] {
  const byHash = new Map<string, { one: Sent; place: number }[]>()
  for (const [place, one] of sent.entries()) byHash.set(one.hash, [...(byHash.get(one.hash) ?? []), { one, place }])
  return trades.flatMap(({ status: trade, history }) =>
    trade.legs.map((status): Leg => {
      const mine = history.filter(({ legId }) => legId === status.legId)
      const hashes = [...new Set(mine.flatMap(({ hash }) => hash ?? []))]
      const arrivals = hashes.flatMap((hash) => byHash.get(hash) ?? []).sort((a, b) => a.place - b.place)
      const mined = hashes.flatMap((hash) => {
        const first = byHash.get(hash)?.[0]?.one
        const receipt = receipts.get(hash)
        return first === undefined || receipt === undefined ? [] : [{ sent: first, receipt }]
      })
      return { name: `${trade.tradeId}/${status.legId}`, status, trade, sent: arrivals.map(({ one }) => one), mined }
    }),
  )
}

/** What a wallet has now. */
export async function holdingsOf({
  rpc,
  wallet,
  tokens,
}: {
  readonly rpc: Rpc
  readonly wallet: Hex
  readonly tokens: Tokens
}): Promise<Holdings> {
  const nonce = Number(await rpc('eth_getTransactionCount', [wallet, 'latest']))
  const balances = await Promise.all(
    Object.entries(tokens).map(async ([symbol, { address }]) => {
      const data = `0x70a08231${wallet.slice(2).padStart(64, '0')}`
      const balance =
        address === 'native'
          ? await rpc('eth_getBalance', [wallet, 'latest'])
          : await rpc('eth_call', [{ to: address, data }, 'latest'])
      return [symbol, BigInt(balance as string)] as const
    }),
  )
  return { nonce, balances: Object.fromEntries(balances) }
}

/** So many questions at once: a soak leaves thousands. */
const receiptsAtOnce = 50

async function readReceipts(rpc: Rpc, hashes: readonly Hex[]): Promise<Map<string, Mined>> {
  const receipts = new Map<string, Mined>()
  for (let start = 0; start < hashes.length; start += receiptsAtOnce) {
    await Promise.all(
      hashes.slice(start, start + receiptsAtOnce).map(async (hash) => {
        const receipt = await readReceipt(rpc, hash)
        if (receipt !== null) receipts.set(hash, receipt)
      }),
    )
  }
  return receipts
}

async function readReceipt(rpc: Rpc, hash: Hex): Promise<Mined | null> {
  const receipt = (await rpc('eth_getTransactionReceipt', [hash])) as Record<string, string> | null
  if (receipt === null) return null
  const { status = '', blockNumber = '', gasUsed = '', effectiveGasPrice = '' } = receipt
  return {
    succeeded: status === '0x1',
    blockNumber: Number(blockNumber),
    gasUsed: BigInt(gasUsed),
    costWei: BigInt(gasUsed) * BigInt(effectiveGasPrice),
  }
}
