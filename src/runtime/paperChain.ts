import { findBalanceSlots } from '../chain/balanceSlots.ts'
import type { Block, BroadcastReply, Chain } from '../chain/chain.ts'
import { balanceRead } from '../dex/erc20.ts'
import { EndpointError, InvalidConfigError } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import { decodePaper, type PaperTransaction } from '../domain/paper.ts'
import type { MinedCall, Receipt } from '../domain/transaction.ts'
import type { Store } from '../store/store.ts'
import { openPaperLedger, type PaperLedger } from './paperLedger.ts'
import { costMax, minePaper } from './paperMining.ts'
import { paperPool } from './paperPool.ts'
import { paperState, type ReadOnlyChain } from './paperState.ts'
import type { OnTrouble } from './trouble.ts'

export interface PaperChainOptions {
  readonly chain: ReadOnlyChain
  readonly store: Store
  /** Whose transactions are kept here. */
  readonly wallets: readonly Hex[]
  readonly tokens: readonly { readonly symbol: string; readonly address: Hex | 'native' }[]
  readonly onTrouble: OnTrouble
}

/** Of the blocks with paper transactions, so many are looked at after a reorg: none is likely to go deeper. */
const reorgMax = 64

/**
 * A chain to read from, on which nothing is ever sent: paper transactions wait in a pool of their own, and with each new head those
 * that it would take are run on its state. All that is read finds the wallets as they were had these transactions been real.
 *
 * @throws InvalidConfigError where no endpoint has the method `eth_simulateV1`, without which a fill cannot be known.
 *
 * @example
 * const paper = await openPaperChain({ chain, store, wallets: ['0xf39f…'], tokens, onTrouble })
 */
export async function openPaperChain(options: PaperChainOptions): Promise<Chain> {
  const { chain, store, wallets, onTrouble } = options
  const tokens = options.tokens.flatMap(({ address }) => (address === 'native' ? [] : [address]))
  await requireEvents(chain, wallets)
  const slots = await findBalanceSlots(chain, tokens)
  reportHidden(options, slots)
  const ledger = await openPaperLedger(store, wallets, (wallet) => chain.minedNonce(wallet))
  const state = paperState({ chain, ledger, wallets, slots })
  const pool = paperPool()
  let tip: Pick<Block, 'number' | 'hash'> | undefined = ledger.blocks().at(-1)
  // Of this process: the tip of an earlier one may be so old that nodes do not have its state any more.
  let headSeen: number | undefined
  let advancing: Promise<unknown> = Promise.resolve()

  async function advance(block: Block): Promise<void> {
    // An endpoint that lags takes nothing back.
    if (block.hash === tip?.hash || block.number < (tip?.number ?? 0)) return
    if (block.parentHash !== tip?.hash) await takeBackOrphans(block)
    tip = block
    headSeen = block.number
    try {
      const mined = await minePaper({ state, ledger, tokens }, pool.payable(baseFee(block), ledger.nonce), block)
      if (mined !== null) await ledger.add(mined)
    } catch (error) {
      // It may do at the next head.
      onTrouble(error, 'the paper transactions of a block')
    }
    for (const wallet of wallets) pool.drop(wallet, ledger.nonce(wallet))
  }

  /** Blocks that are not part of the chain any more: what was in them waits again. */
  async function takeBackOrphans(head: Block): Promise<void> {
    const kept = ledger.blocks().slice(-reorgMax)
    const now = await Promise.all(kept.map(({ number }) => (number === head.number ? head : chain.block(number))))
    if (now.includes(null)) throw new EndpointError('The endpoint does not have a block below its own head.')
    const first = kept.find(({ hash }, index) => now[index]?.hash !== hash)
    if (first === undefined) return
    for (const { raw } of await ledger.takeBack(first.number)) {
      const sent = decodePaper(raw)
      if (sent !== null) pool.add({ ...sent, raw }, ledger.nonce(sent.wallet))
    }
  }

  async function latest(): Promise<Block | null> {
    const block = await chain.block('latest')
    if (block === null) return null
    const before = advancing
    const mine = before.then(() => advance(block))
    advancing = mine.catch(() => {})
    await mine
    return withPaper(block, ledger)
  }

  /** The block whose state is meant where none is named. */
  async function headNumber(): Promise<number> {
    const number = headSeen ?? (await chain.block('latest'))?.number
    if (number === undefined) throw new EndpointError('The endpoint has no latest block.')
    return number
  }

  async function take({ wallet, transaction, hash }: PaperTransaction, raw: Hex): Promise<BroadcastReply> {
    if (!pool.has(hash)) {
      const [reply] = await state.read([balanceRead(wallet, 'native')], await headNumber())
      if (reply?.ok && BigInt(reply.value) < costMax(transaction)) {
        return { verdict: 'cannotPay', message: 'insufficient funds for gas * price + value' }
      }
    }
    return pool.add({ wallet, transaction, hash, raw }, ledger.nonce(wallet))
  }

  return {
    chainId: chain.chainId,
    ready: chain.ready,
    ...(chain.onNewHead === undefined ? {} : { onNewHead: chain.onNewHead }),
    medianTip: chain.medianTip,
    gasPrice: chain.gasPrice,
    close: chain.close,

    read: async (reads, at) => (reads.length === 0 ? [] : state.read(reads, at ?? (await headNumber()))),

    simulate: async (calls, at, overrides) => {
      const number = at ?? (await headNumber())
      const isPlain = !calls.some(({ from }) => state.differs(from, number))
      return isPlain ? chain.simulate(calls, at, overrides) : state.simulate(calls, number, overrides)
    },

    estimateGas: async (call) => {
      const at = await headNumber()
      if (!state.differs(call.from, at)) return chain.estimateGas(call)
      const [reply] = await state.simulate([call], at)
      if (reply === undefined) throw new EndpointError('The simulation has no reply.')
      return reply.ok ? { ok: true, gas: reply.gasNeeded } : reply
    },

    minedNonce: async (wallet, at) =>
      wallets.includes(wallet) ? ledger.nonce(wallet, at) : chain.minedNonce(wallet, at),

    nonceUser: async (wallet, nonce, { to }) => userOf(ledger, { wallet, nonce, to }),

    block: async (at) => {
      if (at === 'latest') return latest()
      const block = await chain.block(at)
      return block === null ? null : withPaper(block, ledger)
    },

    blockReceipts: async (block, wanted) => receiptsIn(block, ledger).filter(({ hash }) => wanted(hash)),

    receipts: async (hashes) => hashes.map((hash) => ledger.receipt(hash) ?? null),

    async broadcast(raw) {
      const sent = decodePaper(raw)
      if (sent === null || !wallets.includes(sent.wallet)) {
        return { verdict: 'never', message: 'Not a transaction of paper mode.' }
      }
      try {
        return await take(sent, raw)
      } catch (error) {
        return { verdict: 'unknown', message: String(error) }
      }
    },
  }
}

/** Without events there are no fills. A node that has them says so of a transfer of nothing. */
async function requireEvents(chain: ReadOnlyChain, [wallet = '0x']: readonly Hex[]): Promise<void> {
  const [reply] = await chain.simulate([{ from: wallet, to: wallet, data: '0x', value: '0' }])
  if (reply?.ok && reply.logs !== null) return
  throw new InvalidConfigError('Paper mode needs an endpoint with the method eth_simulateV1.', {
    field: 'chain.rpcUrls',
  })
}

function reportHidden({ tokens, onTrouble }: PaperChainOptions, slots: ReadonlyMap<Hex, unknown>): void {
  const hidden = tokens.filter(({ address }) => address !== 'native' && !slots.has(address))
  if (hidden.length === 0) return
  const symbols = hidden.map(({ symbol }) => symbol).join(', ')
  const summary =
    'What paper mode buys of these tokens is not there to be sold: it does not find where they keep balances.'
  onTrouble(new InvalidConfigError(summary, { tokens: symbols }), 'paper mode')
}

function baseFee({ baseFeePerGas }: Block): bigint | null {
  return baseFeePerGas === null ? null : BigInt(baseFeePerGas)
}

function receiptsIn({ hash }: Block, ledger: PaperLedger): Receipt[] {
  const paper = ledger.blocks().find((block) => block.hash === hash)
  return (paper?.mined ?? []).map(({ receipt }) => receipt)
}

function withPaper(block: Block, ledger: PaperLedger): Block {
  const hashes = receiptsIn(block, ledger).map(({ hash }) => hash)
  return hashes.length === 0 ? block : { ...block, transactions: [...block.transactions, ...hashes] }
}

function userOf(
  ledger: PaperLedger,
  { wallet, nonce, to }: { wallet: Hex; nonce: number; to: number },
): MinedCall | null {
  const mined = ledger
    .blocks()
    .filter(({ number }) => number <= to)
    .flatMap((block) => block.mined)
  const user = mined.find((one) => one.wallet === wallet && one.nonce === nonce)
  const sent = user === undefined ? null : decodePaper(user.raw)
  if (sent === null) return null
  const { hash, transaction } = sent
  return { hash, to: transaction.to, data: transaction.data, value: transaction.value }
}
