import type { Block, SimulatedCall, SimulationReply, StateOverrides } from '../chain/chain.ts'
import { allowanceOf, allowanceRead, approveCall, approvedAmount, balanceRead, type Grant } from '../dex/erc20.ts'
import { type BaseUnits, baseUnits } from '../domain/amount.ts'
import { EndpointError } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import type { Read } from '../domain/read.ts'
import type { UnsignedTransaction } from '../domain/transaction.ts'
import { addressWord, readAddress, readWord } from '../domain/words.ts'
import type { PaperAllowance, PaperBlock, PaperChange, PaperLedger, PaperMined } from './paperLedger.ts'
import type { Pending } from './paperPool.ts'
import type { PaperState } from './paperState.ts'

export interface PaperMiner {
  readonly state: PaperState
  readonly ledger: Pick<PaperLedger, 'allowances'>
  /** Contracts of the tokens that are traded. */
  readonly tokens: readonly Hex[]
}

/** Transactions of one block: so many find room in one simulation. */
const perBlockMax = 64

/** More than it takes to read one number. */
const readGas = 300_000

/** Somewhere with a program that returns the balance of the account it is given: calls have no other way to ask for one. */
const teller: Hex = `0x${'7e'.repeat(20)}`
// return balance(calldataload(0))
const tellerCode: StateOverrides = { [teller]: { code: '0x6000353160005260206000f3' } }

/**
 * What paper transactions come to at the end of a block: their receipts, and how they change what wallets hold and allow. They run
 * twice, since only then it is known which tokens they move; the second time balances are read before and after.
 *
 * @param candidates - By wallet, in the order of their nonces.
 * @returns null where none of them can be paid for.
 * @throws EndpointError where the node does not simulate all of it.
 */
export async function minePaper(
  miner: PaperMiner,
  candidates: readonly Pending[],
  block: Block,
): Promise<PaperBlock | null> {
  const { state } = miner
  const sent = await affordable(miner, candidates.slice(0, perBlockMax), block)
  if (sent.length === 0) return null
  const calls = sent.map(asCall)
  const tried = await state.simulate(calls, block.number)
  const reads = sent.flatMap(({ wallet }, index) =>
    sent.findIndex((one) => one.wallet === wallet) === index ? readsOf(miner, wallet, { sent, tried, block }) : [],
  )
  const asked = reads.map(({ call }) => call)
  const replies = await state.simulate([...asked, ...calls, ...asked], block.number, tellerCode)
  const before = replies.slice(0, asked.length)
  const after = replies.slice(asked.length + calls.length)
  const mined = sent.map((one, index) => minedAs(one, replies[asked.length + index], block))
  return {
    number: block.number,
    hash: block.hash,
    mined,
    changes: reads.flatMap(({ wallet, token }, index) => {
      if (token === null) return []
      const gas = token === 'native' ? gasPaid(wallet, mined) : 0n
      const amount = numberIn(after[index]) - numberIn(before[index]) - gas
      return amount === 0n ? [] : [{ wallet, token, amount: baseUnits(amount) } satisfies PaperChange]
    }),
    allowances: reads.flatMap(({ grant }, index) => {
      if (grant === null || isSame(before[index], after[index])) return []
      return [{ grant, amount: baseUnits(allowedIn(grant, after[index])) } satisfies PaperAllowance]
    }),
  }
}

/** Those that their wallets can pay for, each for all that it may cost. */
async function affordable(
  { state }: PaperMiner,
  candidates: readonly Pending[],
  { number, baseFeePerGas }: Block,
): Promise<Pending[]> {
  const wallets = [...new Set(candidates.map(({ wallet }) => wallet))]
  const replies = await state.read(
    wallets.map((wallet) => balanceRead(wallet, 'native')),
    number,
  )
  return wallets.flatMap((wallet, index) => {
    const reply = replies[index]
    let left = reply?.ok ? BigInt(reply.value) : 0n
    const own = candidates.filter((one) => one.wallet === wallet)
    const end = own.findIndex(({ transaction }) => {
      const isPoor = left < costMax(transaction)
      left -= BigInt(transaction.value) + BigInt(transaction.gasLimit) * priceOf(transaction, baseFeePerGas)
      return isPoor
    })
    return end === -1 ? own : own.slice(0, end)
  })
}

/**
 * What a transaction may cost at most, in wei: a node takes none that its wallet could not pay for.
 *
 * @example
 * costMax({ value: '5', gasLimit: 21_000, maxFeePerGas: '2' }) // 42005n
 */
export function costMax({
  value,
  gasLimit,
  maxFeePerGas,
}: Pick<UnsignedTransaction, 'value' | 'gasLimit' | 'maxFeePerGas'>): bigint {
  return BigInt(value) + BigInt(gasLimit) * BigInt(maxFeePerGas)
}

/** What a gas unit costs in a block of this base fee: with the tip, up to the maximum. */
function priceOf(transaction: UnsignedTransaction, baseFeePerGas: BaseUnits | null): bigint {
  const max = BigInt(transaction.maxFeePerGas)
  if (baseFeePerGas === null) return max
  const wanted = BigInt(baseFeePerGas) + BigInt(transaction.maxPriorityFeePerGas)
  return wanted < max ? wanted : max
}

/** One number to be read before and after: what a wallet holds of a token, or what it allows. */
interface Measured {
  readonly wallet: Hex
  readonly token: Hex | 'native' | null
  readonly grant: Grant | null
  readonly call: SimulatedCall
}

interface Trial {
  readonly sent: readonly Pending[]
  readonly tried: readonly SimulationReply[]
  readonly block: Block
}

/** All that the transactions of a wallet may have changed about it. */
function readsOf({ ledger, tokens }: PaperMiner, wallet: Hex, { sent, tried, block }: Trial): Measured[] {
  const own = sent.flatMap((one, index) => (one.wallet === wallet ? [{ ...one, logs: logsOf(tried[index]) }] : []))
  const writers = new Set(own.flatMap(({ logs }) => logs.map(({ address }) => address)))
  const moved = tokens.filter((token) => writers.has(token))
  const known = ledger.allowances(wallet, block.number).map(({ grant }) => grant)
  const given = own.flatMap(({ transaction }) => grantIn(wallet, transaction) ?? [])
  const used = own.flatMap(({ transaction: { to: spender } }) => moved.map((token) => ({ wallet, token, spender })))
  const grants = [...known.filter(({ token }) => moved.includes(token)), ...given, ...used]
  const distinct = new Map(grants.map((grant) => [JSON.stringify(allowanceRead(grant)), grant]))
  return [
    { wallet, token: 'native', grant: null, call: callTo(wallet, teller, `0x${addressWord(wallet)}`) },
    ...moved.map((token) => ({ wallet, token, grant: null, call: readBy(wallet, balanceRead(wallet, token)) })),
    ...[...distinct.values()].map((grant) => ({
      wallet,
      token: null,
      grant,
      call: readBy(wallet, allowanceRead(grant)),
    })),
  ]
}

/** @throws EndpointError where the node keeps the events to itself. */
function logsOf(reply: SimulationReply | undefined) {
  if (reply?.ok === false) return []
  if (reply === undefined || reply.logs === null) {
    throw new EndpointError('The node cannot simulate all transactions of the block at once.')
  }
  return reply.logs
}

/** What a call of `approveCall` allows; null for any other. */
function grantIn(wallet: Hex, { to, data }: UnsignedTransaction): Grant | null {
  const words = `0x${data.slice(10)}` as Hex
  const [first, second] = [readAddress(words, 0), readAddress(words, 1)]
  const grants: (Grant | null)[] = [
    first === undefined ? null : { wallet, token: to, spender: first },
    first === undefined || second === undefined ? null : { wallet, token: first, spender: second, via: to },
  ]
  const isGiven = (grant: Grant): boolean => approveCall(grant, baseUnits(approvedAmount({ data }))).data === data
  return grants.find((grant) => grant !== null && isGiven(grant)) ?? null
}

function minedAs(
  { wallet, hash, raw, transaction }: Pending,
  reply: SimulationReply | undefined,
  { number, hash: blockHash, baseFeePerGas }: Block,
): PaperMined {
  const logs = logsOf(reply)
  const { ok: succeeded, gasUsed } = reply as SimulationReply
  const effectiveGasPrice = baseUnits(priceOf(transaction, baseFeePerGas))
  const receipt = { hash, blockNumber: number, blockHash, succeeded, gasUsed, effectiveGasPrice, logs }
  return { wallet, nonce: transaction.nonce, raw, receipt }
}

function gasPaid(wallet: Hex, mined: readonly PaperMined[]): bigint {
  return mined.reduce((sum, { wallet: payer, receipt }) => {
    return payer === wallet ? sum + BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice) : sum
  }, 0n)
}

/** Nothing where there is no number: a contract that is no token. */
function numberIn(reply: SimulationReply | undefined): bigint {
  return (reply?.ok ? readWord(reply.value, 0) : undefined) ?? 0n
}

function isSame(one: SimulationReply | undefined, other: SimulationReply | undefined): boolean {
  return one?.ok === true && other?.ok === true && one.value === other.value
}

function allowedIn(grant: Grant, reply: SimulationReply | undefined): bigint {
  return (reply?.ok ? allowanceOf(grant, reply.value, 0) : undefined) ?? 0n
}

function readBy(wallet: Hex, read: Read): SimulatedCall {
  if (read.kind !== 'call') throw new TypeError('Only calls can be simulated.')
  return callTo(wallet, read.to, read.data)
}

function callTo(from: Hex, to: Hex, data: Hex): SimulatedCall {
  return { from, to, data, value: '0', gas: readGas }
}

function asCall({ wallet, transaction: { to, data, value, gasLimit } }: Pending): SimulatedCall {
  return { from: wallet, to, data, value, gas: gasLimit }
}
