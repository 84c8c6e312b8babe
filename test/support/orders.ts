import type { LegOrder, LegPolicy } from '../../src/domain/leg.ts'
import type { AcceptedOrder } from '../../src/domain/trade.ts'

/** The default limits, in the runtime's units. */
export const policy: LegPolicy = {
  gasLimitMax: 300_000,
  maxFeePerGas: '100000000000',
  maxCancelFeePerGas: '200000000000',
  retriesMax: 1,
  retryDelayMs: 5_000,
  confirmations: 2,
  timeoutMs: 60_000,
  bumpIntervalMs: 15_000,
}

export const wallet = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266'
const usdc = '0x00000000000000000000000000000000000000aa'

export const acceptedOrder: AcceptedOrder = {
  fingerprint: 'ETH/USDC sell',
  tradeId: 'trade_1',
  pair: 'ETH/USDC',
  side: 'sell',
  amount: '1500000000000000000',
  tokenIn: { symbol: 'ETH', address: 'native', decimals: 18 },
  tokenOut: { symbol: 'USDC', address: usdc, decimals: 6 },
  venues: ['uniswap-v2'],
  quotes: null,
  slippageBps: 50,
  policy,
  fillPolicy: { kind: 'bestEffort' },
  reallocationsMax: 2,
  acceptedAtMs: 0,
}

const { tokenIn, tokenOut, amount } = acceptedOrder

/** A swap of the whole order on one venue. */
export const swapOrder: LegOrder = {
  tradeId: 'trade_1',
  legId: 'uniswap-v2',
  venue: 'uniswap-v2',
  task: { kind: 'swap', swap: { wallet, tokenIn, tokenOut, side: 'sell', amount }, limit: '4477500000' },
  quote: { amount: '4500000000' },
  quotedAtMs: 0,
  after: null,
  preflight: true,
  policy,
}

export const approvalOrder: LegOrder = {
  ...swapOrder,
  legId: 'uniswap-v2:approval',
  task: { kind: 'approval', wallet, token: usdc, spender: '0x00000000000000000000000000000000000000bb' },
  quote: null,
}

/** A nonce that no leg owns. */
export const gapOrder: LegOrder = {
  ...swapOrder,
  legId: `${wallet}:7`,
  venue: '',
  task: { kind: 'gap', wallet, nonce: 7, attempts: [] },
  quote: null,
}
