import { Interface } from 'ethers'
import { expect, test } from 'vitest'
import { readFill } from '../../src/dex/fills.ts'
import type { Hex } from '../../src/domain/hex.ts'
import type { Log } from '../../src/domain/transaction.ts'
import { addresses, swapOf, tokens } from './swaps.ts'

const events = new Interface([
  'event Transfer(address indexed from, address indexed to, uint256 value)',
  'event Deposit(address indexed dst, uint256 wad)',
  'event Withdrawal(address indexed src, uint256 wad)',
])
const contracts = { router: addresses.router, wrappedNative: addresses.weth }
const { wallet, pool, router, weth, usdc, dai } = addresses
const nobody: Hex = `0x${'00'.repeat(20)}`

function log(address: Hex, event: string, args: readonly (string | bigint)[]): Log {
  const { data, topics } = events.encodeEventLog(event, [...args])
  return { address, data: data as Hex, topics: topics as Hex[] }
}

test('tokens are counted net by their transfers from and to the wallet', () => {
  const logs = [
    log(usdc, 'Transfer', [wallet, pool, 1000n]),
    log(usdc, 'Transfer', [pool, wallet, 10n]),
    log(dai, 'Transfer', [pool, wallet, 700n]),
    log(dai, 'Transfer', [wallet, pool, 7n]),
  ]

  const fill = readFill(swapOf({ tokenIn: tokens.USDC, tokenOut: tokens.DAI }), logs, contracts)

  expect(fill).toEqual({ amountIn: '990', amountOut: '693' })
})

test('a transfer to oneself changes nothing', () => {
  const logs = [log(usdc, 'Transfer', [wallet, wallet, 5n]), log(usdc, 'Transfer', [wallet, pool, 10n])]

  const fill = readFill(swapOf({ tokenIn: tokens.USDC, tokenOut: tokens.DAI }), logs, contracts)

  expect(fill).toEqual({ amountIn: '10', amountOut: '0' })
})

test('what other tokens, wallets and events say does not count', () => {
  const logs = [
    log(dai, 'Transfer', [wallet, pool, 1n]),
    log(usdc, 'Transfer', [pool, router, 2n]),
    log(usdc, 'Deposit', [wallet, 4n]),
    { address: usdc, topics: [], data: '0x' } as const,
    log(usdc, 'Transfer', [wallet, pool, 8n]),
  ]

  const fill = readFill(swapOf({ tokenIn: tokens.USDC, tokenOut: tokens.ETH }), logs, contracts)

  expect(fill).toEqual({ amountIn: '8', amountOut: '0' })
})

test('native coin in is what the router wrapped, less what it unwrapped to give back', () => {
  const logs = [
    log(weth, 'Deposit', [router, 1000n]),
    log(weth, 'Transfer', [router, pool, 900n]),
    log(weth, 'Deposit', [pool, 5n]),
    log(weth, 'Withdrawal', [router, 100n]),
    log(usdc, 'Transfer', [pool, wallet, 42n]),
  ]

  const fill = readFill(swapOf(), logs, contracts)

  expect(fill).toEqual({ amountIn: '900', amountOut: '42' })
})

test('native coin out is what the router unwrapped', () => {
  const logs = [
    log(usdc, 'Transfer', [wallet, pool, 42n]),
    log(weth, 'Transfer', [pool, router, 900n]),
    log(weth, 'Withdrawal', [router, 900n]),
    log(weth, 'Withdrawal', [pool, 3n]),
  ]

  const fill = readFill(swapOf({ tokenIn: tokens.USDC, tokenOut: tokens.ETH }), logs, contracts)

  expect(fill).toEqual({ amountIn: '42', amountOut: '900' })
})

test('a wrapped coin that mints and burns without deposit events is read by its transfers', () => {
  const minted = [log(weth, 'Transfer', [nobody, router, 900n]), log(weth, 'Transfer', [router, pool, 900n])]
  const burnt = [log(weth, 'Transfer', [pool, router, 800n]), log(weth, 'Transfer', [router, nobody, 800n])]

  const sold = readFill(swapOf(), minted, contracts)
  const bought = readFill(swapOf({ tokenIn: tokens.USDC, tokenOut: tokens.ETH }), burnt, contracts)

  expect([sold.amountIn, bought.amountOut]).toEqual(['900', '800'])
})

test('a wrapped coin that both mints and announces a deposit is counted once', () => {
  const logs = [log(weth, 'Transfer', [nobody, router, 900n]), log(weth, 'Deposit', [router, 900n])]

  const { amountIn } = readFill(swapOf(), logs, contracts)

  expect(amountIn).toBe('900')
})
