import { describe, expect, test } from 'vitest'
import { isMethodMissing, isStateMissing, missingStateTexts, RpcError } from '../../src/chain/rpcFaults.ts'
import { refusal } from '../../src/chain/rpcValues.ts'
import { EndpointError } from '../../src/domain/errors.ts'

/** What clients say of a block that they do not have, yet or any more. */
const stateless: readonly (readonly [client: string, string])[] = [
  ['geth', 'header not found'],
  ['geth', 'header for hash not found'],
  ['geth', 'missing trie node ef7df5d88cb1614dc3f143879a653cd90717ee42e967c5fabbcd7505a968f314 (path )'],
  ['geth', 'missing trie node 0bce (path 0708) state 0x0bce is not available, not found'],
  ['geth', 'required historical state unavailable (reexec=128)'],
  ['geth', 'historical state not available in path scheme yet'],
  ['geth', 'historical state 5f0b3a… is not available'],
  ['geth', 'pruned history unavailable'],
  ['erigon', 'block not found: 255'],
  ['erigon', 'block 15359722(928f9b8739ed29829a572be) not found'],
  ['erigon', 'old data not available due to pruning'],
  ['erigon', 'history has been pruned for this block'],
  ['reth', 'block not found: 0xff'],
  ['reth', 'unknown block'],
  ['reth', 'no state found for block 255'],
  ['reth', 'state at block #255 is pruned'],
  ['nethermind', 'No state available for block 0xe7b1e5b5b5c730816ef2b9627a85c227f6924f27504f1b36cc7328bff79ecc6e'],
  ['nethermind', 'Block 255 could not be found'],
  ['nethermind', 'Cannot find block number 255'],
  ['besu', 'Block not found'],
  ['besu', 'Unknown block'],
  ['besu', 'World state unavailable'],
  ['anvil', 'BlockOutOfRangeError: block height is 3 but requested was 255'],
  ['hardhat', 'Received invalid block tag 44. Latest block number is 38'],
  [
    'openethereum',
    'This request is not supported because your node is running with state pruning. Run with --pruning=archive.',
  ],
  ['public endpoints', 'public endpoint only serves recent blocks (last 1024)'],
  ['public endpoints', 'project ID does not have access to archive state'],
]

describe('a node without the state that was asked for', () => {
  test.each(stateless)('of %s says so: %s', (_, message) => {
    expect(isStateMissing(new RpcError({ code: -32000, message }))).toBe(true)
  })

  test.each(missingStateTexts)('of %s is why %s is in the table', (_, pattern) => {
    expect(stateless.some(([, message]) => pattern.test(message) || pattern.test(inData))).toBe(true)
  })

  const inData = 'Nethermind.Trie.MissingTrieNodeException: Node A: P:2 H:0x992e is missing from the DB'
  test.each([[inData], [{ message: 'header not found', data: null }]])('may say so in what it adds: %j', (data) => {
    expect(isStateMissing(new RpcError({ code: -32603, message: 'Internal error', data }))).toBe(true)
  })

  test.each(stateless)('is no method that is missing, whatever code comes with it: %s, %s', (_, message) => {
    expect(isMethodMissing(new RpcError({ code: -32601, message }))).toBe(false)
  })

  test.each([
    { code: 3, message: 'execution reverted: header not found' },
    { code: -32000, message: 'execution reverted: unknown block' },
    { code: 3, message: 'block not found' },
  ])('is not what a contract says in the same words: %j', (reply) => {
    const error = new RpcError(reply)

    expect(isStateMissing(error)).toBe(false)
    expect(refusal(error)).toEqual({ ok: false, message: reply.message })
  })

  test('is no refusal, even with data beside it', () => {
    const error = new RpcError({ code: -32000, message: 'header not found', data: '0x' })

    expect(() => refusal(error)).toThrow(error)
  })

  test('is not one that does not answer', () => {
    expect(isStateMissing(new EndpointError('header not found'))).toBe(false)
  })
})

describe('a contract’s refusal', () => {
  const text =
    '0x08c379a0000000000000000000000000000000000000000000000000000000000000002000000000000000000000000000000000000000000000000000000000000000035354460000000000000000000000000000000000000000000000000000000000'
  const failed = { code: -32015, message: 'VM execution error.' }

  test.each([
    [`Reverted ${text}`, { message: 'execution reverted', data: text }],
    ['Reverted 0x', { message: 'execution reverted', data: '0x' }],
    ['revert', { message: 'execution reverted' }],
    ['revert: UniswapV2Router: EXPIRED', { message: 'execution reverted: UniswapV2Router: EXPIRED' }],
    ['revert: header not found', { message: 'execution reverted: header not found' }],
    ['Out of gas', { message: 'VM execution error.: Out of gas' }],
    ['Bad instruction fe', { message: 'VM execution error.: Bad instruction fe' }],
  ])('is what Nethermind and OpenEthereum say behind their own words: %s', (data, reply) => {
    expect(refusal(new RpcError({ ...failed, data }))).toEqual({ ok: false, ...reply })
  })

  test('has the message of a node that says it there, whatever it adds', () => {
    const message = 'VM Exception while processing transaction: reverted with reason string ‘STF’'
    const error = new RpcError({ code: -32603, message, data: { message, data: text } })

    expect(refusal(error)).toEqual({ ok: false, message, data: text })
  })

  test.each(['stack underflow (0 <=> 2)', 'stack limit reached 1024 (1023)', 'EVM error StackOverflow'])(
    'is what the stack has no room for: %s',
    (message) => {
      expect(refusal(new RpcError({ code: -32000, message }))).toEqual({ ok: false, message })
    },
  )

  test.each([
    { code: -32603, message: 'Internal error', data: '0x' },
    { code: -32603, message: 'Internal error', data: 'unhandled stack trace' },
    { code: -32000, message: 'unhandled error, see the stack trace' },
    { code: -32015, message: 'VM execution error.', data: 'Internal: the database is gone' },
  ])('is not a node’s own trouble: %j', (reply) => {
    const error = new RpcError(reply)

    expect(() => refusal(error)).toThrow(error)
  })
})

describe('a node without a method', () => {
  test.each([
    { code: -32601, message: 'the method eth_simulateV1 does not exist/is not available' },
    { code: -32601, message: '' },
    { code: -32004, message: 'This request method is not supported' },
    { code: -32600, message: 'Unsupported method: eth_simulateV1 on ETH_MAINNET' },
    { code: -32000, message: 'Method eth_simulateV1 is not supported' },
    { code: -32000, message: 'Method not found' },
    { code: 0, message: 'rpc method is not whitelisted, unknown method' },
  ])('says so: %j', (reply) => {
    expect(isMethodMissing(new RpcError(reply))).toBe(true)
  })

  test.each([
    { code: -32000, message: 'insufficient funds for gas * price + value' },
    { code: 3, message: 'execution reverted: method not supported' },
    { code: -32603, message: 'Internal error' },
  ])('does not say: %j', (reply) => {
    expect(isMethodMissing(new RpcError(reply))).toBe(false)
  })
})
