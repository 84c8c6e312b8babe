import type { Failure } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import { type LegOrder, walletOf } from '../domain/leg.ts'
import type { TradeContext } from '../domain/trade.ts'
import type { MinedCall } from '../domain/transaction.ts'
import type { Lane } from './lanes.ts'
import { known, type Ports } from './ports.ts'
import type { StoredTrade } from './records.ts'
import { until } from './until.ts'

type OutdatedPorts = Pick<Ports, 'chain' | 'clock' | 'follower' | 'dexes' | 'lanes' | 'onTrouble'>

/** Transactions of one wallet that are looked at; where there are more, anything may have happened. */
const strangersMax = 64
/** Nodes keep the state of at least so many blocks. */
const searchBlocks = 120

/**
 * The trades that may have gone on without this store: it is a backup, or another program trades with the wallet. Where the chain
 * has transactions of a wallet that the store does not know, and one of them calls a venue, then a live leg of that wallet on that
 * venue may have been sent already: to send it (again) could trade twice.
 *
 * @returns Their ids. Empty, and nothing read, where the chain is not ahead of the store.
 */
export async function findOutdated(ports: OutdatedPorts, live: readonly StoredTrade[]): Promise<ReadonlySet<string>> {
  const called = new Map<Hex, ReadonlySet<string> | 'anything'>()
  for (const lane of ports.lanes.values()) {
    if (lane.strangers.length > 0) called.set(lane.wallet, await calledBy(ports, lane))
  }
  if (called.size === 0) return new Set()
  const isSuspect = (wallet: Hex, venue: string): boolean => {
    const contracts = called.get(wallet)
    const { contracts: own } = known(ports.dexes, venue, 'venue')
    return contracts === 'anything' || own.some((contract) => contracts?.has(contract) === true)
  }
  return new Set(
    live.flatMap(({ tradeId, record }) => {
      const { context, children } = record.snapshot as unknown as StoredTree
      const legs = Object.values(children).map(({ snapshot }) => snapshot)
      const open = legs.filter(({ status }) => status === 'active').map((leg) => leg.context.order)
      const suspects = open.filter((order) => isSuspect(walletOf(order), order.venue))
      // What is not split yet, or may be split again, any wallet may have taken on any venue.
      const isUnsplit = context.plan.length === 0 || context.order.fillPolicy.kind !== 'bestEffort'
      const mayBeAny = [...called.keys()].some((wallet) =>
        context.order.venues.some((venue) => isSuspect(wallet, venue)),
      )
      return suspects.length > 0 || (isUnsplit && mayBeAny) ? [tradeId] : []
    }),
  )
}

/** Why such a trade is stopped. What it has open is cancelled, and reported if it was filled. */
export const outdated: Failure = {
  code: 'STORE_OUTDATED',
  message:
    'The chain has transactions of the wallet that the store does not know, on a venue of this trade. Whether it was sent already cannot be told, so nothing more is sent for it.',
  retryable: false,
}

interface StoredTree {
  readonly context: TradeContext
  readonly children: Record<string, { readonly snapshot: StoredLeg }>
}

interface StoredLeg {
  readonly status: string
  readonly context: { readonly order: LegOrder }
}

async function calledBy(ports: OutdatedPorts, { wallet, strangers }: Lane): Promise<ReadonlySet<string> | 'anything'> {
  if (strangers.length > strangersMax) return 'anything'
  const contracts = new Set<string>()
  // One after the other: where old states are gone each is a long search.
  for (const nonce of strangers) {
    const user = await insistOnUser(ports, wallet, nonce)
    if (user === null) return 'anything'
    contracts.add(user.to)
  }
  return contracts
}

/** An endpoint that fails, or does not have it yet, is no evidence of anything: asks again, ever later. */
async function insistOnUser(ports: OutdatedPorts, wallet: Hex, nonce: number): Promise<MinedCall | null> {
  const { chain, clock, follower, onTrouble } = ports
  for (let tries = 1; ; tries += 1) {
    const to = follower.head().number
    try {
      const user = await chain.nonceUser(wallet, nonce, { from: Math.max(0, to - searchBlocks), to })
      if (user !== null) return user
      // Out of its block again, and so never used.
      if ((await chain.minedNonce(wallet)) <= nonce) return { hash: '0x', to: wallet, data: '0x', value: '0' }
    } catch (error) {
      onTrouble(error, `looking for what ${wallet} did without this store`)
    }
    if (tries === triesMax) return null
    await until(ports, clock.now() + Math.min(delayMs * 2 ** tries, delayMaxMs), never)
  }
}

// A minute in all: what is decided here stops trades for good.
const triesMax = 12
const delayMs = 100
const delayMaxMs = 10_000
const never = new AbortController().signal
