import { AbiCoder, Interface } from 'ethers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allowanceOf, allowanceRead, approveCall, approvedAmount, unlimited } from '../../src/dex/erc20.ts'
import type { Hex } from '../../src/domain/hex.ts'
import { addresses } from './swaps.ts'

const token = new Interface([
  'function approve(address spender, uint256 amount)',
  'function allowance(address owner, address spender) view returns (uint256)',
])
const permit2 = new Interface([
  'function approve(address token, address spender, uint160 amount, uint48 expiration)',
  'function allowance(address owner, address token, address spender) view returns (uint160, uint48, uint48)',
])
const { wallet, usdc, router, pool: keeper } = addresses
const grant = { wallet, token: usdc, spender: router }
const kept = { ...grant, via: keeper }
const uint160Max = 2n ** 160n - 1n
const uint48Max = 2n ** 48n - 1n
const amounts = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n })

test('an approval is what an ABI encoder makes of it, byte for byte, in the token and in Permit2', () => {
  const property = fc.property(amounts, (amount) => {
    const inToken = approveCall(grant, `${amount}`)
    const inPermit2 = approveCall(kept, `${amount}`)

    const capped = amount > uint160Max ? uint160Max : amount
    const data = permit2.encodeFunctionData('approve', [usdc, router, capped, uint48Max])
    expect(inToken).toEqual({ to: usdc, data: token.encodeFunctionData('approve', [router, amount]), value: '0' })
    expect(inPermit2).toEqual({ to: keeper, data, value: '0' })
    expect([approvedAmount(inToken), approvedAmount(inPermit2)]).toEqual([amount, capped])
  })
  fc.assert(property, { numRuns: 200 })
})

test('an unlimited approval is the greatest number of each contract', () => {
  expect(approvedAmount(approveCall(grant, unlimited))).toBe(2n ** 256n - 1n)
  expect(approvedAmount(approveCall(kept, unlimited))).toBe(uint160Max)
})

test('an allowance is read where it is kept', () => {
  const inToken = { kind: 'call', to: usdc, data: token.encodeFunctionData('allowance', [wallet, router]) }
  const inPermit2 = { kind: 'call', to: keeper, data: permit2.encodeFunctionData('allowance', [wallet, usdc, router]) }

  expect(allowanceRead(grant)).toEqual(inToken)
  expect(allowanceRead(kept)).toEqual(inPermit2)
})

test('an allowance in Permit2 is worth nothing from its expiry on', () => {
  const encode = (types: string[], values: bigint[]) => AbiCoder.defaultAbiCoder().encode(types, values) as Hex
  const dated = encode(['uint160', 'uint48', 'uint48'], [42n, 1000n, 7n])

  expect(allowanceOf(grant, encode(['uint256'], [42n]), 5000)).toBe(42n)
  expect(allowanceOf(kept, dated, 999)).toBe(42n)
  expect(allowanceOf(kept, dated, 1000)).toBe(0n)
  expect(allowanceOf(kept, dated, 1001)).toBe(0n)
})

test('what is no allowance is not taken for none', () => {
  expect(allowanceOf(grant, '0x', 1)).toBeUndefined()
  expect(allowanceOf(kept, '0x', 1)).toBeUndefined()
})
