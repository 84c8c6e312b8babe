import { Interface } from 'ethers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CallShape } from '../../src/domain/callShape.ts'
import { type Hex, lowerHex } from '../../src/domain/hex.ts'
import type { UnsignedTransaction } from '../../src/domain/transaction.ts'
import { allowOnly } from '../../src/signer/allowList.ts'
import { readFields } from '../../src/signer/encodeTransaction.ts'
import type { AllowList } from '../../src/signer/messages.ts'

const address = (byte: string): Hex => `0x${byte.repeat(20)}`
const wallet = address('a1')
const otherWallet = address('a2')
const [router, vault, universal] = [address('c1'), address('c2'), address('c3')]
const [token, otherToken] = [address('d1'), address('d2')]
const [permit2, otherPermit2] = [address('e1'), address('e2')]
const stranger = address('5e')

// Two functions of the router: an amount for the wallet, which may come with native coin; a token for another, and back.
const word = (mark: string) => '0'.repeat(24) + mark.repeat(40)
const [amountOf, swapOf, otherSwapOf] = ['0xaaaaaaaa', '0xbbbbbbbb', '0xbbbbbbbc'] as const
const swaps: readonly CallShape[] = [
  { to: router, payable: true, text: `${amountOf}${'.'.repeat(64)}${word('w')}` },
  { to: router, payable: false, text: `${swapOf}${word('i')}${word('o')}${word('i')}07` },
  { to: router, payable: false, text: `${otherSwapOf}${word('i')}${word('o')}${word('i')}08` },
  { to: `0x${'C2'.repeat(20)}`, payable: false, text: `0xCCCCCCCC${'.'.repeat(64)}` },
]
const digits = (of: Hex) => '0'.repeat(24) + of.slice(2)
const paying: Hex = `${amountOf}${'f7'.repeat(32)}${digits(wallet)}`
const swapping = (first: Hex, second: Hex, third = first): Hex =>
  `${swapOf}${digits(first)}${digits(second)}${digits(third)}07`

const allow: AllowList = {
  swaps,
  tokens: [token, otherToken],
  spenders: [
    { address: router },
    { address: vault },
    { address: permit2 },
    { address: universal, via: permit2 },
    { address: router, via: otherPermit2 },
  ],
  maxFeePerGas: '200000000000',
  gasLimit: 300_000,
}

const erc20 = new Interface([
  'function approve(address spender, uint256 amount)',
  'function transfer(address to, uint256)',
])
const permits = new Interface([
  'function approve(address token, address spender, uint160 amount, uint48 expiration)',
  'function lockdown(tuple(address token, address spender)[] approvals)',
])

function approval(spender: Hex, amount = 1_000_000n): Hex {
  return erc20.encodeFunctionData('approve', [spender, amount]) as Hex
}

function permit(ofToken: Hex, spender: Hex, amount = 2n ** 160n - 1n, expiration = 2n ** 48n - 1n): Hex {
  return permits.encodeFunctionData('approve', [ofToken, spender, amount, expiration]) as Hex
}

const base: UnsignedTransaction = {
  chainId: 1,
  nonce: 7,
  to: router,
  data: paying,
  value: '0',
  gasLimit: 300_000,
  maxFeePerGas: '200000000000',
  maxPriorityFeePerGas: '1',
}

/** Throws what the worker would answer with; undefined where it would sign. */
function check(transaction: Partial<UnsignedTransaction>, list = allow): void {
  allowOnly(list, 1)(wallet, readFields({ ...base, ...transaction }))
}

const refused = expect.objectContaining({ code: 'NOT_ALLOWED', retryable: false })

describe('the allow-list signs', () => {
  test.each<[string, Partial<UnsignedTransaction>]>([
    ['a call of a venue’s shape', {}],
    ['a call of a venue’s shape, with native coin where it may have some', { value: '1000' }],
    ['a call of a venue’s shape, of any amount', { data: paying.replace(/f7/g, '00') as Hex }],
    ['a call of a venue’s shape, with tokens', { data: swapping(token, otherToken) }],
    ['a call of a venue’s shape, with tokens the other way', { data: swapping(otherToken, token) }],
    ['a call of a shape listed in other letters', { to: vault, data: `0xcccccccc${'00'.repeat(32)}` }],
    ['a call that comes in other letters', { to: `0x${'C1'.repeat(20)}`, data: paying.replace(/f/g, 'F') as Hex }],
    ['an approval of a spender', { to: token, data: approval(vault) }],
    ['an approval without an end', { to: token, data: approval(router, 2n ** 256n - 1n) }],
    ['an approval taken back', { to: token, data: approval(router, 0n) }],
    ['an approval of Permit2 itself', { to: otherToken, data: approval(permit2) }],
    ['an approval within Permit2', { to: permit2, data: permit(otherToken, universal) }],
    ['an approval within another Permit2', { to: otherPermit2, data: permit(token, router) }],
    ['nothing, from the wallet to itself', { to: wallet, data: '0x', value: '0', gasLimit: 21_000 }],
  ])('%s', (_, transaction) => {
    expect(() => check(transaction)).not.toThrow()
  })
})

describe('the allow-list refuses', () => {
  test.each<[string, Partial<UnsignedTransaction>]>([
    ['a transfer of the coin to a stranger', { to: stranger, data: '0x', value: '1' }],
    ['nothing, to a stranger', { to: stranger, data: '0x' }],
    ['nothing, to another wallet', { to: otherWallet, data: '0x' }],
    ['something, from the wallet to itself', { to: wallet, data: '0x', value: '1' }],
    ['a call of the wallet itself', { to: wallet, data: '0x00' }],
    ['plain native coin for a venue', { data: '0x', value: '1' }],
    ['another function of a venue’s contract', { data: paying.replace('aaaaaaaa', 'aaaaaaab') as Hex }],
    ['a call of a venue’s shape to another contract of a venue', { to: vault }],
    ['a call of a venue’s shape to a stranger', { to: stranger }],
    ['a call that is for another wallet', { data: paying.replace(/a1/g, 'a2') as Hex }],
    ['a call with a byte too many for its shape', { data: `${paying}00` }],
    ['a call with a byte too few for its shape', { data: paying.slice(0, -2) as Hex }],
    ['a call with digits before the wallet', { data: paying.replace('f7000', 'f7001') as Hex }],
    ['native coin where a shape takes none', { data: swapping(token, otherToken), value: '1' }],
    ['a token that is not configured', { data: swapping(token, stranger) }],
    ['a token that is not configured, first', { data: swapping(stranger, token) }],
    ['one token where a shape has the other', { data: swapping(token, otherToken, otherToken) }],
    ['the end of another shape', { data: swapping(token, otherToken).replace(/7$/, '8') as Hex }],
    ['a transfer of a token', { to: token, data: erc20.encodeFunctionData('transfer', [router, 1n]) as Hex }],
    ['a plain message to a token', { to: token, data: '0x' }],
    ['an approval of a stranger', { to: token, data: approval(stranger) }],
    ['an approval of who is to take tokens through Permit2 alone', { to: token, data: approval(universal) }],
    ['an approval of the token itself', { to: token, data: approval(token) }],
    ['an approval that pays', { to: token, data: approval(router), value: '1' }],
    ['an approval of a token that is not configured', { to: stranger, data: approval(router) }],
    ['an approval with a byte too many', { to: token, data: `${approval(router)}00` }],
    ['an approval with a byte too few', { to: token, data: approval(router).slice(0, -2) as Hex }],
    [
      'an approval with digits before the spender',
      { to: token, data: approval(router).replace('0x095ea7b30', '0x095ea7b31') as Hex },
    ],
    ['a permit for who takes tokens without Permit2', { to: permit2, data: permit(token, vault) }],
    ['a permit for who takes tokens through another Permit2', { to: permit2, data: permit(token, router) }],
    ['a permit for Permit2 itself', { to: permit2, data: permit(token, permit2) }],
    ['a permit for a stranger', { to: permit2, data: permit(token, stranger) }],
    ['a permit for a token that is not configured', { to: permit2, data: permit(stranger, universal) }],
    ['a permit that pays', { to: permit2, data: permit(token, universal), value: '1' }],
    ['a permit with a byte too many', { to: permit2, data: `${permit(token, universal)}00` }],
    [
      'a permit above 160 bits',
      { to: permit2, data: permit(token, universal).replace(/0{24}(f{40})/, `${'0'.repeat(23)}1$1`) as Hex },
    ],
    [
      'a permit that expires after 48 bits',
      { to: permit2, data: permit(token, universal).replace(/0(f{12})$/, '1$1') as Hex },
    ],
    ['another call of Permit2', { to: permit2, data: permits.encodeFunctionData('lockdown', [[]]) as Hex }],
    ['an approval of a token sent to Permit2', { to: permit2, data: approval(router) }],
    ['a permit sent to a token', { to: token, data: permit(token, universal) }],
    ['another chain', { chainId: 10 }],
    ['a gas limit above the ceiling', { gasLimit: 300_001 }],
    ['a fee above the ceiling', { maxFeePerGas: '200000000001' }],
    [
      'a price above the ceiling, in the form before EIP-1559',
      { legacy: true, maxFeePerGas: '200000000001', maxPriorityFeePerGas: '200000000001' },
    ],
    ['a cancellation above the ceiling', { to: wallet, data: '0x', maxFeePerGas: '200000000001' }],
    ['a cancellation on another chain', { to: wallet, data: '0x', chainId: 10 }],
  ])('%s', (_, transaction) => {
    expect(() => check(transaction)).toThrow(refused)
  })

  test('a call of a token, or of Permit2, that is listed as a venue’s contract as well', () => {
    const list = { ...allow, swaps: [token, permit2].map((to) => ({ to, payable: true, text: paying }) as const) }

    const calls = [token, permit2].map((to) => () => check({ to, data: paying }, list))

    for (const call of calls) expect(call).toThrow(refused)
  })

  test('everything but nothing to oneself, where the list is empty', () => {
    const list = { ...allow, swaps: [], tokens: [], spenders: [] }

    for (const to of [router, token, permit2]) expect(() => check({ to }, list)).toThrow(refused)
    expect(() => check({ to: wallet, data: '0x' }, list)).not.toThrow()
  })
})

test('the failure names wallet, recipient and selector', () => {
  const refusal = (transaction: Partial<UnsignedTransaction>) => {
    try {
      check(transaction)
    } catch (error) {
      return (error as Error).message
    }
    return ''
  }

  for (const fact of [wallet, stranger, '0x12345678']) {
    expect(refusal({ to: stranger, data: '0x123456789a' })).toContain(fact)
  }
  expect(refusal({ to: stranger, data: '0x' })).toContain('selector: none')
})

test('a list that is changed afterwards changes nothing', () => {
  const list = { ...allow, swaps: [...swaps], tokens: [token], spenders: [...allow.spenders] }
  const guard = allowOnly(list, 1)
  list.swaps.push({ to: stranger, payable: true, text: paying })
  list.tokens.push(otherToken)
  list.spenders.push({ address: stranger })

  const calls = [{ to: stranger }, { data: swapping(token, otherToken) }, { to: token, data: approval(stranger) }]

  for (const call of calls) expect(() => guard(wallet, readFields({ ...base, ...call }))).toThrow(refused)
})

const bytes = (lengths: { minLength: number; maxLength: number }) =>
  fc.uint8Array(lengths).map((all): Hex => `0x${Buffer.from(all).toString('hex')}`)
const addresses = bytes({ minLength: 20, maxLength: 20 })
const known = fc.constantFrom(wallet, router, vault, universal, token, otherToken, permit2, otherPermit2)
const anybody = fc.oneof(addresses, { arbitrary: known, weight: 4 })
const traded = fc.oneof(known, { arbitrary: fc.constantFrom(token, otherToken), weight: 4 })
// Each with somebody who takes it well, or with anybody: most of it is one step away from what is allowed.
const call = fc.oneof(
  fc.tuple(anybody, bytes({ minLength: 0, maxLength: 200 })),
  fc.tuple(
    traded,
    fc.tuple(anybody, fc.bigInt({ min: 0n, max: 2n ** 256n - 1n })).map((args) => approval(...args)),
  ),
  fc.tuple(
    fc.constantFrom(permit2, otherPermit2),
    fc.tuple(traded, anybody).map((args) => permit(...args)),
  ),
  fc.tuple(
    fc.constantFrom(router, vault),
    fc.tuple(traded, traded, traded).map((args) => swapping(...args)),
  ),
  fc.tuple(
    fc.constantFrom(router, vault),
    fc
      .tuple(bytes({ minLength: 32, maxLength: 33 }), fc.constantFrom(wallet, otherWallet))
      .map(([sum, to]): Hex => `${amountOf}${sum.slice(2)}${digits(to)}`),
  ),
  fc.tuple(
    traded,
    bytes({ minLength: 1, maxLength: 40 }).map((end): Hex => `${approval(router)}${end.slice(2)}`),
  ),
)
const values = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 10n ** 20n })).map((value) => `${value}` as const)

/** The rules once more, by ethers: what a decoder takes and gives back to the byte is what may be signed. */
function mayBeSigned({ to, data, value }: Pick<UnsignedTransaction, 'to' | 'data' | 'value'>): boolean {
  const approves = (abi: Interface): readonly string[] | null => {
    if (value !== '0' || !data.startsWith(abi.getFunction('approve')?.selector ?? '-')) return null
    try {
      const decoded = abi.decodeFunctionData('approve', data)
      return abi.encodeFunctionData('approve', decoded) === data ? decoded.map((one) => lowerHex(String(one))) : null
    } catch {
      return null
    }
  }
  const isOneOf = (all: readonly Hex[], one = '') => all.includes(one as Hex)
  const isToken = (one = '') => isOneOf([token, otherToken], one)
  const isPermit = (spender: Hex) => isToken(approves(permits)?.[0]) && approves(permits)?.[1] === spender
  if (to === wallet) return data === '0x' && value === '0'
  if (isToken(to)) return isOneOf([router, vault, permit2], approves(erc20)?.[0])
  if (to === permit2) return isPermit(universal)
  if (to === otherPermit2) return isPermit(router)
  if (to !== router) return false
  if (data.startsWith(amountOf)) return data.length === paying.length && data.endsWith(digits(wallet))
  const pairs = [
    [token, otherToken],
    [otherToken, token],
    [token, token],
    [otherToken, otherToken],
  ] as const
  return value === '0' && pairs.some(([first, second]) => data === swapping(first, second))
}

test('any call is signed exactly where an ABI decoder finds one of the rules in it', () => {
  const guard = allowOnly(allow, 1)
  const seen = { signed: 0, refused: 0 }

  fc.assert(
    fc.property(call, values, ([to, data], value) => {
      const sign = () => guard(wallet, readFields({ ...base, to, data, value }))

      const isExpected = mayBeSigned({ to, data, value })
      seen[isExpected ? 'signed' : 'refused'] += 1
      if (isExpected) expect(sign).not.toThrow()
      else expect(sign).toThrow(refused)
    }),
    { numRuns: 5_000 },
  )
  expect(Math.min(seen.signed, seen.refused)).toBeGreaterThan(100)
})

test('a random call of a random address is refused', () => {
  const guard = allowOnly(allow, 1)

  fc.assert(
    fc.property(addresses, bytes({ minLength: 0, maxLength: 300 }), values, (to, callData, value) => {
      expect(() => guard(wallet, readFields({ ...base, to, data: callData, value }))).toThrow(refused)
    }),
    { numRuns: 2_000 },
  )
})
