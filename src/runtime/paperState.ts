import type { BalanceSlot } from '../chain/balanceSlots.ts'
import type { AccountOverride, Chain, SimulatedCall, SimulationReply, StateOverrides } from '../chain/chain.ts'
import { approveCall, balanceRead } from '../dex/erc20.ts'
import { baseUnits } from '../domain/amount.ts'
import { EndpointError } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import type { Read, ReadReply } from '../domain/read.ts'
import type { Call } from '../domain/transaction.ts'
import { addressWord, uintWord } from '../domain/words.ts'
import type { PaperLedger } from './paperLedger.ts'

/** The part of a real chain that paper mode uses: all but what sends. */
export type ReadOnlyChain = Omit<Chain, 'broadcast'>

/** The chain's state at a block as it were had paper transactions been real: what wallets hold and what they allow. */
export interface PaperState {
  /** True where the wallet is otherwise than the chain has it. */
  differs(wallet: Hex, at: number): boolean
  /** Runs calls on it, one after the other. @param more - Overrides of other accounts. */
  simulate(calls: readonly SimulatedCall[], at: number, more?: StateOverrides): Promise<readonly SimulationReply[]>
  read(reads: readonly Read[], at: number): Promise<ReadReply[]>
}

export interface PaperStateDeps {
  readonly chain: ReadOnlyChain
  readonly ledger: PaperLedger
  readonly wallets: readonly Hex[]
  /** Where each token keeps its balances, as far as it was found. */
  readonly slots: ReadonlyMap<Hex, BalanceSlot>
}

/** What has to come before calls so that they find the state of paper mode. */
interface Primer {
  readonly calls: readonly SimulatedCall[]
  readonly overrides: StateOverrides
}

/** More than a transfer or an approval takes. */
const primerGas = 300_000
/** Whatever goes there is out of the wallet. */
const sink: Hex = '0x000000000000000000000000000000000000dead'
// transfer(address,uint256)
const transfer = 'a9059cbb'

/**
 * Joins a chain with what paper transactions did. Balances are written into the state that a simulation finds; allowances are given
 * by approvals that run before it. The pools are the chain's own: a paper trade has moved no price once its block is over.
 */
export function paperState({ chain, ledger, wallets, slots }: PaperStateDeps): PaperState {
  const words = new Map(wallets.map((wallet) => [wallet, addressWord(wallet)]))

  function differs(wallet: Hex, at: number): boolean {
    return ledger.changes(wallet, at).size > 0 || ledger.allowances(wallet, at).length > 0
  }

  async function prime(concerned: readonly Hex[], at: number): Promise<Primer> {
    const changes = concerned.flatMap((wallet) =>
      [...ledger.changes(wallet, at)].map(([token, amount]) => ({ wallet, token, amount })),
    )
    const replies = await chain.read(
      changes.map(({ wallet, token }) => balanceRead(wallet, token)),
      at,
    )
    const calls: SimulatedCall[] = []
    const overrides: Record<Hex, AccountOverride> = {}
    changes.forEach(({ wallet, token, amount }, index) => {
      const reply = replies[index]
      if (reply?.ok !== true) throw new EndpointError('A balance cannot be read.', { wallet, token })
      const held = BigInt(reply.value)
      const left = held + amount > 0n ? held + amount : 0n
      const slot = token === 'native' ? undefined : slots.get(token)?.(wallet)
      if (token === 'native') overrides[wallet] = { ...overrides[wallet], balance: baseUnits(left) }
      else if (slot !== undefined) {
        overrides[token] = { slots: { ...overrides[token]?.slots, [slot]: `0x${uintWord(left)}` } }
      } else if (left < held) calls.push(primed(wallet, transferCall(token, held - left)))
    })
    for (const wallet of concerned) calls.push(...approvals(wallet, at))
    return { calls, overrides }
  }

  /** Some tokens take an allowance only where there is none: the first call of each pair is for them. */
  function approvals(wallet: Hex, at: number): SimulatedCall[] {
    return ledger.allowances(wallet, at).flatMap(({ grant, amount }) => {
      const amounts = amount === '0' || grant.via !== undefined ? [amount] : (['0', amount] as const)
      return amounts.map((one) => primed(wallet, approveCall(grant, one)))
    })
  }

  async function simulate(
    calls: readonly SimulatedCall[],
    at: number,
    more: StateOverrides = {},
  ): Promise<readonly SimulationReply[]> {
    const concerned = [...new Set(calls.map(({ from }) => from))].filter((wallet) => words.has(wallet))
    const primer = await prime(concerned, at)
    const replies = await chain.simulate([...primer.calls, ...calls], at, { ...more, ...primer.overrides })
    return replies.slice(primer.calls.length)
  }

  /** The wallet that a read asks about; undefined where the chain's own answer is right. */
  function askedAbout(read: Read, at: number): Hex | undefined {
    const wallet = wallets.find((one) => {
      if (read.kind === 'balance') return read.address === one
      return read.kind === 'call' && (read.from === one || read.data.includes(words.get(one) ?? one))
    })
    return wallet !== undefined && differs(wallet, at) ? wallet : undefined
  }

  async function readBalance(wallet: Hex, at: number): Promise<ReadReply> {
    const [reply] = await chain.read([balanceRead(wallet, 'native')], at)
    if (reply?.ok !== true) throw new EndpointError('A balance cannot be read.', { wallet })
    const left = BigInt(reply.value) + (ledger.changes(wallet, at).get('native') ?? 0n)
    return { ok: true, value: `0x${(left > 0n ? left : 0n).toString(16)}` }
  }

  /** Each by itself where it may write: no read is to find what another did. */
  async function readCalls(calls: readonly AskedCall[], at: number): Promise<Map<Read, ReadReply>> {
    const plain = calls.filter(({ read }) => read.from === undefined)
    const others = calls.filter(({ read }) => read.from !== undefined).map((one) => [one])
    const groups = [plain, ...others].filter((group) => group.length > 0)
    const replies = await Promise.all(groups.map((group) => simulate(group.map(asCall), at)))
    return new Map(
      groups.flatMap((group, index) => group.map(({ read }, place) => [read, asReadReply(replies[index]?.[place])])),
    )
  }

  return {
    differs,
    simulate,
    async read(reads, at) {
      const asked = reads.map((read) => ({ read, wallet: askedAbout(read, at) }))
      const others = asked.filter(({ wallet }) => wallet === undefined).map(({ read }) => read)
      const calls = asked.flatMap(({ read, wallet }) =>
        read.kind === 'call' && wallet !== undefined ? [{ read, wallet }] : [],
      )
      const [told, called] = await Promise.all([chain.read(others, at), readCalls(calls, at)])
      const toldBy = new Map(others.map((read, index) => [read, told[index]]))
      return Promise.all(
        asked.map(async ({ read, wallet }) => {
          if (read.kind === 'balance' && wallet !== undefined) return readBalance(wallet, at)
          return toldBy.get(read) ?? called.get(read) ?? { ok: false, message: 'There is no reply to it.' }
        }),
      )
    },
  }
}

/** A call about a wallet that is otherwise than on chain. */
interface AskedCall {
  readonly read: Extract<Read, { kind: 'call' }>
  readonly wallet: Hex
}

function asCall({ read: { from, to, data, value = '0' }, wallet }: AskedCall): SimulatedCall {
  return { from: from ?? wallet, to, data, value }
}

function asReadReply(reply: SimulationReply | undefined): ReadReply {
  if (reply === undefined) return { ok: false, message: 'There is no reply to it.' }
  if (reply.ok) return { ok: true, value: reply.value }
  const { message, data } = reply
  return data === undefined ? { ok: false, message } : { ok: false, message, data }
}

function primed(from: Hex, call: Call): SimulatedCall {
  return { from, ...call, gas: primerGas }
}

function transferCall(token: Hex, amount: bigint): Call {
  return { to: token, data: `0x${transfer}${addressWord(sink)}${uintWord(amount)}`, value: '0' }
}
