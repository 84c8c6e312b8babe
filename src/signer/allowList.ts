import { NotAllowedError } from '../domain/errors.ts'
import { type Hex, lowerHex } from '../domain/hex.ts'
import type { TransactionFields } from './encodeTransaction.ts'
import type { AllowList } from './messages.ts'
import { matchShapes } from './shapes.ts'

/** @throws NotAllowedError for a transaction that must not be signed, with its wallet, recipient and selector. */
export type Guard = (wallet: Hex, transaction: TransactionFields) => void

const wordDigits = 64
const selectorEnd = 10
const approve = { selector: '0x095ea7b3', length: selectorEnd + 2 * wordDigits }
const permitApprove = { selector: '0x87517c45', length: selectorEnd + 4 * wordDigits }
const uint160Digits = 40
const uint48Digits = 12

/**
 * What stands between a request and the key: it passes what the list allows, and refuses all else.
 *
 * The list is copied, so that nothing that happens to it later has an effect.
 *
 * @param chainId - The one chain that is signed for.
 *
 * @example
 * const guard = allowOnly(allow, 1)
 * guard(wallet, readFields(transaction))
 */
export function allowOnly(allow: AllowList, chainId: number): Guard {
  const tokens = new Set(allow.tokens.map(lowerHex))
  const { direct, permits } = spendersOf(allow)
  const isSwap = matchShapes(allow.swaps, tokens)
  const limits = { chainId: BigInt(chainId), gasLimit: BigInt(allow.gasLimit), maxFee: BigInt(allow.maxFeePerGas) }

  function isAllowed(wallet: Hex, transaction: TransactionFields): boolean {
    const { to, data, value } = transaction
    if (to === wallet && data === '0x' && value === 0n) return true
    // First what may do less: no venue makes a token callable.
    if (tokens.has(to)) return value === 0n && isApproval(data, direct)
    const permitted = permits.get(to)
    if (permitted !== undefined) return value === 0n && isPermit(data, tokens, permitted)
    return isSwap(wallet, transaction)
  }

  return (wallet, transaction) => {
    const { to, data, chainId: chain, gasLimit, maxFee } = transaction
    const refuse = (summary: string, facts: Record<string, string>): NotAllowedError => {
      const selector = data === '0x' ? 'none' : data.slice(0, selectorEnd)
      return new NotAllowedError(summary, { wallet, to, selector, ...facts })
    }
    if (chain !== limits.chainId) {
      throw refuse('The transaction is for another chain.', { chainId: `${chain}`, expected: `${limits.chainId}` })
    }
    if (gasLimit > limits.gasLimit) {
      throw refuse('The gas limit is above its ceiling.', { gas: `${gasLimit}`, ceiling: `${limits.gasLimit}` })
    }
    if (maxFee > limits.maxFee) {
      throw refuse('The fee is above every ceiling.', { 'fee, wei': `${maxFee}`, 'ceiling, wei': `${limits.maxFee}` })
    }
    if (!isAllowed(wallet, transaction)) throw refuse('Nothing that is configured implies this call.', {})
  }
}

/** Those that tokens themselves may be told of, and those that each Permit2 contract may be told of. */
function spendersOf({ spenders }: AllowList): {
  readonly direct: ReadonlySet<Hex>
  readonly permits: ReadonlyMap<Hex, ReadonlySet<Hex>>
} {
  const direct = new Set<Hex>()
  const permits = new Map<Hex, Set<Hex>>()
  for (const { address, via } of spenders) {
    if (via === undefined) {
      direct.add(lowerHex(address))
      continue
    }
    const permitted = permits.get(lowerHex(via)) ?? new Set()
    permits.set(lowerHex(via), permitted.add(lowerHex(address)))
  }
  return { direct, permits }
}

/** `approve(spender, amount)` of an ERC-20, to the byte. */
function isApproval(data: Hex, spenders: ReadonlySet<Hex>): boolean {
  if (data.length !== approve.length || !data.startsWith(approve.selector)) return false
  return holdsOneOf(spenders, data, 0)
}

/** `approve(token, spender, amount, expiration)` of a Permit2 contract, to the byte. */
function isPermit(data: Hex, tokens: ReadonlySet<Hex>, spenders: ReadonlySet<Hex>): boolean {
  if (data.length !== permitApprove.length || !data.startsWith(permitApprove.selector)) return false
  if (!holdsOneOf(tokens, data, 0) || !holdsOneOf(spenders, data, 1)) return false
  return low(data, 2, uint160Digits) !== undefined && low(data, 3, uint48Digits) !== undefined
}

function holdsOneOf(addresses: ReadonlySet<Hex>, data: Hex, index: number): boolean {
  const digits = low(data, index, uint160Digits)
  return digits !== undefined && addresses.has(`0x${digits}`)
}

/** The last digits of a word of the arguments; undefined where those before them are not zeros, as an ABI has them. */
function low(data: Hex, index: number, digits: number): string | undefined {
  const start = selectorEnd + index * wordDigits
  const end = start + wordDigits
  for (let place = start; place < end - digits; place += 1) if (data[place] !== '0') return undefined
  return data.slice(end - digits, end)
}
