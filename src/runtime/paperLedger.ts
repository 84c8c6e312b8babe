import type { Grant } from '../dex/erc20.ts'
import { type BaseUnits, baseUnits } from '../domain/amount.ts'
import type { Hex } from '../domain/hex.ts'
import type { Json } from '../domain/json.ts'
import type { Receipt } from '../domain/transaction.ts'
import type { Store, Write } from '../store/store.ts'

/** A paper transaction in a block of the real chain. `raw` has the rest of it. */
export interface PaperMined {
  readonly wallet: Hex
  readonly nonce: number
  readonly raw: Hex
  readonly receipt: Receipt
}

/** What a wallet has more than on the chain, gas paid for; below zero what it has less. */
export interface PaperChange {
  readonly wallet: Hex
  readonly token: Hex | 'native'
  readonly amount: BaseUnits
}

/** What a spender may take, in place of what the chain says. */
export interface PaperAllowance {
  readonly grant: Grant
  readonly amount: BaseUnits
}

/** What paper transactions did in one block. */
export interface PaperBlock {
  readonly number: number
  readonly hash: Hex
  readonly mined: readonly PaperMined[]
  readonly changes: readonly PaperChange[]
  readonly allowances: readonly PaperAllowance[]
}

/** How paper transactions have made the world another than the chain's. Survives restarts: what is told is on disk. */
export interface PaperLedger {
  /** Blocks with paper transactions, oldest first. */
  blocks(): readonly PaperBlock[]
  /** The next nonce of the wallet at a block, or at the newest one. */
  nonce(wallet: Hex, at?: number): number
  /** What the wallet has otherwise at a block, by token; nothing of it is zero. */
  changes(wallet: Hex, at: number): ReadonlyMap<Hex | 'native', bigint>
  allowances(wallet: Hex, at: number): readonly PaperAllowance[]
  receipt(hash: Hex): Receipt | undefined
  /** Adds a block above all others. */
  add(block: PaperBlock): Promise<void>
  /** Takes back the blocks from this number on. Returns what was mined in them. */
  takeBack(from: number): Promise<readonly PaperMined[]>
}

/** What all blocks that are not kept any more came to. */
interface Base {
  readonly nonces: Readonly<Record<Hex, number>>
  readonly changes: readonly PaperChange[]
  readonly allowances: readonly PaperAllowance[]
}

/** Blocks that are kept one by one, more than a leg waits for confirmations. The receipts of older ones are forgotten. */
const blocksMax = 512
const baseKey = 'paper.base'
const blockKey = 'paper.block'

/**
 * Opens the ledger that a store keeps.
 *
 * @param countOf - The chain's count of a wallet's transactions: where its nonces begin if the ledger does not know it yet.
 *
 * @example
 * const ledger = await openPaperLedger(store, ['0xf39f…'], (wallet) => chain.minedNonce(wallet))
 */
export async function openPaperLedger(
  store: Store,
  wallets: readonly Hex[],
  countOf: (wallet: Hex) => Promise<number>,
): Promise<PaperLedger> {
  let base: Base = (store.get('meta', baseKey) as Base | undefined) ?? { nonces: {}, changes: [], allowances: [] }
  let blocks = [...store.entries('meta', blockKey)].map(({ value }) => value as unknown as PaperBlock)
  const news = wallets.filter((wallet) => base.nonces[wallet] === undefined)
  const counts = await Promise.all(news.map(async (wallet) => [wallet, await countOf(wallet)] as const))
  if (news.length > 0) {
    base = { ...base, nonces: { ...base.nonces, ...Object.fromEntries(counts) } }
    await store.commit([baseWrite(base)])
  }

  function upTo(at: number): (Base | PaperBlock)[] {
    return [base, ...blocks.filter(({ number }) => number <= at)]
  }

  /** Only what is on disk is true: nobody asks between the two. */
  async function keep(next: { base?: Base; blocks: PaperBlock[] }, writes: readonly Write[]): Promise<void> {
    await store.commit(writes)
    base = next.base ?? base
    blocks = next.blocks
  }

  return {
    blocks: () => blocks,

    nonce(wallet, at = Number.POSITIVE_INFINITY) {
      const mined = blocks.filter(({ number }) => number <= at).flatMap((block) => block.mined)
      return (base.nonces[wallet] ?? 0) + mined.filter((one) => one.wallet === wallet).length
    },

    changes: (wallet, at) => {
      const all = upTo(at).flatMap(({ changes }) => changes.filter((change) => change.wallet === wallet))
      return new Map(sumOf(all).map(({ token, amount }) => [token, BigInt(amount)]))
    },

    allowances: (wallet, at) =>
      latestOf(upTo(at).flatMap(({ allowances }) => allowances.filter(({ grant }) => grant.wallet === wallet))),

    receipt: (hash) => blocks.flatMap(({ mined }) => mined).find(({ receipt }) => receipt.hash === hash)?.receipt,

    add(block) {
      const [oldest, ...others] = blocks
      const write = blockWrite(block.number, block)
      if (oldest === undefined || blocks.length < blocksMax) return keep({ blocks: [...blocks, block] }, [write])
      const folded = fold(base, oldest)
      const writes = [write, baseWrite(folded), blockWrite(oldest.number, undefined)]
      return keep({ base: folded, blocks: [...others, block] }, writes)
    },

    async takeBack(from) {
      const gone = blocks.filter(({ number }) => number >= from)
      const left = blocks.filter(({ number }) => number < from)
      await keep(
        { blocks: left },
        gone.map(({ number }) => blockWrite(number, undefined)),
      )
      return gone.flatMap(({ mined }) => mined)
    },
  }
}

function fold({ nonces, changes, allowances }: Base, block: PaperBlock): Base {
  const next = { ...nonces }
  for (const { wallet, nonce } of block.mined) next[wallet] = Math.max(next[wallet] ?? 0, nonce + 1)
  return {
    nonces: next,
    changes: sumOf([...changes, ...block.changes]),
    allowances: latestOf([...allowances, ...block.allowances]),
  }
}

/** One change for each wallet and token, where there is any. */
function sumOf(changes: readonly PaperChange[]): PaperChange[] {
  const sums = new Map<string, PaperChange>()
  for (const change of changes) {
    const { wallet, token, amount } = change
    const before = sums.get(`${wallet} ${token}`)?.amount ?? '0'
    sums.set(`${wallet} ${token}`, { ...change, amount: baseUnits(BigInt(before) + BigInt(amount)) })
  }
  return [...sums.values()].filter(({ amount }) => amount !== '0')
}

function latestOf(allowances: readonly PaperAllowance[]): PaperAllowance[] {
  const latest = new Map(
    allowances.map((one) => {
      const { wallet, token, spender, via = '' } = one.grant
      return [`${wallet} ${token} ${spender} ${via}`, one]
    }),
  )
  return [...latest.values()]
}

function baseWrite(base: Base): Write {
  return { space: 'meta', key: baseKey, value: base as unknown as Json }
}

function blockWrite(number: number, block: PaperBlock | undefined): Write {
  return { space: 'meta', key: [blockKey, number], value: block as unknown as Json | undefined }
}
