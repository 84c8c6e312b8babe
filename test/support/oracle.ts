import type { Rpc } from '../../scripts/world/rpc.ts'
import { parseAmount } from '../../src/domain/amount.ts'
import type { Hex } from '../../src/domain/hex.ts'
import type { HistoryEntry } from '../../src/runtime/records.ts'
import type { LegStatus, TradeStatus } from '../../src/runtime/status.ts'
import type { Sent } from './gate.ts'

/** What a wallet had before anything was sent. */
export interface Holdings {
  readonly nonce: number
  /** Base units by symbol; ETH is the chain's own coin. */
  readonly balances: Readonly<Record<string, bigint>>
}

/** All that the invariants are checked against. */
export interface Evidence {
  readonly rpc: Rpc
  readonly wallet: Hex
  readonly tokens: Readonly<Record<string, { readonly address: Hex | 'native'; readonly decimals: number }>>
  readonly confirmations: number
  /** Wei per gas unit. */
  readonly ceilings: { readonly call: bigint; readonly cancel: bigint }
  readonly before: Holdings
  /** The gate's record. */
  readonly sent: readonly Sent[]
  /** What was reported, when all had ended. */
  readonly trades: readonly { readonly status: TradeStatus; readonly history: readonly HistoryEntry[] }[]
  /** The highest nonce that the store has recorded. */
  readonly laneMark: number | null
  /** Transactions of nothing that somebody else sent with the wallet's key, past the gate. */
  readonly foreign: readonly { readonly hash: Hex; readonly nonce: number }[]
}

interface Mined {
  readonly succeeded: boolean
  readonly blockNumber: number
  readonly gasUsed: bigint
  readonly costWei: bigint
}

/** One leg with all that was ever signed for it. */
interface Leg {
  readonly name: string
  readonly status: LegStatus
  readonly trade: TradeStatus
  readonly hashes: ReadonlySet<string>
  /** What the gate saw of it, in order. */
  readonly sent: readonly Sent[]
  readonly mined: readonly { readonly sent: Sent; readonly receipt: Mined }[]
}

interface Ledger extends Evidence {
  readonly legs: readonly Leg[]
  /** Of what passed the gate, by hash. */
  readonly receipts: ReadonlyMap<string, Mined>
  /** Of what did not, by nonce. */
  readonly foreignReceipts: ReadonlyMap<number, Mined>
  readonly head: number
  readonly after: Holdings
  readonly pending: number
}

/**
 * Checks what must always hold, from the chain's own ledger and the record of every byte that reached the node: recorded
 * first, at most once, no gaps, only receipts count, exact, bounded.
 *
 * @returns One sentence a violation; none where all is well.
 *
 * @example
 * expect(await violations(evidence)).toEqual([])
 */
export async function violations(evidence: Evidence): Promise<string[]> {
  const ledger = await readLedger(evidence)
  return [recordedFirst, atMostOnce, noGaps, onlyReceipts, exact, bounded].flatMap((check) => check(ledger))
}

/** What a wallet has now. */
export async function holdingsOf({
  rpc,
  wallet,
  tokens,
}: Pick<Evidence, 'rpc' | 'wallet' | 'tokens'>): Promise<Holdings> {
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

async function readLedger(evidence: Evidence): Promise<Ledger> {
  const { rpc, sent, trades, foreign } = evidence
  const receipts = new Map<string, Mined>()
  const foreignReceipts = new Map<number, Mined>()
  for (const { hash, nonce } of foreign) {
    const receipt = await readReceipt(rpc, hash)
    if (receipt !== null) foreignReceipts.set(nonce, receipt)
  }
  for (const hash of new Set(sent.map((one) => one.hash))) {
    const receipt = await readReceipt(rpc, hash)
    if (receipt !== null) receipts.set(hash, receipt)
  }
  const legs = trades.flatMap(({ status: trade, history }) =>
    trade.legs.map((status): Leg => {
      const mine = history.filter(({ legId }) => legId === status.legId)
      const hashes = new Set(mine.flatMap(({ hash }) => hash ?? []))
      const own = sent.filter(({ hash }) => hashes.has(hash))
      const firsts = own.filter((one, index) => own.findIndex(({ hash }) => hash === one.hash) === index)
      const mined = firsts.flatMap((one) => {
        const receipt = receipts.get(one.hash)
        return receipt === undefined ? [] : [{ sent: one, receipt }]
      })
      return { name: `${trade.tradeId}/${status.legId}`, status, trade, hashes, sent: own, mined }
    }),
  )
  const { pending, queued } = (await rpc('txpool_status')) as { pending: string; queued: string }
  const head = Number(await rpc('eth_blockNumber'))
  const after = await holdingsOf(evidence)
  return { ...evidence, legs, receipts, foreignReceipts, head, after, pending: Number(pending) + Number(queued) }
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

function recordedFirst({ sent }: Ledger): string[] {
  const seen = new Set<string>()
  return sent.flatMap(({ hash, nonce, wasOnDisk }) => {
    if (seen.has(hash)) return []
    seen.add(hash)
    return wasOnDisk ? [] : [`Recorded first: ${hash} (nonce ${nonce}) reached the node before the disk.`]
  })
}

function atMostOnce(ledger: Ledger): string[] {
  const { legs, sent } = ledger
  const found: string[] = []
  const ownerOfNonce = new Map<number, string>()
  for (const { hash, nonce } of sent) {
    const owners = legs.filter(({ hashes }) => hashes.has(hash)).map(({ name }) => name)
    const [owner = 'nobody'] = owners
    if (owners.length !== 1) found.push(`At most once: ${hash} (nonce ${nonce}) belongs to ${owners.length} legs.`)
    const earlier = ownerOfNonce.get(nonce)
    if (earlier !== undefined && earlier !== owner) {
      found.push(`At most once: nonce ${nonce} was used by ${earlier} and by ${owner}.`)
    }
    ownerOfNonce.set(nonce, owner)
  }
  for (const leg of legs) {
    const swaps = leg.mined.filter(({ sent: one, receipt }) => receipt.succeeded && !isCancellation(one))
    if (swaps.length > 1) found.push(`At most once: ${leg.name} succeeded ${swaps.length} times.`)
    found.push(...tooEarly(leg, ledger))
  }
  return [...new Set(found)]
}

/** A new nonce may only be used once each earlier one was finally consumed, and not by a success. */
function tooEarly({ name, sent, mined }: Leg, { confirmations, foreignReceipts }: Ledger): string[] {
  const nonces = [...new Set(sent.map(({ nonce }) => nonce))]
  return nonces.slice(1).flatMap((nonce, index) => {
    const first = sent.find((one) => one.nonce === nonce)
    const before = nonces[index]
    const own = mined.find((one) => one.sent.nonce === before)?.receipt
    const end = own ?? foreignReceipts.get(before ?? -1)
    if (first === undefined) return []
    if (end === undefined) return [`At most once: ${name} took nonce ${nonce}, and nonce ${before} was never mined.`]
    const isFinal = first.head - end.blockNumber + 1 >= confirmations
    return isFinal ? [] : [`At most once: ${name} took nonce ${nonce} before nonce ${before} was final.`]
  })
}

function noGaps({ before, after, sent, receipts, foreignReceipts, pending, laneMark }: Ledger): string[] {
  const found: string[] = []
  const highest = Math.max(before.nonce - 1, ...sent.map(({ nonce }) => nonce))
  if (after.nonce !== highest + 1) {
    found.push(`No gaps: ${highest} is the highest nonce that was sent, and ${after.nonce} is the next to be mined.`)
  }
  for (let nonce = before.nonce; nonce <= highest; nonce += 1) {
    const isOurs = sent.some((one) => one.nonce === nonce && receipts.has(one.hash))
    if (!isOurs && !foreignReceipts.has(nonce))
      found.push(`No gaps: nonce ${nonce} was not mined by anything that was sent.`)
  }
  if (pending > 0) found.push(`No gaps: ${pending} transactions are still pending.`)
  if (highest >= before.nonce && laneMark !== highest) {
    found.push(`No gaps: the lane's mark is ${laneMark}, and the highest nonce ${highest}.`)
  }
  return found
}

function onlyReceipts({ legs, trades, head, confirmations }: Ledger): string[] {
  const found: string[] = []
  for (const { name, status, mined } of legs) {
    const success = mined.find(({ sent, receipt }) => receipt.succeeded && !isCancellation(sent))
    if (status.status === 'done' && success?.sent.hash !== status.hash) {
      found.push(
        `Only receipts count: ${name} is done by ${status.hash}, and by the chain it is ${success?.sent.hash}.`,
      )
    }
    if (status.status !== 'done' && success !== undefined) {
      found.push(`Only receipts count: ${name} is ${status.status}, and ${success.sent.hash} succeeded.`)
    }
    for (const { sent, receipt } of mined) {
      if (head - receipt.blockNumber + 1 < confirmations) {
        found.push(`Only receipts count: ${name} ended, and ${sent.hash} is not deep enough.`)
      }
    }
    const gasUsed = mined.reduce((sum, { receipt }) => sum + receipt.gasUsed, 0n)
    const costWei = mined.reduce((sum, { receipt }) => sum + receipt.costWei, 0n)
    if (BigInt(status.gasUsed) !== gasUsed || weiOf(status.gasCost) !== costWei) {
      found.push(`Only receipts count: ${name} reports ${status.gasUsed} gas, and its receipts have ${gasUsed}.`)
    }
  }
  for (const { status } of trades) {
    const isFilled = status.legs.some((leg) => leg.kind === 'swap' && leg.status === 'done')
    if (status.status !== (isFilled ? 'done' : 'failed')) {
      found.push(`Only receipts count: ${status.tradeId} is ${status.status}, and filled is ${isFilled}.`)
    }
  }
  return found
}

function exact({ trades, legs, tokens, before, after, receipts, foreignReceipts }: Ledger): string[] {
  const found: string[] = []
  const units = (amount: string | null, symbol: string): bigint => toUnits(amount, tokens[symbol]?.decimals ?? 0)
  const change: Record<string, bigint> = {}
  const add = (symbol: string, amount: bigint): void => {
    change[symbol] = (change[symbol] ?? 0n) + amount
  }
  for (const { status } of trades) {
    const base = status.side === 'sell' ? status.tokenIn : status.tokenOut
    const given = status.legs.reduce((sum, { amount }) => sum + units(amount, base), units(status.unallocated, base))
    const isSplit = status.legs.length > 0 || given > 0n
    if (isSplit && given !== units(status.amount, base)) {
      found.push(`Exact: the legs of ${status.tradeId} and the rest add up to ${given} of ${status.amount} ${base}.`)
    }
    add(status.tokenIn, -units(status.amountIn, status.tokenIn))
    add(status.tokenOut, units(status.amountOut, status.tokenOut))
  }
  const gasWei = costOf(receipts.values())
  const reportedWei = legs.reduce((sum, { status }) => sum + weiOf(status.gasCost), 0n)
  if (gasWei !== reportedWei) found.push(`Exact: ${reportedWei} wei are reported for gas, and ${gasWei} were paid.`)
  add('ETH', -gasWei - costOf(foreignReceipts.values()))
  for (const symbol of Object.keys(tokens)) {
    const real = (after.balances[symbol] ?? 0n) - (before.balances[symbol] ?? 0n)
    const reported = change[symbol] ?? 0n
    if (real !== reported) found.push(`Exact: ${symbol} changed by ${real}, and by ${reported} in the reports.`)
  }
  return found
}

function bounded({ sent, ceilings }: Ledger): string[] {
  return sent.flatMap((one) => {
    const ceiling = isCancellation(one) ? ceilings.cancel : ceilings.call
    return one.maxFeePerGas > ceiling ? [`Bounded: ${one.hash} offers ${one.maxFeePerGas} wei a gas unit.`] : []
  })
}

/** A transfer of nothing to oneself. */
export function isCancellation({ from, to, data }: Pick<Sent, 'from' | 'to' | 'data'>): boolean {
  return from === to && data === '0x'
}

function costOf(receipts: Iterable<Mined>): bigint {
  return [...receipts].reduce((sum, { costWei }) => sum + costWei, 0n)
}

function weiOf(ether: string): bigint {
  return toUnits(ether, 18)
}

/** Zero is no amount that anybody could order. */
function toUnits(amount: string | null, decimals: number): bigint {
  return amount === null || Number(amount) === 0 ? 0n : BigInt(parseAmount(amount, decimals))
}
