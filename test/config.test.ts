import { expect, test } from 'vitest'
import { type OpenOptions, parseOptions } from '../src/config.ts'
import { InvalidConfigError } from '../src/domain/errors.ts'

const router = '0x7a250d5630B4cF539739dF2C5dAcb4c659F2488D'
const key = 'ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'

const options: OpenOptions = {
  chain: { chainId: 1, rpcUrls: ['https://one.example/v3/SECRET', 'http://127.0.0.1:8545'] },
  wallets: [{ keystore: './wallet.json', passwordEnv: 'LEGWORK_PASSWORD' }],
  tokens: { ETH: 'native', USDC: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48' },
  venues: [{ id: 'uniswap-v2', kind: 'uniswapV2', router }],
}

/** The lines of the one error that these options, laid over good ones, are refused with. */
function faultsOf(changes: object): string[] {
  try {
    parseOptions({ ...options, ...changes })
  } catch (error) {
    if (error instanceof InvalidConfigError) return error.message.split('\n').map((line) => line.trim())
    throw error
  }
  return []
}

test('the defaults are those of the specification, in the units of the runtime', () => {
  const settings = parseOptions(options)

  expect(settings).toStrictEqual({
    execution: {
      maxSlippageBps: 50,
      gasLimit: 300_000,
      maxFeePerGasWei: '100000000000',
      maxCancelFeePerGasWei: '200000000000',
      retryAttempts: 3,
      retryDelayMs: 5000,
      confirmationBlocks: 2,
      timeoutMs: 60_000,
      bumpIntervalMs: 15_000,
      inFlightPerWallet: 16,
      activeTradesMax: 10_000,
      quoteAgeMaxMs: 5_000,
      approvals: 'exact',
      fillPolicy: { kind: 'bestEffort' },
      reallocationsMax: 2,
    },
    chain: {
      chainId: 1,
      rpcUrls: options.chain.rpcUrls,
      broadcastUrls: [],
      wsUrls: [],
      multicall: undefined,
      pollIntervalMs: 1000,
      requestTimeoutMs: 10_000,
    },
    wallets: [{ keystore: './wallet.json', passwordEnv: 'LEGWORK_PASSWORD' }],
    paper: null,
    tokens: [
      { symbol: 'ETH', address: 'native' },
      { symbol: 'USDC', address: '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48' },
    ],
    venues: [{ id: 'uniswap-v2', kind: 'uniswapV2', router: router.toLowerCase() }],
    limits: [],
    budgets: {},
    dataDir: './legwork-data',
    inspect: null,
    logLevel: undefined,
    logger: undefined,
    distributionManager: undefined,
    memoryBank: undefined,
  })
})

test('what the user gives replaces the defaults, converted exactly', () => {
  const config = {
    maxSlippage: '0.0125',
    maxGasPrice: '0.000000001',
    maxCancelGasPrice: '3.5',
    retryDelay: 0,
    timeout: 0.25,
    bumpInterval: 1.5,
  }

  const { execution } = parseOptions({ ...options, config })

  expect(execution).toMatchObject({
    maxSlippageBps: 125,
    maxFeePerGasWei: '1',
    maxCancelFeePerGasWei: '3500000000',
    retryDelayMs: 0,
    timeoutMs: 250,
    bumpIntervalMs: 1500,
  })
})

test('several faults are all in one error, each by its field', () => {
  const lines = faultsOf({
    config: { gasLimit: 5, timeout: -1, slippage: '0.1', maxGasPrice: '50', maxCancelGasPrice: '49' },
    chain: { chainId: 0, rpcUrls: ['ftp://one.example'] },
    wallets: [{ keystore: './a.json', password: 'hunter2' }],
    tokens: { 'E/TH': 'native', USDC: '0x12' },
    venues: [
      { id: 'a', kind: 'uniswapV9', router },
      { id: 'a', kind: 'uniswapV3', router },
    ],
    retries: 3,
  })

  expect(lines).toEqual([
    'The configuration has 14 faults. Nothing was opened.',
    'config.gasLimit: must be a number of gas units: a whole number from 21000 to 30000000 (got 5)',
    'config.timeout: must be a number of seconds from 0.001 to 86400 (got -1)',
    'config.slippage: is not a known field (got "0.1")',
    'config.maxCancelGasPrice: must be more than maxGasPrice by an eighth: a cancellation has to outbid what it replaces (got "49")',
    'chain.chainId: must be a chain id: a whole number from 1 to 9007199254740991 (got 0)',
    'chain.rpcUrls[0]: must be an http or https URL',
    'wallets[0].password: is not a known field',
    'wallets[0]: must be either { keystore, passwordEnv } or { privateKeyEnv }',
    'tokens.E/TH: must be a symbol of 1 to 32 characters without "/" or white space',
    'tokens.USDC: must be \'native\' or an address: 0x and 40 hexadecimal digits (got "0x12")',
    'venues[0].kind: must be uniswapV2 or uniswapV3 or algebra or balancerV2 or uniswapV4 (got "uniswapV9")',
    'venues[1].quoter: is missing: must be an address: 0x and 40 hexadecimal digits',
    'venues: must not have the same id twice',
    'retries: is not a known field (got 3)',
  ])
})

test.each([undefined, null, 5, 'options', []])('options that are no object are refused: %s', (given) => {
  expect(() => parseOptions(given)).toThrow(InvalidConfigError)
})

test('whatever is required and absent is called missing', () => {
  const lines = faultsOf({ chain: undefined, wallets: undefined, tokens: undefined, venues: undefined }).slice(1)

  expect(lines.map((line) => line.split(': ').slice(0, 2).join(' '))).toEqual([
    'chain is missing',
    'wallets is missing',
    'tokens is missing',
    'venues is missing',
  ])
})

test.each([
  ['maxSlippage', 0.005],
  ['maxSlippage', '1.0001'],
  ['maxSlippage', '-0.1'],
  ['maxSlippage', '0.00005'],
  ['maxSlippage', '5e-3'],
  ['maxSlippage', ''],
  ['gasLimit', 20_999],
  ['gasLimit', 30_000_001],
  ['gasLimit', 21_000.5],
  ['gasLimit', '300000'],
  ['gasLimit', Number.NaN],
  ['gasLimit', null],
  ['maxGasPrice', 100],
  ['maxGasPrice', '0'],
  ['maxGasPrice', '0.0'],
  ['maxGasPrice', '-1'],
  ['maxGasPrice', '0.0000000001'],
  ['maxGasPrice', '1000000.1'],
  ['maxGasPrice', '100000000000'],
  ['maxCancelGasPrice', '99.9'],
  ['maxCancelGasPrice', '112.4'],
  ['maxCancelGasPrice', 200],
  ['retryAttempts', -1],
  ['retryAttempts', 21],
  ['retryDelay', -0.1],
  ['retryDelay', 3601],
  ['retryDelay', '5'],
  ['confirmationBlocks', 0],
  ['confirmationBlocks', 257],
  ['timeout', 0],
  ['timeout', 86_401],
  ['timeout', Number.POSITIVE_INFINITY],
  ['timeout', Number.NaN],
  ['bumpInterval', 0],
  ['inFlightPerWallet', 0],
  ['inFlightPerWallet', 10_001],
  ['activeTradesMax', 0],
  ['activeTradesMax', 1_000_001],
  ['quoteMaxLegs', 1],
])('config.%s is refused when it is %j', (field, value) => {
  const lines = faultsOf({ config: { [field]: value } })

  expect(lines).toHaveLength(2)
  expect(lines[1]).toContain(`config.${field}: `)
})

test.each([
  ['maxSlippage', '0'],
  ['maxSlippage', '1'],
  ['gasLimit', 21_000],
  ['gasLimit', 30_000_000],
  ['maxGasPrice', '1000000'],
  ['maxCancelGasPrice', '112.5'],
  ['retryAttempts', 0],
  ['retryAttempts', 20],
  ['retryDelay', 3600],
  ['confirmationBlocks', 1],
  ['confirmationBlocks', 256],
  ['timeout', 86_400],
  ['inFlightPerWallet', 1],
  ['activeTradesMax', 1_000_000],
])('config.%s may be %j', (field, value) => {
  expect(faultsOf({ config: { [field]: value } })).toEqual([])
})

test.each([
  ['chain.rpcUrls', { chain: { chainId: 1, rpcUrls: [] } }],
  ['chain.rpcUrls', { chain: { chainId: 1, rpcUrls: ['http://a.example', 'http://a.example/'] } }],
  ['chain.rpcUrls[0]', { chain: { chainId: 1, rpcUrls: ['ws://a.example'] } }],
  ['chain.pollInterval', { chain: { ...options.chain, pollInterval: 0.001 } }],
  ['chain.broadcastUrls', { chain: { ...options.chain, broadcastUrls: [] } }],
  ['chain.broadcastUrls[0]', { chain: { ...options.chain, broadcastUrls: ['wss://a.example'] } }],
  ['chain.wsUrls', { chain: { ...options.chain, wsUrls: ['ws://a.example', 'ws://a.example/'] } }],
  ['chain.wsUrls', { chain: { ...options.chain, wsUrls: Array.from({ length: 17 }, (_, n) => `ws://${n}.example`) } }],
  ['chain.wsUrls[0]', { chain: { ...options.chain, wsUrls: ['http://a.example'] } }],
  ['wallets', { wallets: [] }],
  ['wallets', { wallets: [{ privateKeyEnv: 'KEY' }, { privateKeyEnv: 'KEY' }] }],
  ['wallets', { wallets: [...options.wallets, { keystore: './wallet.json', passwordEnv: 'OTHER' }] }],
  ['wallets[0]', { wallets: [{}] }],
  ['wallets[0]', { wallets: [{ keystore: './a.json' }] }],
  ['wallets[0]', { wallets: [{ keystore: './a.json', passwordEnv: 'A', privateKeyEnv: 'B' }] }],
  ['tokens', { tokens: { ETH: 'native' } }],
  ['tokens', { tokens: { ETH: 'native', MATIC: 'native' } }],
  ['tokens.US DC', { tokens: { ...options.tokens, 'US DC': router } }],
  ['tokens.DAI', { tokens: { ...options.tokens, DAI: router.slice(2) } }],
  ['venues', { venues: [] }],
  ['venues[0].quoter', { venues: [{ id: 'a', kind: 'uniswapV2', router, quoter: router }] }],
  ['venues[0].feeTiers', { venues: [{ id: 'a', kind: 'uniswapV3', router, quoter: router, feeTiers: [] }] }],
  ['venues[0].id', { venues: [{ id: 'a b', kind: 'uniswapV2', router }] }],
  ['dataDir', { dataDir: '' }],
  ['inspect', { inspect: 8080 }],
  ['inspect.port', { inspect: { port: 65_536 } }],
  ['inspect.host', { inspect: { host: '0.0.0.0' } }],
  ['logLevel', { logLevel: 'verbose' }],
  ['logger', { logger: { info: () => {} } }],
  ['distributionManager', { distributionManager: {} }],
  ['memoryBank', { memoryBank: 'disk' }],
])('a fault of %s is reported under its name, once', (field, changes) => {
  const lines = faultsOf(changes)

  expect(lines).toHaveLength(2)
  expect(lines[1]?.slice(0, field.length + 2)).toBe(`${field}: `)
})

test.each([
  ['where the name of its variable belongs', { wallets: [{ privateKeyEnv: key }] }],
  ['with its prefix', { wallets: [{ privateKeyEnv: `0x${key}` }] }],
  ['in place of a wallet', { wallets: [key] }],
  ['as a field', { wallets: [{ privateKey: key }] }],
  ['as the name of a field', { wallets: [{ [key]: true }] }],
  ['as a token', { tokens: { ETH: 'native', USDC: `0x${key}` } }],
  ['as an unknown field', { privateKey: key }],
  ['as an endpoint', { chain: { chainId: 1, rpcUrls: [key] } }],
])('a private key in the wrong place is refused and never shown: %s', (_, changes) => {
  const lines = faultsOf(changes)

  expect(lines.length).toBeGreaterThan(1)
  expect(lines.join()).not.toContain(key)
})

test('neither a password nor the API key in a URL is ever shown', () => {
  const lines = faultsOf({
    chain: {
      chainId: 1,
      rpcUrls: ['wss://one.example/SECRET'],
      broadcastUrls: ['wss://one.example/SECRET'],
      wsUrls: ['http://one.example/SECRET'],
    },
    wallets: [{ keystore: './a.json', passwordEnv: 'correct horse' }],
  })

  expect(lines).toHaveLength(5)
  expect(lines.join()).not.toMatch(/SECRET|horse/)
})

test.each([
  [undefined, null],
  [false, null],
  [true, { port: 8080 }],
  [{}, { port: 8080 }],
  [{ port: 0 }, { port: 0 }],
])('inspect %j means %j', (inspect, expected) => {
  expect(parseOptions({ ...options, inspect }).inspect).toEqual(expected)
})

test('relays and WebSockets are kept as they were given', () => {
  const chain = { ...options.chain, broadcastUrls: ['https://relay.example'], wsUrls: ['wss://one.example'] }

  expect(parseOptions({ ...options, chain }).chain).toMatchObject({
    broadcastUrls: ['https://relay.example'],
    wsUrls: ['wss://one.example'],
  })
})

test('the settings are frozen all the way down, and no longer the caller’s', () => {
  const rpcUrls = ['http://127.0.0.1:1']
  const settings = parseOptions({ ...options, chain: { chainId: 1, rpcUrls } })

  rpcUrls.push('http://127.0.0.1:2')

  expect(settings.chain.rpcUrls).toEqual(['http://127.0.0.1:1'])
  const parts = [
    settings,
    settings.execution,
    settings.chain,
    settings.chain.rpcUrls,
    settings.wallets,
    settings.tokens,
  ]
  expect([...parts, settings.tokens[0], settings.venues[0]].every(Object.isFrozen)).toBe(true)
})

test('what the caller made is passed through as it is, not frozen', () => {
  const distributionManager = { allocate: () => Promise.reject(new Error('unused')), record: () => {} }
  const memoryBank = {}

  const settings = parseOptions({ ...options, distributionManager, memoryBank })

  expect(settings.distributionManager).toBe(distributionManager)
  expect(settings.memoryBank).toBe(memoryBank)
  expect(Object.isFrozen(memoryBank)).toBe(false)
})

test('a venue of Uniswap V3 has the usual fee tiers unless others are given', () => {
  const venue = { id: 'v3', kind: 'uniswapV3', router, quoter: router } as const
  const venues = [venue, { ...venue, id: 'other', feeTiers: [42] }]

  expect(parseOptions({ ...options, venues }).venues).toMatchObject([
    { feeTiers: [100, 500, 3000, 10_000] },
    { feeTiers: [42] },
  ])
})
