import type { BaseUnits } from '../domain/amount.ts'
import type { Clock } from '../domain/clock.ts'
import { EndpointError } from '../domain/errors.ts'
import { type Market, nextBaseFee } from '../domain/fees.ts'
import type { Hex } from '../domain/hex.ts'
import type { Receipt } from '../domain/transaction.ts'
import type { Block, Chain } from './chain.ts'
import { type DepthWatch, openDepthWatch, type Place } from './depthWatch.ts'
import { openReceiptBook } from './receiptBook.ts'

/** Follows one chain's head for all legs: a new block costs the same few calls whatever their number. */
export interface HeadFollower extends Pick<DepthWatch, 'whenDeep'> {
  /** The newest block whose ancestry is known. */
  head(): Block
  /** What the next block asks for. */
  market(): Market
  /** From now on receipts of these hashes are kept, for `owner`, until `forget(owner)`. Expect before you send. */
  expect(owner: string, hashes: readonly Hex[]): void
  forget(owner: string): void
  /** Asks for the receipts of expected hashes by hash: for those whose block passed before they were expected. */
  lookUp(hashes: readonly Hex[]): Promise<void>
  /** Calls back once with the first canonical receipt of any of the expected hashes. Returns how to call it off. */
  whenMined(hashes: readonly Hex[], callback: (receipt: Receipt) => void): () => void
  /** Calls back at every new head. Returns how to call it off. */
  onHead(callback: (head: Block) => void): () => void
  stop(): void
}

export interface HeadFollowerOptions {
  readonly chain: Chain
  readonly clock: Clock
  readonly pollIntervalMs: number
  /** A tip to begin with, where the chain does not say what others pay; null for none. */
  readonly usualTip?: () => BaseUnits | null
  /** Told of a poll that failed; the next one comes all the same. */
  readonly onTrouble: (error: unknown) => void
}

/** Polls that find nothing but blocks older than all that is followed, until those are believed. */
const belowMax = 60
/** Blocks of which the ancestry is kept: after a deeper reorg or a longer gap everything is looked up again. */
const windowBlocks = 256

/**
 * Starts following. Resolves when the first head is known.
 *
 * @throws EndpointError where no endpoint gives one.
 */
export async function startHeadFollower(options: HeadFollowerOptions): Promise<HeadFollower> {
  const { chain, clock, pollIntervalMs, usualTip = () => null } = options
  // What fails once nobody follows any more is no trouble: the endpoints may be closed.
  const onTrouble = (error: unknown): void => {
    if (!isStopped) options.onTrouble(error)
  }
  let isStopped = false
  const book = openReceiptBook()
  const listeners = new Set<(head: Block) => void>()
  // From the oldest block followed to the tip, without a gap.
  const followed = new Map<number, Hex>()
  const places = openDepthWatch(
    { tipNumber: () => tip.number, hashAt: (number) => followed.get(number), onOrphan },
    chain,
    onTrouble,
    (callback) => {
      if (!isStopped) clock.at(clock.now() + pollIntervalMs, callback)
    },
  )
  const lost = new Set<Hex>()
  let [tip, tipFee] = await readHead(chain, usualTip)
  let polledBelow = 0
  let isPolling = false
  let isAsked = false
  let callOff = (): void => {}
  followed.set(tip.number, tip.hash)

  /** One poll after the other: the next is set when this one has ended, and comes at once where it was asked for meanwhile. */
  function schedule(): void {
    if (isStopped) return
    if (isAsked) pollNow()
    else callOff = clock.at(clock.now() + pollIntervalMs, pollNow)
  }

  function pollNow(): void {
    callOff()
    isAsked = false
    isPolling = true
    void poll().then(() => {
      isPolling = false
      schedule()
    })
  }

  function pollSoon(): void {
    if (isPolling) isAsked = true
    else if (!isStopped) pollNow()
  }

  async function poll(): Promise<void> {
    try {
      const latest = await chain.block('latest')
      if (latest === null || latest.hash === tip.hash || isStopped) return
      // An endpoint that lags does not take the head back; a reorg to a lower block shows once it grows past it.
      polledBelow = latest.number < oldestFollowed() ? polledBelow + 1 : 0
      if (followed.get(latest.number) === latest.hash) return
      if (polledBelow > 0 && polledBelow < belowMax) return
      if (polledBelow > 0) {
        // What was followed so far was no chain of this one.
        polledBelow = 0
        onTrouble(new EndpointError('The chain is far below what was followed: it is followed anew.', facts(latest)))
        return await startOver(latest)
      }
      const asked = tipAt(chain, latest).then((fee) => {
        tipFee = fee
      }, onTrouble)
      await advanceTo(latest).finally(() => asked)
      await lookUpLost()
    } catch (error) {
      onTrouble(error)
    }
  }

  function facts(latest: Block): Record<string, number> {
    return { followed: tip.number, latest: latest.number }
  }

  async function advanceTo(latest: Block): Promise<void> {
    const branch = await ancestorsOf(latest)
    if (branch === null) return await startOver(latest)
    const receipts = (await Promise.all(branch.map(receiptsOf))).flat()
    if (isStopped) return
    takeBack(branch.at(-1)?.number ?? latest.number)
    for (const { number, hash } of branch.reverse()) followed.set(number, hash)
    book.note(receipts)
    adopt(latest, receipts)
  }

  /** The blocks that are new, newest first; null where they do not connect to what is followed. */
  async function ancestorsOf(latest: Block): Promise<Block[] | null> {
    const branch = [latest]
    let oldest = latest
    // Below the oldest block followed there is nothing to compare with, and nothing to take back.
    while (followed.get(oldest.number - 1) !== oldest.parentHash && oldest.number > oldestFollowed()) {
      if (branch.length >= windowBlocks) return null
      const parent = await chain.block(oldest.parentHash)
      if (parent === null) throw new EndpointError('The endpoint does not have its own head’s parent.')
      branch.push(parent)
      oldest = parent
    }
    return branch
  }

  function oldestFollowed(): number {
    const [oldest = tip.number] = followed.keys()
    return oldest
  }

  async function receiptsOf(block: Block): Promise<Receipt[]> {
    if (!block.transactions.some(book.isExpected)) return []
    const receipts = await chain.blockReceipts(block, book.isExpected)
    if (receipts === null) throw new EndpointError('The endpoint does not have the receipts of its own block yet.')
    return receipts
  }

  /** Blocks from `number` up are not part of the chain any more. */
  function takeBack(number: number): void {
    if (!followed.has(number)) return
    for (let above = number; followed.delete(above); above += 1);
    places.forgetOlder()
    book.takeBack((receipt) => receipt.blockNumber >= number)
  }

  /** Its receipts are looked up at the next head: at once, an endpoint on the old fork would give them again and again. */
  function onOrphan({ blockHash }: Place): void {
    for (const hash of book.takeBack((receipt) => receipt.blockHash === blockHash)) lost.add(hash)
  }

  /** Too far from what is followed: begins anew at the head, and looks everything up by its hash. */
  async function startOver(latest: Block): Promise<void> {
    followed.clear()
    followed.set(latest.number, latest.hash)
    places.forgetOlder()
    book.takeBack(() => true)
    adopt(latest, [])
    await lookUp(book.hashes())
  }

  function adopt(latest: Block, receipts: readonly Receipt[]): void {
    tip = latest
    for (const number of followed.keys()) {
      if (number > latest.number - windowBlocks) break
      followed.delete(number)
    }
    book.announce(receipts)
    places.review()
    for (const listener of [...listeners]) listener(latest)
  }

  async function lookUpLost(): Promise<void> {
    const hashes = [...lost].filter(book.isExpected)
    lost.clear()
    await lookUp(hashes)
  }

  async function lookUp(hashes: readonly Hex[]): Promise<void> {
    if (hashes.length === 0) return
    const found = (await chain.receipts(hashes)).flatMap((receipt) => receipt ?? [])
    // What is above the head comes with its block; what is in another block than ours is not on our chain.
    const ours = found.filter(({ hash, blockNumber, blockHash }) => {
      const known = followed.get(blockNumber)
      return blockNumber <= tip.number && (known === undefined || known === blockHash) && book.isExpected(hash)
    })
    book.note(ours)
    book.announce(ours)
  }

  schedule()
  const callOffHeads = chain.onNewHead?.(pollSoon)
  return {
    head: () => tip,
    market: () => ({ nextBaseFee: nextFee(tip), tip: tipFee }),
    expect: book.expect,
    forget: book.forget,
    lookUp,
    whenMined: book.whenMined,
    whenDeep: places.whenDeep,
    onHead(callback) {
      listeners.add(callback)
      return () => void listeners.delete(callback)
    },
    stop() {
      isStopped = true
      callOff()
      callOffHeads?.()
    },
  }
}

async function readHead(chain: Chain, usualTip: () => BaseUnits | null): Promise<[Block, BaseUnits]> {
  const block = await chain.block('latest')
  if (block === null) throw new EndpointError('The endpoint has no latest block.')
  const tip = await tipAt(chain, block).catch((error: unknown) => {
    const usual = usualTip()
    if (usual === null) throw error
    return usual
  })
  return [block, tip]
}

/** A chain without a base fee has one price, which counts as the tip. */
function tipAt(chain: Chain, { baseFeePerGas }: Block): Promise<BaseUnits> {
  return baseFeePerGas === null ? chain.gasPrice() : chain.medianTip()
}

function nextFee({ baseFeePerGas, gasUsed, gasLimit }: Block): BaseUnits {
  return baseFeePerGas === null ? '0' : nextBaseFee({ baseFeePerGas, gasUsed, gasLimit })
}
