import fc from 'fast-check'
import type { Hex } from '../../src/domain/hex.ts'
import type { Side, Swap } from '../../src/domain/swap.ts'
import type { Token } from '../../src/domain/token.ts'

/** Addresses that say what they are: 20 times the same byte. */
export const addresses = {
  router: `0x${'11'.repeat(20)}`,
  quoter: `0x${'22'.repeat(20)}`,
  weth: `0x${'33'.repeat(20)}`,
  wallet: `0x${'44'.repeat(20)}`,
  pool: `0x${'55'.repeat(20)}`,
  usdc: `0x${'66'.repeat(20)}`,
  dai: `0x${'77'.repeat(20)}`,
  factory: `0x${'88'.repeat(20)}`,
} as const satisfies Record<string, Hex>

/** Tokens for swaps that never reach a chain. */
export const tokens = {
  ETH: { symbol: 'ETH', address: 'native', decimals: 18 },
  USDC: { symbol: 'USDC', address: addresses.usdc, decimals: 6 },
  DAI: { symbol: 'DAI', address: addresses.dai, decimals: 18 },
} as const satisfies Record<string, Token>

/** A swap of 1000 base units, changed as a test needs it. */
export function swapOf(changes: Partial<Swap> = {}): Swap {
  return {
    wallet: addresses.wallet,
    tokenIn: tokens.ETH,
    tokenOut: tokens.USDC,
    side: 'sell',
    amount: '1000',
    ...changes,
  }
}

const address = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .map((bytes): Hex => `0x${Buffer.from(bytes).toString('hex')}`)
const uint256 = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n })

/** Any swap of any kind, with the terms to sign: what an encoder has to cope with. */
export const anySwap = fc
  .record({
    wallet: address,
    tokenIn: address,
    tokenOut: address,
    native: fc.constantFrom('in', 'out', 'neither'),
    side: fc.constantFrom<Side>('sell', 'buy'),
    amount: uint256,
    limit: uint256,
    deadlineS: fc.integer({ min: 0, max: 2 ** 40 }),
  })
  .map(({ native, amount, limit, ...rest }) => ({
    deadlineS: rest.deadlineS,
    limit: `${limit}` as const,
    swap: {
      wallet: rest.wallet,
      side: rest.side,
      amount: `${amount}` as const,
      tokenIn: native === 'in' ? tokens.ETH : { symbol: 'IN', address: rest.tokenIn, decimals: 18 },
      tokenOut: native === 'out' ? tokens.ETH : { symbol: 'OUT', address: rest.tokenOut, decimals: 18 },
    } satisfies Swap,
  }))
