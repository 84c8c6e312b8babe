import type { BaseUnits } from '../domain/amount.ts'
import type { Hex } from '../domain/hex.ts'
import type { Reader } from '../domain/read.ts'
import type { Call, Log, MinedCall, Receipt } from '../domain/transaction.ts'

/** A block's header, with the hashes of what it holds. */
export interface Block {
  readonly number: number
  readonly hash: Hex
  readonly parentHash: Hex
  readonly timestampS: number
  /** Wei; null on a chain without EIP-1559. */
  readonly baseFeePerGas: BaseUnits | null
  readonly gasUsed: BaseUnits
  readonly gasLimit: BaseUnits
  readonly transactions: readonly Hex[]
}

/**
 * What nodes said to a transaction. Only a receipt says what became of it.
 *
 * - `accepted`: one of them has it, new or known.
 * - `nonceTooLow`: its nonce is used up, perhaps by itself. Says nothing yet.
 * - `nonceTooHigh`: the node lacks transactions before it.
 * - `outbid`: the node has another one with this nonce, and wants more to replace it.
 * - `underpriced`, `belowBaseFee`: it offers too little for the node, or for the next block.
 * - `poolFull`: the same bytes may do later.
 * - `feeCap`: it pays more than the node's owner lets pass.
 * - `cannotPay`, `never`: no endpoint has it, and each said so.
 * - `unknown`: nothing that is understood, or no reply: it may have been taken.
 */
export interface BroadcastReply {
  readonly verdict:
    | 'accepted'
    | 'nonceTooLow'
    | 'nonceTooHigh'
    | 'outbid'
    | 'underpriced'
    | 'belowBaseFee'
    | 'poolFull'
    | 'cannotPay'
    | 'feeCap'
    | 'never'
    | 'unknown'
  readonly message: string
}

/** A transaction as it would be sent, without fees and nonce: a simulation asks for neither. */
export interface SimulatedCall extends Call {
  readonly from: Hex
  /** Gas limit, in gas units; some millions without it. */
  readonly gas?: number
}

/** What a simulation finds at accounts in place of what the chain has, by address in lower case. */
export type StateOverrides = Readonly<Record<Hex, AccountOverride>>

/** Of one account; what is left out stays as it is. */
export interface AccountOverride {
  /** In wei. */
  readonly balance?: BaseUnits
  readonly code?: Hex
  /** Words of its storage, by slot; the others stay. */
  readonly slots?: Readonly<Record<Hex, Hex>>
}

/** What became of a `SimulatedCall`. `gasUsed` is in gas units, and about what a receipt would say. */
export type SimulationReply =
  | {
      readonly ok: true
      readonly gasUsed: number
      /** Gas limit under which it does the same: a part of what it takes may come back at its end. */
      readonly gasNeeded: number
      /** What the contract returned. */
      readonly value: Hex
      /** Null where the node can run calls, and keeps their events to itself. */
      readonly logs: readonly Log[] | null
    }
  | { readonly ok: false; readonly gasUsed: number; readonly message: string; readonly data?: Hex }

/** What the runtime asks of one EVM chain. Every call ends within the request timeout, or throws `EndpointError`. */
export interface Chain extends Reader {
  readonly chainId: number

  /**
   * Resolves at once where some endpoint is not down, else when one is back: so a trade waits rather than fails. It resolves
   * as well when `signal` aborts or the chain is closed.
   */
  ready(signal?: AbortSignal): Promise<void>

  /** Calls back when an endpoint says that there is a new head, where one can. Returns how to call it off. */
  onNewHead?(callback: () => void): () => void

  /** Gas units that `call` would use, or `ok: false` with the revert. */
  estimateGas(call: {
    from: Hex
    to: Hex
    data: Hex
    value: BaseUnits
  }): Promise<{ ok: true; gas: number } | { ok: false; message: string; data?: Hex }>

  /**
   * Runs calls one after the other, as transactions of the next block would run: each finds what those before it did, and one
   * that fails changes nothing. Where the node has no method for that, a call sees only those of its own wallet.
   *
   * @param at - Number of the block whose state they find; the latest without it.
   * @param overrides - What they find instead of it.
   * @returns One reply a call, in their order.
   * @throws EndpointError where no endpoint answers, or none can simulate.
   */
  simulate(
    calls: readonly SimulatedCall[],
    at?: number,
    overrides?: StateOverrides,
  ): Promise<readonly SimulationReply[]>

  /** Transactions mined from `wallet` at the block `at` (its number; the latest without it): the lowest nonce still free. */
  minedNonce(wallet: Hex, at?: number): Promise<number>

  /**
   * The transaction that used up `nonce`, if it was mined up to the block `to`; null where that is not proven. The search
   * begins at `from` and goes back as far as it must, to `freeAtMs` at most. A hash is evidence; null is none.
   */
  nonceUser(
    wallet: Hex,
    nonce: number,
    blocks: { from: number; to: number; freeAtMs?: number },
  ): Promise<MinedCall | null>

  /** The latest block, or the one with this number or hash; null where the endpoint has none. */
  block(at: 'latest' | number | Hex): Promise<Block | null>

  /** Receipts of a block, only those whose hash `wanted` has; null where the endpoint does not have the block (any more). */
  blockReceipts(block: Block, wanted: (hash: Hex) => boolean): Promise<Receipt[] | null>

  /** Receipts by hash; null says nothing: the endpoint may lag. */
  receipts(hashes: readonly Hex[]): Promise<(Receipt | null)[]>

  /** Median priority fee of the last few blocks, in wei. */
  medianTip(): Promise<BaseUnits>

  /** What a transaction has to offer on a chain without a base fee, in wei per gas unit. */
  gasPrice(): Promise<BaseUnits>

  /**
   * Hands signed transactions to every endpoint, in order, batched with what else goes out in the same turn. Never throws for a
   * node's error or silence: that is the `unknown` verdict.
   */
  broadcast(raw: Hex): Promise<BroadcastReply>

  close(): Promise<void>
}
