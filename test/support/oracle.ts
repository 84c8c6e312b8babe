import { parseAmount } from '../../src/domain/amount.ts'
import type { Sent } from './gate.ts'
import { type Evidence, type Ledger, type Leg, type Mined, readLedger, type WalletLedger } from './oracleLedger.ts'
import { accountedFor, directionOf, endOf, keptTo } from './oraclePolicies.ts'

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
  const checks = [recordedFirst, atMostOnce, noGaps, onlyReceipts, exact, bounded, keptTo]
  return checks.flatMap((check) => check(ledger))
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
  const { legs, sent, owners, wallets } = ledger
  const found: string[] = []
  const ownerOfNonce = new Map<string, string>()
  for (const one of sent) {
    const { hash, nonce, from } = one
    const own = owners.get(hash) ?? []
    if (!wallets.some(({ wallet }) => wallet === from)) found.push(`At most once: ${hash} is of a stranger, ${from}.`)
    // What closes a gap belongs to no trade, and does nothing.
    if (own.length === 0 && isCancellation(one)) continue
    if (own.length !== 1) found.push(`At most once: ${hash} (nonce ${nonce}) belongs to ${own.length} legs.`)
    const owner = own[0]?.name ?? 'nobody'
    const earlier = ownerOfNonce.get(`${from} ${nonce}`)
    if (earlier !== undefined && earlier !== owner) {
      found.push(`At most once: nonce ${nonce} was used by ${earlier} and by ${owner}.`)
    }
    ownerOfNonce.set(`${from} ${nonce}`, owner)
  }
  for (const leg of legs) {
    const swaps = leg.mined.filter(({ sent: one, receipt }) => receipt.succeeded && !isCancellation(one))
    if (swaps.length > 1) found.push(`At most once: ${leg.name} succeeded ${swaps.length} times.`)
    found.push(...tooEarly(leg, ledger))
  }
  return [...new Set(found)]
}

/** A new nonce may only be used once each earlier one was finally consumed, and not by a success. */
function tooEarly({ name, sent, mined }: Leg, { confirmations, wallets }: Ledger): string[] {
  const nonces = [...new Set(sent.map(({ nonce }) => nonce))]
  const foreign = wallets.find(({ wallet }) => wallet === sent[0]?.from)?.foreignReceipts
  return nonces.slice(1).flatMap((nonce, index) => {
    const first = sent.find((one) => one.nonce === nonce)
    const before = nonces[index]
    const own = mined.find((one) => one.sent.nonce === before)?.receipt
    const end = own ?? foreign?.get(before ?? -1)
    if (first === undefined) return []
    if (end === undefined) return [`At most once: ${name} took nonce ${nonce}, and nonce ${before} was never mined.`]
    const isFinal = first.head - end.blockNumber + 1 >= confirmations
    return isFinal ? [] : [`At most once: ${name} took nonce ${nonce} before nonce ${before} was final.`]
  })
}

function noGaps({ wallets, receipts, pending }: Ledger): string[] {
  const found = wallets.flatMap((wallet) => gapsOf(wallet, receipts))
  return pending > 0 ? [...found, `No gaps: ${pending} transactions are still pending.`] : found
}

function gapsOf(
  { before, after, sent, foreignReceipts, laneMark }: WalletLedger,
  receipts: ReadonlyMap<string, Mined>,
): string[] {
  const found: string[] = []
  const highestOwn = Math.max(before.nonce - 1, ...sent.map(({ nonce }) => nonce))
  const highest = Math.max(highestOwn, ...foreignReceipts.keys())
  if (after.nonce !== highest + 1) {
    found.push(`No gaps: ${highest} is the highest nonce that was sent, and ${after.nonce} is the next to be mined.`)
  }
  const ours = new Set(sent.flatMap(({ nonce, hash }) => (receipts.has(hash) ? [nonce] : [])))
  for (let nonce = before.nonce; nonce <= highest; nonce += 1) {
    if (!ours.has(nonce) && !foreignReceipts.has(nonce)) {
      found.push(`No gaps: nonce ${nonce} was not mined by anything that was sent.`)
    }
  }
  if (highestOwn >= before.nonce && laneMark !== highestOwn) {
    found.push(`No gaps: the lane's mark is ${laneMark}, and the highest nonce ${highestOwn}.`)
  }
  return found
}

function onlyReceipts({ legs, trades, head, confirmations }: Ledger): string[] {
  const found: string[] = []
  for (const leg of legs) {
    const { name, status, mined } = leg
    const success = successOf(leg)
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
    const end = endOf(status)
    if (status.status !== end) found.push(`Only receipts count: ${status.tradeId} is ${status.status}, and not ${end}.`)
  }
  return found
}

function exact(ledger: Ledger): string[] {
  const { trades, legs, tokens, wallets, receipts, owners } = ledger
  const found: string[] = []
  const units = (amount: string | null, symbol: string): bigint => toUnits(amount, tokens[symbol]?.decimals ?? 0)
  for (const { status } of trades) {
    const base = status.side === 'sell' ? status.tokenIn : status.tokenOut
    const given = accountedFor(status).reduce(
      (sum, { amount }) => sum + units(amount, base),
      units(status.unallocated, base),
    )
    const isSplit = status.legs.length > 0 || given > 0n
    if (isSplit && given !== units(status.amount, base)) {
      found.push(`Exact: the legs of ${status.tradeId} and the rest add up to ${given} of ${status.amount} ${base}.`)
    }
    let [paid, received] = [0n, 0n]
    for (const leg of status.legs) {
      const isBack = leg.purpose === 'unwind'
      paid += isBack ? -units(leg.amountOut, status.tokenIn) : units(leg.amountIn, status.tokenIn)
      received += isBack ? -units(leg.amountIn, status.tokenOut) : units(leg.amountOut, status.tokenOut)
    }
    if (paid !== units(status.amountIn, status.tokenIn) || received !== units(status.amountOut, status.tokenOut)) {
      found.push(`Exact: the fills of the legs of ${status.tradeId} are not those of the trade.`)
    }
  }
  const reportedWei = legs.reduce((sum, { status }) => sum + weiOf(status.gasCost), 0n)
  const gasWei = costOf([...receipts].flatMap(([hash, receipt]) => (owners.has(hash) ? [receipt] : [])))
  if (gasWei !== reportedWei) found.push(`Exact: ${reportedWei} wei are reported for gas, and ${gasWei} were paid.`)
  return [...found, ...wallets.flatMap((wallet) => balanceFaults(wallet, ledger))]
}

/** What a wallet really lost and won, against the fills of its legs and the gas of its receipts. */
function balanceFaults(
  { wallet, before, after, sent, foreignReceipts }: WalletLedger,
  { legs, tokens, receipts }: Ledger,
): string[] {
  const change: Record<string, bigint> = {}
  const add = (symbol: string, amount: string | null, sign: bigint): void => {
    change[symbol] = (change[symbol] ?? 0n) + sign * toUnits(amount, tokens[symbol]?.decimals ?? 0)
  }
  for (const leg of legs) {
    if (successOf(leg)?.sent.from !== wallet) continue
    const [sold, bought] = directionOf(leg)
    add(sold, leg.status.amountIn, -1n)
    add(bought, leg.status.amountOut, 1n)
  }
  const own = [...new Set(sent.map(({ hash }) => hash))].flatMap((hash) => receipts.get(hash) ?? [])
  change.ETH = (change.ETH ?? 0n) - costOf(own) - costOf(foreignReceipts.values())
  return Object.keys(tokens).flatMap((symbol) => {
    const real = (after.balances[symbol] ?? 0n) - (before.balances[symbol] ?? 0n)
    const reported = change[symbol] ?? 0n
    return real === reported ? [] : [`Exact: ${symbol} changed by ${real}, and by ${reported} in the reports.`]
  })
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

function successOf({ mined }: Leg): Leg['mined'][number] | undefined {
  return mined.find(({ sent, receipt }) => receipt.succeeded && !isCancellation(sent))
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
