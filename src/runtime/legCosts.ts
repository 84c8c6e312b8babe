import { type BaseUnits, baseUnits } from '../domain/amount.ts'
import { NoLiquidityError } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import { batchOf, type Request } from '../domain/read.ts'
import type { Token } from '../domain/token.ts'
import type { NativePrice } from '../domain/trade.ts'
import { grantsOf } from './grants.ts'
import { gasKeyOf } from './offering.ts'
import type { Portion } from './portion.ts'
import { known, type Ports } from './ports.ts'

type CostPorts = Pick<Ports, 'dexes' | 'gasBook' | 'follower' | 'allowances' | 'pools'>

/** Gas of a swap before any was recorded, and of an approval. */
const usualSwapGas = 160_000n
const usualApprovalGas = 50_000n
const nativeCoin: Token = { symbol: 'the native coin', address: 'native', decimals: 18 }

/** The token that a portion's quotes are in. */
export function quotedToken({ side, tokenIn, tokenOut }: Portion): Token {
  return side === 'sell' ? tokenOut : tokenIn
}

/** Asks what the gas of one swap is worth in the token that quotes are in: the best that any of the venues gives for it. */
export function nativePriceRequest(ports: CostPorts, portion: Portion): Request<NativePrice | null> {
  const token = quotedToken(portion)
  const wei = baseUnits(usualSwapGas * gasPrice(ports))
  const dexes = portion.venues.map((venue) => known(ports.dexes, venue, 'venue'))
  const isNative = token.address === 'native' || dexes.some(({ wrappedNative }) => wrappedNative === token.address)
  if (isNative) return { reads: [], answer: () => ({ wei, amount: wei }) }
  const pair = { tokenIn: nativeCoin, tokenOut: token }
  const { reads, answer } = batchOf(
    dexes.map((dex) => {
      // The wallet plays no part in a price.
      const swap = { ...pair, side: 'sell', amount: wei, wallet: nobody } as const
      return orNothing(dex.quoteRequest(swap, ports.pools.find(dex, pair)))
    }),
  )
  return {
    reads,
    answer: (replies) => {
      let best = 0n
      for (const amount of answer(replies)) if (amount > best) best = amount
      return best === 0n ? null : { wei, amount: baseUnits(best) }
    },
  }
}

const nobody = `0x${'0'.repeat(39)}1` as const

function orNothing({ reads, answer }: Request<{ readonly amount: BaseUnits }>): Request<bigint> {
  return {
    reads,
    answer: (replies) => {
      try {
        return BigInt(answer(replies).amount)
      } catch (error) {
        if (error instanceof NoLiquidityError) return 0n
        throw error
      }
    },
  }
}

/** What the gas of a leg costs at the next block's price, approvals that it needs first included, in the units of quotes. */
export function legCost(
  ports: CostPorts,
  portion: Portion,
  venue: string,
  wallet: Hex,
  price: NativePrice | null,
): BaseUnits {
  if (price === null) return '0'
  const swapGas = BigInt(ports.gasBook.expected(venue, gasKeyOf(portion)) ?? usualSwapGas)
  const missing = grantsOf(ports, venue, wallet, portion.tokenIn).filter(
    (grant) => !ports.allowances.isEnough(grant, 1n),
  )
  const wei = (swapGas + usualApprovalGas * BigInt(missing.length)) * gasPrice(ports)
  return baseUnits((wei * BigInt(price.amount)) / BigInt(price.wei))
}

function gasPrice({ follower }: Pick<Ports, 'follower'>): bigint {
  const { nextBaseFee, tip } = follower.market()
  return BigInt(nextBaseFee) + BigInt(tip)
}
