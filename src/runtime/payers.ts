import { balanceRead } from '../dex/erc20.ts'
import { type BaseUnits, baseUnits, formatAmount } from '../domain/amount.ts'
import { InsufficientBalanceError } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import type { Request } from '../domain/read.ts'
import type { Token } from '../domain/token.ts'
import type { AcceptedOrder } from '../domain/trade.ts'
import type { Money } from './funds.ts'
import type { Portion } from './portion.ts'
import type { Ports } from './ports.ts'

/** Wallets that are looked at for one trade: each costs a few reads more in its one round trip. */
const candidatesMax = 16

type PayerPorts = Pick<Ports, 'funds' | 'lanes' | 'follower'>

/**
 * The wallets that may pay for an order: those first that are not known to lack what it sells, and of those the ones with the
 * fewest live legs.
 */
export function candidates(
  { funds, lanes }: PayerPorts,
  { tokenIn, wallet: only }: Pick<Portion, 'tokenIn' | 'wallet'>,
): Hex[] {
  if (only !== null) return [only]
  const wallets = [...lanes.keys()]
  if (wallets.length === 1) return wallets
  const rank = (wallet: Hex): number =>
    funds.legs(wallet) + (funds.balance(wallet, tokenIn.address) === 0n ? Number.MAX_SAFE_INTEGER / 2 : 0)
  const ranks = new Map(wallets.map((wallet) => [wallet, rank(wallet)]))
  return wallets.sort((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0)).slice(0, candidatesMax)
}

/** Asks what wallets hold of these tokens, and notes it. */
export function balanceRequest(
  { funds }: Pick<Ports, 'funds'>,
  wallets: readonly Hex[],
  tokens: readonly (Hex | 'native')[],
): Request<void> {
  const asked = wallets.flatMap((wallet) => [...new Set(tokens)].map((token) => ({ wallet, token })))
  return {
    reads: asked.map(({ wallet, token }) => balanceRead(wallet, token)),
    answer: (replies) => {
      asked.forEach(({ wallet, token }, index) => {
        const reply = replies[index]
        if (reply?.ok) funds.note(wallet, { token, amount: BigInt(reply.value) })
      })
    },
  }
}

/** Reads what wallets hold, once; from then on it is counted along, and read again where a trade is planned. */
export async function readFunds(ports: PayerPorts & Pick<Ports, 'chain'>, tokens: readonly Token[]): Promise<void> {
  const wallets = [...ports.lanes.keys()].slice(0, walletsRead)
  const { reads, answer } = balanceRequest(ports, wallets, ['native', ...tokens.map(({ address }) => address)])
  answer(await ports.chain.read(reads))
}

/** The balances of more are read when they are needed. */
const walletsRead = 16

/**
 * Sees that the wallets together hold what is to be sold.
 *
 * @throws InsufficientBalanceError with the numbers. What is not known is not held against them.
 */
export function checkHoldings(
  { funds }: PayerPorts,
  { side, amount, tokenIn }: Pick<Portion, 'side' | 'amount' | 'tokenIn'>,
  wallets: readonly Hex[],
): void {
  const balances = wallets.map((wallet) => funds.balance(wallet, tokenIn.address))
  const total = balances.reduce<bigint>((sum, balance) => sum + (balance ?? BigInt(amount)), 0n)
  if (side === 'buy' || total >= BigInt(amount)) return
  throw new InsufficientBalanceError('amount is beyond what the wallet holds.', {
    field: 'amount',
    amount: `${formatAmount(amount, tokenIn.decimals)} ${tokenIn.symbol}`,
    balance: `${formatAmount(baseUnits(total), tokenIn.decimals)} ${tokenIn.symbol}`,
    wallet: wallets.join(', '),
  })
}

/**
 * The least busy wallet that can pay for a leg beside all that its other live legs will take.
 *
 * @param payment - What the leg pays at most, in base units of the token that is sold.
 * @throws InsufficientBalanceError where none can, with the numbers.
 */
export function payerOf(
  ports: PayerPorts,
  { order, tokenIn, wallet: only }: Pick<Portion, 'order' | 'tokenIn' | 'wallet'>,
  venue: string,
  payment: BaseUnits,
): Hex {
  const { funds } = ports
  const needed: Money[] = [
    { token: tokenIn.address, amount: BigInt(payment) },
    { token: 'native', amount: gasMoney(ports, order) },
  ]
  const wallets = candidates(ports, { tokenIn, wallet: only })
  const payer = wallets.find((wallet) => canPay(ports, wallet, needed))
  if (payer !== undefined) return payer
  const facts = wallets.map((wallet) => {
    const free = funds.free(wallet, tokenIn.address) ?? 0n
    const holds = `${formatAmount(baseUnits(free), tokenIn.decimals)} ${tokenIn.symbol}`
    return `${wallet} has ${holds} and ${funds.free(wallet, 'native') ?? '?'} wei that its ${funds.legs(wallet)} live legs leave`
  })
  throw new InsufficientBalanceError('No wallet can pay for this leg beside all that is in flight.', {
    venue,
    payment: `${formatAmount(payment, tokenIn.decimals)} ${tokenIn.symbol}`,
    'gas, wei': String(gasMoney(ports, order)),
    wallets: facts.join('; '),
  })
}

function canPay({ funds }: PayerPorts, wallet: Hex, needed: readonly Money[]): boolean {
  const tokens = new Set(needed.map(({ token }) => token))
  return [...tokens].every((token) => {
    const free = funds.free(wallet, token)
    const sum = needed.reduce((all, money) => (money.token === token ? all + money.amount : all), 0n)
    return free === undefined || free >= sum
  })
}

/** What the gas of one leg may come to in the next block. */
function gasMoney({ follower }: PayerPorts, { policy }: AcceptedOrder): bigint {
  const { nextBaseFee, tip } = follower.market()
  const price = BigInt(nextBaseFee) + BigInt(tip)
  return BigInt(policy.gasLimitMax) * (price < BigInt(policy.maxFeePerGas) ? price : BigInt(policy.maxFeePerGas))
}
