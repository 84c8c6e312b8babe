import type { BaseUnits } from '../domain/amount.ts'
import type { Clock } from '../domain/clock.ts'
import { EndpointError } from '../domain/errors.ts'
import { type Market, nextBaseFee } from '../domain/fees.ts'
import type { Hex } from '../domain/hex.ts'
import type { Receipt } from '../domain/transaction.ts'
import type { Block, Chain } from './chain.ts'

/** A place in the chain that may yet be orphaned. */
export interface Place {
  readonly blockNumber: number
  readonly blockHash: Hex
}

/** Follows one chain's head for all legs: a new block costs the same few calls whatever their number. */
export interface HeadFollower {
  /** The newest block whose ancestry is known. */
  head(): Block
  /** What the next block asks for. */
  market(): Market
  /** From now on receipts of these hashes are kept, for `owner`, until `forget(owner)`. Expect before you send. */
  expect(owner: string, hashes: readonly Hex[]): void
  forget(owner: string): void
  /** Receipts of expected hashes, by hash: for those whose block may have passed before they were expected. */
  lookUp(hashes: readonly Hex[]): Promise<void>
  /** Calls back once with the first canonical receipt of any of the expected hashes. Returns how to call it off. */
  whenMined(hashes: readonly Hex[], callback: (receipt: Receipt) => void): () => void
  /** Calls back once: the place is `confirmations` deep (its own block is 1), or it is not part of the chain any more. */
  whenDeep(place: Place, confirmations: number, callback: (outcome: 'deep' | 'orphaned') => void): () => void
  /** Calls back at every new head. */
  onHead(callback: (head: Block) => void): () => void
  stop(): void
}

export interface HeadFollowerOptions {
  readonly chain: Chain
  readonly clock: Clock
  readonly pollIntervalMs: number
  /** Told of a poll that failed; the next one comes all the same. */
  readonly onTrouble: (error: unknown) => void
}

/** Blocks of which the ancestry is kept: a deeper reorg makes everything be looked up again. */
const windowBlocks = 256

interface DeepWaiter {
  readonly place: Place
  readonly confirmations: number
  callback(outcome: 'deep' | 'orphaned'): void
}

/**
 * Starts following. Resolves when the first head is known.
 *
 * @throws EndpointError where no endpoint gives one.
 */
export async function startHeadFollower(options: HeadFollowerOptions): Promise<HeadFollower> {
  const { chain, clock, pollIntervalMs, onTrouble } = options
  // From the oldest block followed to the tip, without a gap.
  const canonical = new Map<number, Hex>()
  // Older blocks that were asked for since the last reorg.
  const older = new Map<number, Promise<Hex | null>>()
  const owners = new Map<string, Hex[]>()
  // Null: expected, no receipt on the canonical chain.
  const expected = new Map<Hex, Receipt | null>()
  const minedWaiters = new Map<Hex, Set<(receipt: Receipt) => void>>()
  const deepWaiters = new Set<DeepWaiter>()
  const headListeners = new Set<(head: Block) => void>()
  let tip: Block
  let tipFee: BaseUnits
  let callOff = (): void => {}
  let isStopped = false

  const first = await readTip()
  ;[tip, tipFee] = first
  canonical.set(tip.number, tip.hash)

  async function readTip(): Promise<[Block, BaseUnits]> {
    const [block, fee] = await Promise.all([chain.block('latest'), chain.medianTip()])
    if (block === null) throw new EndpointError('The endpoint has no latest block.')
    return [block, fee]
  }

  function schedule(): void {
    if (!isStopped) callOff = clock.at(clock.now() + pollIntervalMs, () => void poll().then(schedule))
  }

  async function poll(): Promise<void> {
    try {
      const latest = await chain.block('latest')
      if (latest === null || latest.hash === tip.hash || isStopped) return
      // An endpoint that lags does not take the head back; a reorg to a lower block shows once it grows past it.
      if (latest.number < tip.number && canonical.get(latest.number) === latest.hash) return
      const [fee] = await Promise.all([chain.medianTip(), advanceTo(latest)])
      tipFee = fee
    } catch (error) {
      if (!isStopped) onTrouble(error)
    }
  }

  /** Connects `latest` to what is known, then takes what is new block by block, oldest first. */
  async function advanceTo(latest: Block): Promise<void> {
    const branch = [latest]
    let oldest = latest
    // Below the oldest block followed there is nothing to compare with, and nothing to take back.
    while (canonical.get(oldest.number - 1) !== oldest.parentHash && oldest.number > oldestFollowed()) {
      if (branch.length >= windowBlocks) return await startOver(latest)
      const parent = await chain.block(oldest.parentHash)
      if (parent === null) throw new EndpointError('The endpoint does not have its own head’s parent.')
      branch.push(parent)
      oldest = parent
    }
    const fresh = await Promise.all(branch.map(receiptsOf))
    orphan(oldest.number)
    for (const [index, block] of [...branch.entries()].reverse()) {
      canonical.set(block.number, block.hash)
      for (const receipt of fresh[index] ?? []) expected.set(receipt.hash, receipt)
    }
    adopt(latest, fresh.flat())
  }

  async function receiptsOf(block: Block): Promise<Receipt[]> {
    if (!block.transactions.some((hash) => expected.has(hash))) return []
    const receipts = await chain.blockReceipts(block, (hash) => expected.has(hash))
    if (receipts === null) throw new EndpointError('The endpoint does not have the receipts of its own block yet.')
    return receipts
  }

  function oldestFollowed(): number {
    const [oldest = tip.number] = canonical.keys()
    return oldest
  }

  /** What was in blocks from `number` up is no longer mined. */
  function orphan(number: number): void {
    if (canonical.has(number)) older.clear()
    for (let above = number; canonical.delete(above); above += 1);
    for (const [hash, receipt] of expected) {
      if (receipt !== null && receipt.blockNumber >= number) expected.set(hash, null)
    }
  }

  /** Too far from what is known: everything expected is looked up by its hash. */
  async function startOver(latest: Block): Promise<void> {
    canonical.clear()
    older.clear()
    canonical.set(latest.number, latest.hash)
    for (const hash of expected.keys()) expected.set(hash, null)
    adopt(latest, [])
    await lookUp([...expected.keys()])
  }

  function adopt(latest: Block, receipts: readonly Receipt[]): void {
    tip = latest
    for (const number of canonical.keys()) {
      if (number > latest.number - windowBlocks) break
      canonical.delete(number)
    }
    for (const receipt of receipts) announce(receipt)
    for (const waiter of deepWaiters) consider(waiter)
    for (const listener of headListeners) listener(latest)
  }

  function announce(receipt: Receipt): void {
    const callbacks = minedWaiters.get(receipt.hash)
    if (callbacks === undefined) return
    for (const callback of [...callbacks]) callback(receipt)
  }

  function consider(waiter: DeepWaiter): void {
    const { blockNumber, blockHash } = waiter.place
    const known = canonical.get(blockNumber)
    if (known === undefined && blockNumber <= tip.number) void verify(waiter)
    else if (known !== blockHash) settle(waiter, 'orphaned')
    else if (tip.number - blockNumber + 1 >= waiter.confirmations) settle(waiter, 'deep')
  }

  function settle(waiter: DeepWaiter, outcome: 'deep' | 'orphaned'): void {
    if (deepWaiters.delete(waiter)) waiter.callback(outcome)
  }

  /** The place is older than what is kept: the chain is asked, once for all that wait for that block. */
  async function verify(waiter: DeepWaiter): Promise<void> {
    const { blockNumber, blockHash } = waiter.place
    try {
      const asked = older.get(blockNumber) ?? chain.block(blockNumber).then((block) => block?.hash ?? null)
      older.set(blockNumber, asked)
      const hash = await asked
      if (hash === null) older.delete(blockNumber)
      else if (hash !== blockHash) settle(waiter, 'orphaned')
      else if (tip.number - blockNumber + 1 >= waiter.confirmations) settle(waiter, 'deep')
    } catch (error) {
      older.delete(blockNumber)
      onTrouble(error)
    }
  }

  async function lookUp(hashes: readonly Hex[]): Promise<void> {
    if (hashes.length === 0) return
    const receipts = (await chain.receipts(hashes)).filter((receipt): receipt is Receipt => receipt !== null)
    for (const receipt of receipts) {
      // What is above the head comes with its block; what is in another block than ours is not canonical.
      const known = canonical.get(receipt.blockNumber)
      if (receipt.blockNumber > tip.number || (known !== undefined && known !== receipt.blockHash)) continue
      if (!expected.has(receipt.hash)) continue
      expected.set(receipt.hash, receipt)
      announce(receipt)
    }
  }

  schedule()
  return {
    head: () => tip,
    market: () => ({ nextBaseFee: nextFee(tip), tip: tipFee }),
    expect(owner, hashes) {
      owners.set(owner, [...(owners.get(owner) ?? []), ...hashes])
      for (const hash of hashes) if (!expected.has(hash)) expected.set(hash, null)
    },
    forget(owner) {
      for (const hash of owners.get(owner) ?? []) expected.delete(hash)
      owners.delete(owner)
    },
    lookUp,
    whenMined(hashes, callback) {
      const found = hashes
        .map((hash) => expected.get(hash))
        .find((receipt) => receipt !== undefined && receipt !== null)
      const callOffAll = (): void => {
        for (const hash of hashes) {
          const callbacks = minedWaiters.get(hash)
          callbacks?.delete(once)
          if (callbacks?.size === 0) minedWaiters.delete(hash)
        }
      }
      const once = (receipt: Receipt): void => {
        callOffAll()
        callback(receipt)
      }
      if (found) {
        callback(found)
        return () => {}
      }
      for (const hash of hashes) {
        const callbacks = minedWaiters.get(hash)
        if (callbacks === undefined) minedWaiters.set(hash, new Set([once]))
        else callbacks.add(once)
      }
      return callOffAll
    },
    whenDeep(place, confirmations, callback) {
      const waiter: DeepWaiter = { place, confirmations, callback }
      deepWaiters.add(waiter)
      consider(waiter)
      return () => void deepWaiters.delete(waiter)
    },
    onHead(callback) {
      headListeners.add(callback)
      return () => void headListeners.delete(callback)
    },
    stop() {
      isStopped = true
      callOff()
    },
  }
}

function nextFee({ baseFeePerGas, gasUsed, gasLimit }: Block): BaseUnits {
  return nextBaseFee({ baseFeePerGas: baseFeePerGas ?? '0', gasUsed, gasLimit })
}
