import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Contract, JsonRpcProvider, Wallet } from 'ethers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { readBlueprint } from '../scripts/world/blueprint.ts'
import { decimals, poolsV2, poolsV3, type TokenSymbol } from '../scripts/world/market.ts'
import { startWorld } from '../scripts/world/world.ts'
import type { Hex } from '../src/domain/hex.ts'
import { useWorld } from './support/anvil.ts'

const oneEth = 10n ** 18n

const abi = {
  token: [
    'function symbol() view returns (string)',
    'function decimals() view returns (uint8)',
    'function balanceOf(address) view returns (uint256)',
    'function approve(address, uint256) returns (bool)',
    'function transfer(address, uint256) returns (bool)',
  ],
  factoryV2: ['function getPair(address, address) view returns (address)'],
  pairV2: ['function getReserves() view returns (uint112, uint112, uint32)'],
  routerV2: [
    'function getAmountsOut(uint256, address[]) view returns (uint256[])',
    'function swapExactETHForTokens(uint256, address[], address, uint256) payable returns (uint256[])',
  ],
  routerV3: [
    `function exactInputSingle((address tokenIn, address tokenOut, uint24 fee, address recipient, uint256 amountIn,
      uint256 amountOutMinimum, uint160 sqrtPriceLimitX96)) payable returns (uint256)`,
  ],
  quoterV3: [
    `function quoteExactInputSingle((address tokenIn, address tokenOut, uint256 amountIn, uint24 fee,
      uint160 sqrtPriceLimitX96)) returns (uint256, uint160, uint32, uint256)`,
  ],
}

describe('the world', () => {
  const world = useWorld({ mining: 'manual' })
  let provider: JsonRpcProvider
  let wallet: Wallet

  beforeAll(() => {
    provider = new JsonRpcProvider(world().url, world().chainId, { staticNetwork: true, cacheTimeout: -1 })
    wallet = new Wallet(world().accounts[0]?.privateKey ?? '', provider)
  })
  afterAll(() => provider.destroy())

  const contract = (address: Hex, functions: string[]) => new Contract(address, functions, wallet)
  const ask = (address: Hex, functions: string[], method: string, args: readonly unknown[]) =>
    contract(address, functions)
      .getFunction(method)
      .staticCall(...args)
  const blockTimeS = async () => (await provider.getBlock('latest'))?.timestamp

  test.each<TokenSymbol>(['USDC', 'DAI', 'USDT'])(
    '%s has its decimals, and the first account a million of it',
    async (symbol) => {
      const token = world().tokens[symbol]

      const facts = [await ask(token, abi.token, 'symbol', []), await ask(token, abi.token, 'decimals', [])]
      const balance = await ask(token, abi.token, 'balanceOf', [wallet.address])

      expect(facts).toEqual([symbol, BigInt(decimals[symbol])])
      expect(balance).toBe(1_000_000n * 10n ** BigInt(decimals[symbol]))
    },
  )

  test('USDT refuses to change an allowance from one amount to another', async () => {
    const approve = async (amount: bigint) => {
      const sent = await contract(world().tokens.USDT, abi.token).getFunction('approve')(
        world().venues[0].router,
        amount,
        {
          gasLimit: 100_000,
        },
      )
      await world().mine()
      return (await provider.getTransactionReceipt(sent.hash))?.status
    }

    const statuses = [await approve(1n), await approve(2n), await approve(0n), await approve(2n)]

    expect(statuses).toEqual([1, 0, 1, 1])
  })

  test('TAX burns a hundredth of every transfer', async () => {
    const [, , , , other] = world().accounts
    const balances = async () => [
      await ask(world().tokens.TAX, abi.token, 'balanceOf', [wallet.address]),
      await ask(world().tokens.TAX, abi.token, 'balanceOf', [other?.address]),
    ]
    const before = await balances()

    await contract(world().tokens.TAX, abi.token).getFunction('transfer')(other?.address, 10_000n)
    await world().mine()

    expect(before).toEqual([99_000n * oneEth, 0n])
    expect(await balances()).toEqual([99_000n * oneEth - 10_000n, 9_900n])
  })

  test.each(poolsV2)('a pool of $venue quotes what its stakes say', async ({ venue, stakes: [a, b] }) => {
    const router = world().venues.find(({ id }) => id === venue)?.router ?? '0x'
    const [amountIn, reserveIn, reserveOut] = [BigInt(a.amount) / 1000n, BigInt(a.amount), BigInt(b.amount)]
    const path = [world().tokens[a.symbol], world().tokens[b.symbol]]

    const [, amountOut] = await ask(router, abi.routerV2, 'getAmountsOut', [amountIn, path])

    expect(amountOut).toBe((amountIn * 997n * reserveOut) / (reserveIn * 1000n + amountIn * 997n))
  })

  test.each(poolsV3)('a pool of uniswap-v3 at $feePpm ppm quotes its price less its fee', async (pool) => {
    const [a, b] = pool.stakes
    const [, , { quoter }] = world().venues
    const amountIn = BigInt(a.amount) / 1_000_000n
    const pair = [world().tokens[a.symbol], world().tokens[b.symbol]]

    const [amountOut] = await ask(quoter, abi.quoterV3, 'quoteExactInputSingle', [[...pair, amountIn, pool.feePpm, 0]])

    const ideal = (BigInt(b.amount) * BigInt(1_000_000 - pool.feePpm)) / 1_000_000n / 1_000_000n
    expect(amountOut).toBeLessThanOrEqual(ideal)
    expect(amountOut).toBeGreaterThan((ideal * 9_999n) / 10_000n)
  })

  test('the pools were last traded long before the chain began, so that a first trade always costs the same', async () => {
    const pair = [world().tokens.WETH, world().tokens.USDC]
    const pool = await ask(world().contracts.uniswapV2Factory, abi.factoryV2, 'getPair', pair)

    const [, , tradedAtS] = await ask(pool, abi.pairV2, 'getReserves', [])

    const genesis = await provider.getBlock(0)
    expect(Number(tradedAtS)).toBeLessThan((genesis?.timestamp ?? 0) - 86_400)
  })

  describe('sells an ETH for what was quoted', () => {
    /** What a mined call changed the wallet's USDC by. */
    async function received(address: Hex, functions: string[], method: string, args: readonly unknown[]) {
      const balance = () => ask(world().tokens.USDC, abi.token, 'balanceOf', [wallet.address])
      const before = await balance()
      const sent = await contract(address, functions).getFunction(method)(...args, { value: oneEth })
      await world().mine()
      expect(await sent.wait()).toMatchObject({ status: 1 })
      return (await balance()) - before
    }

    test.each([0, 1] as const)('at V2 venue %i', async (index) => {
      const { router } = world().venues[index]
      const path = [world().tokens.WETH, world().tokens.USDC]
      const [, quoted] = await ask(router, abi.routerV2, 'getAmountsOut', [oneEth, path])
      const deadlineS = Math.floor(Date.now() / 1000) + 600

      const gained = await received(router, abi.routerV2, 'swapExactETHForTokens', [
        quoted,
        path,
        wallet.address,
        deadlineS,
      ])

      expect(gained).toBe(quoted)
    })

    test.each([500, 3000])('at Uniswap V3 with a fee of %i ppm', async (fee) => {
      const [, , { router, quoter }] = world().venues
      const pair = [world().tokens.WETH, world().tokens.USDC]
      const [quoted] = await ask(quoter, abi.quoterV3, 'quoteExactInputSingle', [[...pair, oneEth, fee, 0]])

      const gained = await received(router, abi.routerV3, 'exactInputSingle', [
        [...pair, fee, wallet.address, oneEth, quoted, 0],
      ])

      expect(gained).toBe(quoted)
    })
  })

  test('mining by hand keeps to the clock', async () => {
    const before = Math.floor(Date.now() / 1000)

    await world().mine(300)

    expect(await provider.getBlockNumber()).toBe(300)
    // The node rounds the time of its own start, by a second at most.
    expect(await blockTimeS()).toBeGreaterThanOrEqual(before - 1)
    expect(await blockTimeS()).toBeLessThanOrEqual(Math.floor(Date.now() / 1000))
  })

  test('a revert puts back the chain, the pool and the next base fee, but not the clock', async () => {
    await world().rpc('anvil_setTime', [1_900_000_000])
    await world().mine()
    const snapshot = await world().snapshot()
    await world().mine(50)
    await wallet.sendTransaction({ to: wallet.address })
    const before = Math.floor(Date.now() / 1000)

    await world().revert(snapshot)

    expect(await provider.getBlockNumber()).toBe(1)
    expect(await world().rpc('txpool_status')).toMatchObject({ pending: '0x0', queued: '0x0' })
    await world().mine()
    const [first, second] = [await provider.getBlock(1), await provider.getBlock(2)]
    // An empty block lowers the fee by an eighth.
    expect(second?.baseFeePerGas).toBe(((first?.baseFeePerGas ?? 0n) * 7n) / 8n)
    expect(second?.timestamp).toBeGreaterThanOrEqual(before)
    expect(second?.timestamp).toBeLessThanOrEqual(Math.floor(Date.now() / 1000))
  })

  test('a snapshot is good for one revert', async () => {
    const snapshot = await world().snapshot()
    await world().revert(snapshot)

    await expect(world().revert(snapshot)).rejects.toThrow(`There is no snapshot ${snapshot}.`)
  })
})

describe('the node', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'legwork-world-test-'))
    vi.stubEnv('TMPDIR', folder)
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await rm(folder, { recursive: true })
  })

  // The loader that runs the parent below keeps a cache beside the nodes' homes.
  const homes = async () => (await readdir(folder)).filter((name) => !name.startsWith('tsx-'))
  const isRunning = (pid: number) => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }

  test('leaves no process and no file behind when it is stopped', async () => {
    const world = await startWorld()
    expect([isRunning(world.pid), (await homes()).length]).toEqual([true, 1])

    await world.stop()

    expect([isRunning(world.pid), await homes()]).toEqual([false, []])
  })

  test('leaves no process and no file behind when its parent is killed', async () => {
    const parent = spawnParent()
    const pid = await new Promise<number>((resolve, reject) => {
      parent.stdout?.once('data', (line) => resolve(Number(line)))
      parent.once('exit', (code) => reject(new Error(`The parent ended by itself with ${code}.`)))
    })
    expect([isRunning(pid), (await homes()).length]).toEqual([true, 1])

    parent.kill('SIGKILL')

    await vi.waitUntil(async () => !isRunning(pid) && (await homes()).length === 0, 20_000)
  })

  test('says why it does not start, and leaves nothing behind', async () => {
    const first = await startWorld()

    await expect(startWorld({ port: first.port })).rejects.toThrow('Address already in use')

    await first.stop()
    expect(await homes()).toEqual([])
  })

  test('mines by itself where it is asked to', async () => {
    const world = await startWorld({ blockTimeS: 0.1, accounts: 12, gasLimit: 60_000_000, baseFee: 7 })

    const genesis = await world.rpc('eth_getBlockByNumber', ['0x0', false])
    await vi.waitUntil(async () => Number(await world.rpc('eth_blockNumber')) > 1, 20_000)

    await world.stop()
    expect(genesis).toMatchObject({ gasLimit: '0x3938700', baseFeePerGas: '0x7' })
    expect(world.accounts).toHaveLength(12)
  })

  test('is built once, also by two at the same time', async () => {
    const [one, other] = await Promise.all([readBlueprint(folder), readBlueprint(folder)])
    const { ino } = await stat(one.genesisFile)

    const later = await readBlueprint(folder)

    expect(other).toEqual(one)
    expect(later).toEqual(one)
    expect((await stat(later.genesisFile)).ino).toBe(ino)
    expect(await readdir(folder)).toHaveLength(1)
  })
})

/** A process that starts a world, prints the node's id and waits. */
function spawnParent(): ChildProcess {
  const file = JSON.stringify(new URL('../scripts/world/world.ts', import.meta.url).href)
  const script = `const { startWorld } = await import(${file}); process.stdout.write(String((await startWorld()).pid))`
  return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}
