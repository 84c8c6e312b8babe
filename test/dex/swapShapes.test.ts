import vaultArtifact from '@balancer-labs/v2-deployments/dist/tasks/20210418-vault/artifact/Vault.json' with {
  type: 'json',
}
import v3Artifact from '@uniswap/swap-router-contracts/artifacts/contracts/SwapRouter02.sol/SwapRouter02.json' with {
  type: 'json',
}
import universalArtifact from '@uniswap/universal-router/artifacts/contracts/UniversalRouter.sol/UniversalRouter.json' with {
  type: 'json',
}
import v2Artifact from '@uniswap/v2-periphery/build/UniswapV2Router02.json' with { type: 'json' }
import { AbiCoder, Interface } from 'ethers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { algebra } from '../../src/dex/algebra.ts'
import { balancerV2 } from '../../src/dex/balancerV2.ts'
import type { Dex } from '../../src/dex/dex.ts'
import { uniswapV2 } from '../../src/dex/uniswapV2.ts'
import { uniswapV3 } from '../../src/dex/uniswapV3.ts'
import { uniswapV4 } from '../../src/dex/uniswapV4.ts'
import { type Hex, lowerHex } from '../../src/domain/hex.ts'
import type { Side, Swap } from '../../src/domain/swap.ts'
import type { Call } from '../../src/domain/transaction.ts'
import { allowOnly } from '../../src/signer/allowList.ts'
import { readFields } from '../../src/signer/encodeTransaction.ts'
import { addresses, anySwap, swapOf, tokens } from './swaps.ts'

const { router, quoter, weth, wallet, usdc, dai, factory } = addresses
const stranger: Hex = `0x${'5e'.repeat(20)}`
const nobody: Hex = `0x${'00'.repeat(20)}`
const poolIds = [`0x${'aa'.repeat(32)}`, `0x${'bb'.repeat(32)}`] as const
const deps = { wrappedNative: weth, factory, poolManager: factory }

const v2 = uniswapV2({ id: 'v2', kind: 'uniswapV2', router }, deps)
const venueV3 = { id: 'v3', kind: 'uniswapV3', router, quoter } as const
const v3 = uniswapV3(venueV3, { ...deps, generation: 'SwapRouter02' })
const oldV3 = uniswapV3(venueV3, { ...deps, generation: 'SwapRouter' })
const ofAlgebra = algebra({ id: 'algebra', kind: 'algebra', router, quoter }, deps)
const balancer = balancerV2({ id: 'balancer', kind: 'balancerV2', vault: router, pools: poolIds }, deps)
const v4 = uniswapV4({ id: 'v4', kind: 'uniswapV4', router, quoter, stateView: quoter }, deps)

type Natives = 'in' | 'out' | 'neither'

/** What may differ between two swaps of the same tokens by the same wallet: digits of the call, by where the native coin is. */
interface Kind {
  readonly dex: Dex
  readonly routes: Readonly<Record<Side, readonly (string | undefined)[]>>
  readonly freeDigits: Readonly<Record<Natives, number>>
}

const both = (routes: readonly (string | undefined)[]) => ({ sell: routes, buy: routes })
const number = 64
// The encoder takes safe integers.
const deadline = 14
// Amount and bound; without one of the two where it is the value; with the least that is unwrapped, or twice in V4.
const two = 2 * number + deadline
const freeV3 = { in: two, out: two + number, neither: two }

const kinds: readonly (readonly [string, Kind])[] = [
  [
    'Uniswap V2',
    {
      dex: v2,
      routes: { sell: [undefined, 'supporting'], buy: [undefined] },
      freeDigits: { in: number + deadline, out: two, neither: two },
    },
  ],
  ['Uniswap V3', { dex: v3, routes: both(['100', '500', '3000', '10000']), freeDigits: freeV3 }],
  ['Uniswap V3’s older router', { dex: oldV3, routes: both(['100', '500', '3000', '10000']), freeDigits: freeV3 }],
  ['Algebra', { dex: ofAlgebra, routes: both([undefined]), freeDigits: freeV3 }],
  // One digit says whether it sells or buys.
  [
    'Balancer V2',
    { dex: balancer, routes: both(poolIds), freeDigits: { in: two + 1, out: two + 1, neither: two + 1 } },
  ],
  [
    'Uniswap V4',
    {
      dex: v4,
      routes: both(['100/1', '500/10', '3000/60', '10000/200']),
      freeDigits: { in: two + 2 * number, out: two + 2 * number, neither: two + 2 * number },
    },
  ],
]

const base = { chainId: 1, nonce: 0, gasLimit: 1, maxFeePerGas: '1', maxPriorityFeePerGas: '1' } as const

/** Throws where the signing worker would refuse. */
type Sign = (call: Call, by?: Hex) => void

function signerOf(dex: Dex, traded: readonly Hex[]): Sign {
  const allow = {
    swaps: dex.swapShapes(),
    tokens: traded,
    spenders: dex.spenders,
    maxFeePerGas: '1',
    gasLimit: 1,
  } as const
  const guard = allowOnly(allow, 1)
  return (call, by = wallet) => guard(by, readFields({ ...base, ...call }))
}

function isSigned(sign: Sign, call: Call, by?: Hex): boolean {
  try {
    sign(call, by)
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: 'NOT_ALLOWED' })
    return false
  }
}

const pairs: Readonly<Record<Natives, readonly Pick<Swap, 'tokenIn' | 'tokenOut'>[]>> = {
  in: [{ tokenIn: tokens.ETH, tokenOut: tokens.USDC }],
  out: [{ tokenIn: tokens.USDC, tokenOut: tokens.ETH }],
  neither: [
    { tokenIn: tokens.USDC, tokenOut: tokens.DAI },
    { tokenIn: tokens.DAI, tokenOut: tokens.USDC },
  ],
}
const sides: readonly Side[] = ['sell', 'buy']

function callsOf({ dex, routes }: Kind, natives: Natives): Call[] {
  return sides.flatMap((side) =>
    routes[side].flatMap((route) =>
      pairs[natives].map((pair) => {
        const quote = route === undefined ? { amount: '1' as const } : { amount: '1' as const, route }
        const terms = { quote, limit: '987654321', deadlineS: 1_900_000_000 } as const
        return dex.swapCall(swapOf({ ...pair, side, amount: '123456789' }), terms)
      }),
    ),
  )
}

function withDigit({ data, ...rest }: Call, place: number): Call {
  const other = (Number.parseInt(data.charAt(place), 16) ^ 1).toString(16)
  return { ...rest, data: `${data.slice(0, place)}${other}${data.slice(place + 1)}` as Hex }
}

describe.each(kinds)('of %s', (_, kind) => {
  const { dex, routes } = kind

  test('every swap is signed, of whatever amounts and tokens', () => {
    const property = fc.property(anySwap, fc.nat(), ({ swap, limit, deadlineS }, choice) => {
      const possible = routes[swap.side]
      const route = possible[choice % possible.length]
      const quote = route === undefined ? { amount: '1' as const } : { amount: '1' as const, route }
      const call = dex.swapCall(swap, { quote, limit, deadlineS })
      const traded = [swap.tokenIn, swap.tokenOut].flatMap(({ address }) => (address === 'native' ? [] : [address]))

      expect(() => signerOf(dex, traded)(call, swap.wallet)).not.toThrow()
    })
    fc.assert(property, { numRuns: 200 })
  })

  test.each(['in', 'out', 'neither'] as const)(
    'no digit can be changed but those of amounts, bounds and deadline, with native coin: %s',
    (natives) => {
      const sign = signerOf(dex, [usdc, dai])

      for (const call of callsOf(kind, natives)) {
        const places = Array.from({ length: call.data.length - 2 }, (_none, index) => index + 2)
        const free = places.filter((place) => isSigned(sign, withDigit(call, place)))

        expect(isSigned(sign, call)).toBe(true)
        expect(free.length).toBe(kind.freeDigits[natives])
      }
    },
  )

  test('a swap is signed for the wallet that is in it, to the byte, and with native coin only where it sells that', () => {
    const sign = signerOf(dex, [usdc, dai])

    for (const natives of ['in', 'out', 'neither'] as const) {
      for (const call of callsOf(kind, natives)) {
        const changed: Call[] = [
          { ...call, to: stranger },
          { ...call, data: `${call.data}00` },
          { ...call, data: call.data.slice(0, -2) as Hex },
          { ...call, data: `${call.data}${'0'.repeat(64)}` },
        ]
        // What nobody is named in goes to whoever sends it.
        expect(isSigned(sign, call, stranger)).toBe(!call.data.includes(wallet.slice(2)))
        expect(changed.filter((one) => isSigned(sign, one))).toEqual([])
        expect(isSigned(sign, { ...call, value: '1' })).toBe(natives === 'in')
      }
    }
  })

  test('a swap of a token that is not configured is refused, the wrapped coin included', () => {
    for (const natives of ['in', 'out', 'neither'] as const) {
      for (const call of callsOf(kind, natives)) {
        for (const traded of [[], natives === 'neither' ? [usdc] : [dai], [weth]]) {
          expect(isSigned(signerOf(dex, traded), call)).toBe(false)
        }
      }
    }
  })

  test('a random call of its contract is refused, whatever function it begins with', () => {
    const sign = signerOf(dex, [usdc, dai])
    const heads = dex.swapShapes().map(({ text }) => text.slice(2, 10))
    const digits = fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes).toString('hex'))
    const values = fc.constantFrom('0', '1', '1000000000000000000') as fc.Arbitrary<'0' | '1'>

    const property = fc.property(fc.constantFrom('', ...heads), digits, values, (head, rest, value) => {
      expect(isSigned(sign, { to: router, data: `0x${head}${rest}`, value })).toBe(false)
    })
    fc.assert(property, { numRuns: 300 })
  })

  test('the forms are plain data, each there once', () => {
    const shapes = dex.swapShapes()

    expect(JSON.parse(JSON.stringify(shapes))).toEqual(shapes)
    expect(new Set(shapes.map(({ text }) => text)).size).toBe(shapes.length)
    expect([...new Set(shapes.map(({ to }) => to))]).toEqual(dex.contracts)
  })
})

const abi = {
  v2: new Interface(v2Artifact.abi),
  v3: new Interface([...v3Artifact.abi, 'function wrapETH(uint256) payable']),
  vault: new Interface(vaultArtifact.abi),
  universal: new Interface(universalArtifact.abi),
}
const coder = AbiCoder.defaultAbiCoder()
const later = 1_900_000_000

function ofV2(name: string, ...args: unknown[]): string {
  return abi.v2.encodeFunctionData(name, args)
}

function ofV3(...calls: readonly [name: string, ...args: unknown[]][]): string {
  const inner = calls.map(([name, ...args]) => abi.v3.encodeFunctionData(name, args))
  return abi.v3.encodeFunctionData('multicall(uint256,bytes[])', [later, inner])
}

type SingleV3 = Record<'tokenIn' | 'tokenOut' | 'recipient', Hex>

function singleOf(changes: Partial<SingleV3> = {}, fee = 500): unknown[] {
  const { tokenIn, tokenOut, recipient } = { tokenIn: usdc, tokenOut: dai, recipient: wallet, ...changes }
  return [tokenIn, tokenOut, fee, recipient, 1, 1, 0]
}

function single(changes: Partial<SingleV3> = {}, fee = 500) {
  return ['exactInputSingle', singleOf(changes, fee)] as [name: string, params: unknown]
}

function ofUniversal(commands: Hex, ...inputs: string[]): string {
  return abi.universal.encodeFunctionData('execute(bytes,bytes[],uint256)', [commands, inputs, later])
}

interface SwapV4 {
  readonly key: readonly unknown[]
  readonly settled: Hex
  readonly taken: Hex
  readonly actions: Hex
}

function inputV4(changes: Partial<SwapV4> = {}): string {
  const key = [usdc, dai, 500, 10, nobody]
  const { actions, ...swap } = { key, settled: usdc, taken: dai, actions: '0x060c0f', ...changes }
  const type = 'tuple(tuple(address,address,uint24,int24,address),bool,uint128,uint128,uint256,bytes)'
  const params = [
    coder.encode([type], [[swap.key, true, 1, 1, 320, '0x']]),
    coder.encode(['address', 'uint256'], [swap.settled, 1]),
    coder.encode(['address', 'uint256'], [swap.taken, 1]),
  ]
  return coder.encode(['bytes', 'bytes[]'], [actions, params])
}

function ofVault(
  changes: { pool?: Hex; sender?: Hex; recipient?: Hex; internal?: boolean; userData?: Hex } = {},
): string {
  const [pool] = poolIds
  const given = { pool, sender: wallet, recipient: wallet, internal: false, userData: '0x', ...changes }
  const swap = [given.pool, 0, usdc, dai, 1, given.userData]
  const funds = [given.sender, given.internal, given.recipient, given.internal]
  return abi.vault.encodeFunctionData('swap', [swap, funds, 1, later])
}

const tokensOf = (...types: [string, unknown][]): string => coder.encode(...unzip(types))
function unzip(pairsOf: readonly [string, unknown][]): [string[], unknown[]] {
  return [pairsOf.map(([type]) => type), pairsOf.map(([, value]) => value)]
}

describe('what takes the wallet’s coins to somebody else is refused:', () => {
  test.each<[string, Dex, string, string?]>([
    ['V2, for a stranger', v2, ofV2('swapExactTokensForTokens', 1, 1, [usdc, dai], stranger, later)],
    ['V2, into a stranger’s token', v2, ofV2('swapExactTokensForTokens', 1, 1, [usdc, stranger], wallet, later)],
    [
      'V2, through a stranger’s token',
      v2,
      ofV2('swapExactTokensForTokens', 1, 1, [usdc, stranger, dai], wallet, later),
    ],
    ['V2, bought for a stranger', v2, ofV2('swapETHForExactTokens', 1, [weth, usdc], stranger, later), '9'],
    ['V2, liquidity for a stranger', v2, ofV2('addLiquidityETH', usdc, 1, 0, 0, stranger, later), '9'],
    ['V2, native coin alone', v2, '0x', '9'],
    ['V3, for a stranger', v3, ofV3(single({ recipient: stranger }))],
    ['V3, left in the router', v3, ofV3(single({ recipient: `0x${'2'.padStart(40, '0')}` }))],
    [
      'V3, left in the router, as another token than is unwrapped',
      v3,
      ofV3(single({ recipient: `0x${'2'.padStart(40, '0')}` }), ['unwrapWETH9(uint256,address)', 0, wallet]),
    ],
    [
      'V3, unwrapped for a stranger',
      v3,
      ofV3(single({ tokenOut: weth, recipient: `0x${'2'.padStart(40, '0')}` }), [
        'unwrapWETH9(uint256,address)',
        1,
        stranger,
      ]),
    ],
    ['V3, pulled and swept', v3, ofV3(['pull', usdc, 1], ['sweepToken(address,uint256,address)', usdc, 0, stranger])],
    [
      'V3, wrapped and swept',
      v3,
      ofV3(['wrapETH', 1], ['sweepToken(address,uint256,address)', weth, 0, stranger]),
      '9',
    ],
    ['V3, a swap and a sweep', v3, ofV3(single(), ['sweepToken(address,uint256,address)', usdc, 0, stranger])],
    ['V3, through a pool that is not configured', v3, ofV3(single({}, 2500))],
    ['V3, a swap by itself', v3, abi.v3.encodeFunctionData('exactInputSingle', [singleOf()])],
    ['V3, native coin alone', v3, '0x', '9'],
    [
      'V4, tokens sent by Permit2',
      v4,
      ofUniversal('0x02', tokensOf(['address', usdc], ['address', stranger], ['uint160', 1])),
    ],
    [
      'V4, native coin sent',
      v4,
      ofUniversal('0x05', tokensOf(['address', nobody], ['address', stranger], ['uint256', 9])),
      '9',
    ],
    [
      'V4, swept for a stranger',
      v4,
      ofUniversal(
        '0x1004',
        inputV4({ key: [nobody, usdc, 500, 10, nobody], settled: nobody, taken: usdc }),
        tokensOf(['address', nobody], ['address', stranger], ['uint256', 0]),
      ),
      '9',
    ],
    ['V4, through a hook', v4, ofUniversal('0x10', inputV4({ key: [usdc, dai, 500, 10, stranger] }))],
    [
      'V4, through a pool that is not configured',
      v4,
      ofUniversal('0x10', inputV4({ key: [usdc, dai, 500, 11, nobody] })),
    ],
    [
      'V4, with a stranger’s token',
      v4,
      ofUniversal('0x10', inputV4({ key: [usdc, stranger, 500, 10, nobody], taken: stranger })),
    ],
    ['V4, taking another token than it swaps', v4, ofUniversal('0x10', inputV4({ taken: usdc }))],
    ['V4, taken by TAKE instead of TAKE_ALL', v4, ofUniversal('0x10', inputV4({ actions: '0x060c0e' }))],
    ['Balancer, for a stranger', balancer, ofVault({ recipient: stranger })],
    ['Balancer, from a stranger', balancer, ofVault({ sender: stranger })],
    ['Balancer, kept in the vault', balancer, ofVault({ internal: true })],
    ['Balancer, through a pool that is not configured', balancer, ofVault({ pool: `0x${'cc'.repeat(32)}` })],
    ['Balancer, with data for the pool', balancer, ofVault({ userData: '0x01' })],
    [
      'Balancer, a relayer approved',
      balancer,
      abi.vault.encodeFunctionData('setRelayerApproval', [wallet, stranger, true]),
    ],
    [
      'Balancer, tokens sent by the vault',
      balancer,
      abi.vault.encodeFunctionData('manageUserBalance', [[[3, usdc, 1, wallet, stranger]]]),
    ],
    ['Balancer, a flash loan', balancer, abi.vault.encodeFunctionData('flashLoan', [stranger, [usdc], [1], '0x'])],
  ])('%s', (_, dex, data, value = '0') => {
    const sign = signerOf(dex, [usdc, dai])

    expect(isSigned(sign, { to: router, data: lowerHex(data), value: value as '0' })).toBe(false)
  })

  test('the same encoders make calls that are signed where nothing is wrong with them', () => {
    const good: [Dex, string, ('9' | '0')?][] = [
      [v2, ofV2('swapExactTokensForTokens', 1, 1, [usdc, dai], wallet, later)],
      [v2, ofV2('swapETHForExactTokens', 1, [weth, usdc], wallet, later), '9'],
      [v3, ofV3(single())],
      [
        v3,
        ofV3(single({ tokenOut: weth, recipient: `0x${'2'.padStart(40, '0')}` }), [
          'unwrapWETH9(uint256,address)',
          1,
          wallet,
        ]),
      ],
      [v4, ofUniversal('0x10', inputV4())],
      [
        v4,
        ofUniversal(
          '0x1004',
          inputV4({ key: [nobody, usdc, 500, 10, nobody], settled: nobody, taken: usdc }),
          tokensOf(['address', nobody], ['address', wallet], ['uint256', 0]),
        ),
        '9',
      ],
      [balancer, ofVault()],
    ]

    for (const [dex, data, value = '0'] of good) {
      expect(isSigned(signerOf(dex, [usdc, dai]), { to: router, data: lowerHex(data), value })).toBe(true)
    }
  })
})
