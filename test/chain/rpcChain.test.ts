import { describe, expect, test } from 'vitest'
import { RpcError } from '../../src/chain/rpcFaults.ts'
import { EndpointError } from '../../src/domain/errors.ts'
import { settle } from '../support/fakeClock.ts'
import { fakeNodes, hex, openNetwork, rawBlock, rawReceipt } from './fakeNodes.ts'

const wallet = '0x00000000000000000000000000000000000000aa'
const balance = [{ kind: 'balance', address: wallet }] as const

/** A chain over so many nodes, by their letters. */
async function open(count: number) {
  const nodes = fakeNodes(count)
  const network = await openNetwork(nodes)
  const [a, b, c] = nodes
  if (a === undefined) throw new RangeError('At least one node.')
  return { ...network, a, b: b ?? a, c: c ?? a }
}

describe('reads', () => {
  test('go to one endpoint alone', async () => {
    const { chain, nodes } = await open(3)

    await chain.read(balance)

    expect(nodes.flatMap((node) => node.taken())).toEqual(['eth_getBalance'])
  })

  test('go to the next endpoint where one fails, and stay there', async () => {
    const { chain, a, b } = await open(2)
    a.state = 'down'

    await chain.read(balance)
    a.state = 'up'
    await chain.read(balance)

    expect([a.taken().length, b.taken().length]).toEqual([1, 2])
  })

  test('go to a healthy endpoint before a suspect one, whoever answered last', async () => {
    const { chain, a, b } = await open(2)
    b.state = 'down'
    a.answers.set('eth_gasPrice', new EndpointError('no gas price'))
    await expect(chain.gasPrice()).rejects.toThrow(EndpointError)
    a.answers.clear()
    b.state = 'up'
    // Both are suspect: the first to answer is healthy again.
    await chain.read(balance)
    a.taken()

    await chain.read(balance)

    expect(a.taken()).toEqual(['eth_getBalance'])
    expect(b.calls.filter(({ method }) => method === 'eth_getBalance')).toHaveLength(0)
  })

  test('go on where a reply makes no sense, which counts as a failure', async () => {
    const { chain, a, troubles } = await open(2)
    a.answers.set('eth_getTransactionCount', 'seven')

    const counts = [await chain.minedNonce(wallet, 90), await chain.minedNonce(wallet, 90)]

    expect(counts).toEqual([7, 7])
    expect(a.taken()).toHaveLength(1)
    expect(troubles).toEqual([])
  })

  test('go on where a node has its own trouble, and end where a contract refuses', async () => {
    const { chain, a } = await open(2)
    const [read] = await chain.read(balance)
    a.answers.set('eth_call', new RpcError({ code: 3, message: 'execution reverted', data: '0x08c379a0' }))
    a.answers.set('eth_getBalance', new RpcError({ code: -32603, message: 'missing trie node' }))

    const answers = [await chain.read(balance), await chain.read([{ kind: 'call', to: wallet, data: '0x' }])]

    expect(answers[0]).toEqual([read])
    // The second node has no such method: the first one's refusal would have been an answer.
    expect(a.taken()).toEqual(['eth_getBalance', 'eth_getBalance', 'eth_call'])
    expect(answers[1]).toEqual([{ ok: false, message: 'execution reverted', data: '0x08c379a0' }])
  })

  test('fail where no endpoint answers, and are not put to endpoints that are down', async () => {
    const { chain, a } = await open(1)
    a.state = 'down'
    for (let failure = 0; failure < 3; failure += 1) await expect(chain.gasPrice()).rejects.toThrow(EndpointError)
    a.taken()

    await expect(chain.gasPrice()).rejects.toThrow(EndpointError)

    expect(a.taken()).toEqual([])
  })

  test('have the gas price of chains without a base fee', async () => {
    const { chain } = await open(1)

    expect(await chain.gasPrice()).toBe('119')
  })
})

describe('the latest block', () => {
  test('costs one call where there is one endpoint', async () => {
    const { chain, a } = await open(1)

    await chain.block('latest')

    expect(a.taken()).toEqual(['eth_getBlockByNumber'])
  })

  test('is the highest of all endpoints', async () => {
    const { chain, b } = await open(3)
    b.head = 101

    expect((await chain.block('latest'))?.number).toBe(101)
  })

  test('makes an endpoint that lags answer no reads until it has caught up', async () => {
    const { chain, a, b } = await open(2)
    a.head = 98
    b.head = 101
    await chain.block('latest')
    b.state = 'down'
    await expect(chain.read(balance)).rejects.toThrow(EndpointError)
    const early = a.taken().includes('eth_getBalance')
    b.state = 'up'
    a.head = 101
    await chain.block('latest')
    b.state = 'down'

    await chain.read(balance)

    expect(early).toBe(false)
    expect(a.taken()).toContain('eth_getBalance')
  })

  test('does not mind an endpoint that is two blocks behind', async () => {
    const { chain, a, b } = await open(2)
    b.head = 102
    await chain.block('latest')
    b.state = 'down'

    await chain.read(balance)

    expect(a.taken()).toContain('eth_getBalance')
  })

  test('is not taken from one of three that claims far more than the others', async () => {
    const { chain, a, b } = await open(3)
    a.head = 10_000
    b.head = 101

    expect((await chain.block('latest'))?.number).toBe(101)

    await chain.read(balance)
    expect(a.taken()).not.toContain('eth_getBalance')
  })

  test('sends what follows it to the endpoint that has it', async () => {
    const { chain, a, b } = await open(2)
    b.head = 101
    const head = await chain.block('latest')
    a.taken()

    await chain.block(head?.parentHash ?? '0x')

    expect(b.taken()).toContain('eth_getBlockByHash')
  })

  test('does not wait for an endpoint that says nothing', async () => {
    const { chain, b, clock } = await open(2)
    b.state = 'hanging'
    let head: unknown
    void chain.block('latest').then((block) => {
      head = block?.number
    })

    await settle()
    const early = head
    await clock.advance(1_000)

    expect(early).toBeUndefined()
    expect(head).toBe(100)
  })

  test('is a fault where nobody has one', async () => {
    const { chain, a, b } = await open(2)
    a.state = 'down'
    b.state = 'down'

    await expect(chain.block('latest')).rejects.toThrow(EndpointError)
  })

  test('goes on with the endpoint that lagged, when it is the only one left', async () => {
    const { chain, a, b } = await open(2)
    a.head = 98
    b.head = 101
    await chain.block('latest')
    b.state = 'down'
    for (let poll = 0; poll < 5; poll += 1) await chain.block('latest')

    await chain.read(balance)

    expect(a.taken()).toContain('eth_getBalance')
  })

  test('of one that stands still is not believed for being the only one in time', async () => {
    const { chain, a, b, clock } = await open(2)
    a.head = 100
    b.head = 200
    await chain.block('latest')
    b.state = 'hanging'
    const poll = chain.block('latest')
    await settle()
    await clock.advance(1_000)
    await poll
    b.state = 'up'
    a.taken()

    await chain.read(balance)

    expect(a.taken()).not.toContain('eth_getBalance')
  })

  test('counts a wallet’s transactions by those that do not lag', async () => {
    const { chain, a, b } = await open(2)
    a.head = 100
    b.head = 5_000
    await chain.block('latest')
    a.answers.set('eth_getTransactionCount', '0x7')
    b.answers.set('eth_getTransactionCount', '0x133')

    expect(await chain.minedNonce(wallet)).toBe(307)
  })
})

describe('absence', () => {
  test('of a block is asked of the next endpoint before it is believed', async () => {
    const { chain, a, b } = await open(2)
    b.answers.set('eth_getBlockByHash', rawBlock(99, 'b'))

    const [found, none] = [await chain.block('0xb99'), await chain.block(500)]

    expect(found?.number).toBe(99)
    expect(none).toBeNull()
    expect([...a.taken(), ...b.taken()].filter((method) => method === 'eth_getBlockByNumber')).toHaveLength(2)
  })

  test('of a receipt is asked of every other endpoint, in one go each', async () => {
    const { chain, a, b, c } = await open(3)
    a.answers.set('eth_getTransactionReceipt', (hash: string) => (hash === '0x1' ? rawReceipt('0x1', 90) : null))
    c.answers.set('eth_getTransactionReceipt', (hash: string) => (hash === '0x2' ? rawReceipt('0x2', 91) : null))

    const receipts = await chain.receipts(['0x1', '0x2', '0x3'])

    expect(receipts.map((receipt) => receipt?.blockNumber ?? null)).toEqual([90, 91, null])
    expect([a.taken().length, b.taken().length, c.taken().length]).toEqual([3, 2, 2])
  })

  test('of receipts costs nothing more where there is one endpoint', async () => {
    const { chain, a } = await open(1)

    expect(await chain.receipts(['0x1', '0x2'])).toEqual([null, null])
    expect(a.taken()).toHaveLength(2)
  })

  test('of a block’s receipts is asked of the next endpoint', async () => {
    const { chain, a, b } = await open(2)
    const block = { ...rawBlock(99, 'b'), number: 99, hash: '0xb99', transactions: ['0x1', '0x2'] } as never
    a.answers.set('eth_getBlockReceipts', [rawReceipt('0x1', 99)])
    b.answers.set('eth_getBlockReceipts', [rawReceipt('0x1', 99), rawReceipt('0x2', 99)])

    const receipts = await chain.blockReceipts(block, () => true)

    expect(receipts?.map(({ hash }) => hash)).toEqual(['0x1', '0x2'])
  })

  test('of the method for a block’s receipts is found once, and they are asked for by their hashes', async () => {
    const { chain, a } = await open(1)
    const block = { ...rawBlock(99, 'b'), number: 99, hash: '0xb99', transactions: ['0x1', '0x2'] } as never
    a.answers.set('eth_getTransactionReceipt', (hash: string) => rawReceipt(hash, 99))

    const receipts = await chain.blockReceipts(block, (hash) => hash === '0x2')
    await chain.blockReceipts(block, (hash) => hash === '0x2')

    expect(receipts?.map(({ hash }) => hash)).toEqual(['0x2'])
    expect(a.taken()).toEqual(['eth_getBlockReceipts', 'eth_getTransactionReceipt', 'eth_getTransactionReceipt'])
  })

  test('is what receipts of another block of that height come to', async () => {
    const { chain, a } = await open(1)
    const block = { ...rawBlock(99, 'b'), number: 99, hash: '0xb99', transactions: ['0x1'] } as never
    a.answers.set('eth_getBlockReceipts', [rawReceipt('0x1', 99, 'c')])

    expect(await chain.blockReceipts(block, () => true)).toBeNull()
  })
})

describe('what only one endpoint says', () => {
  const counted = async (...counts: number[]) => {
    const { chain, nodes } = await open(counts.length)
    nodes.forEach((node, index) => {
      node.answers.set('eth_getTransactionCount', hex(counts[index] ?? 0))
    })
    return chain.minedNonce(wallet)
  }

  test.each([
    [[5, 7], 7],
    [[7, 7, 5], 7],
    [[9, 7, 7], 7],
    [[9, 7, 5], 7],
    [[4], 4],
  ])('of a count counts by the number of endpoints: %j is %j', async (counts, expected) => {
    expect(await counted(...counts)).toBe(expected)
  })

  test('of a nonce’s user is no proof where another endpoint does not have it', async () => {
    const { chain, a, b } = await open(2)
    const user = { hash: '0x9', from: wallet, nonce: '0x7', to: wallet, input: '0x', value: '0x0' }
    a.answers.set('eth_getTransactionCount', (_: string, at: string) => (Number(at) >= 40 ? '0x8' : '0x7'))
    a.answers.set('eth_getBlockByNumber', { ...rawBlock(40, 'b'), transactions: [user] })
    const find = () => chain.nonceUser(wallet, 7, { from: 0, to: 50 })

    const alone = await find()
    b.answers.set('eth_getTransactionByHash', { ...user, blockNumber: '0x28' })
    const both = await find()
    b.answers.set('eth_getTransactionByHash', new EndpointError('no answer'))
    const unheard = await find()

    expect(alone).toBeNull()
    expect(both).toMatchObject({ hash: '0x9', to: wallet, data: '0x', value: '0' })
    expect(unheard).toMatchObject({ hash: '0x9' })
  })
})

describe('a node without old states', () => {
  /** Its user is in block 20; states are kept from 30 on. Each block is a second. */
  async function pruned() {
    const { chain, a } = await open(1)
    const user = { hash: '0x9', from: wallet, nonce: '0x7', to: wallet, input: '0x', value: '0x0' }
    const read: number[] = []
    a.answers.set('eth_getTransactionCount', (_: string, at: string) => {
      if (Number(at) < 30) throw new RpcError({ code: -32000, message: 'missing trie node' })
      return '0x8'
    })
    a.answers.set('eth_getBlockByNumber', (at: string) => {
      read.push(Number(at))
      return { ...rawBlock(Number(at), 'b'), timestamp: at, transactions: Number(at) === 20 ? [user] : [] }
    })
    return { chain, read }
  }

  test('has its blocks read back to where a nonce was used', async () => {
    const { chain } = await pruned()

    const user = await chain.nonceUser(wallet, 7, { from: 0, to: 50 })

    expect(user).toMatchObject({ hash: '0x9', to: wallet })
  })

  test('has none read from before the nonce was free', async () => {
    const { chain, read } = await pruned()

    const user = await chain.nonceUser(wallet, 7, { from: 35, to: 50, freeAtMs: 25_000 })

    expect(user).toBeNull()
    expect(Math.min(...read)).toBeGreaterThan(10)
  })
})

describe('a broadcast', () => {
  const refusal = (message: string) => new RpcError({ code: -32000, message })

  test('goes to every endpoint', async () => {
    const { chain, nodes } = await open(3)

    const reply = await chain.broadcast('0x02')

    expect(reply.verdict).toBe('accepted')
    expect(nodes.map((node) => node.taken())).toEqual(Array(3).fill(['eth_sendRawTransaction']))
  })

  test('is accepted where one endpoint has it, without waiting for the others', async () => {
    const { chain, a, b } = await open(3)
    a.state = 'hanging'
    b.answers.set('eth_sendRawTransaction', refusal('insufficient funds'))

    expect((await chain.broadcast('0x02')).verdict).toBe('accepted')
  })

  test('goes to endpoints that are down, and does not wait for them', async () => {
    const { chain, a, b } = await open(2)
    a.state = 'down'
    for (let send = 0; send < 3; send += 1) await chain.broadcast('0x02')
    a.state = 'hanging'
    a.taken()
    b.answers.set('eth_sendRawTransaction', refusal('replacement transaction underpriced'))

    const reply = await chain.broadcast('0x02')

    expect(a.taken()).toEqual(['eth_sendRawTransaction'])
    expect(reply.verdict).toBe('outbid')
  })

  test('is not given up while an endpoint was not heard of', async () => {
    const { chain, a, b } = await open(2)
    a.state = 'down'
    b.answers.set('eth_sendRawTransaction', refusal('insufficient funds for gas * price + value'))
    const verdicts: string[] = []

    for (let send = 0; send < 4; send += 1) verdicts.push((await chain.broadcast('0x02')).verdict)

    expect(new Set(verdicts)).toEqual(new Set(['unknown']))
  })

  test('never throws', async () => {
    const { chain, a } = await open(1)
    a.state = 'down'

    expect(await chain.broadcast('0x02')).toMatchObject({ verdict: 'unknown' })
  })

  test('goes to the relays alone, where there are some, and reads never do', async () => {
    const [a, relay] = fakeNodes(2)
    if (a === undefined || relay === undefined) throw new RangeError('Two nodes.')
    const { chain } = await openNetwork([a], { relays: [relay] })
    relay.state = 'down'
    for (let send = 0; send < 5; send += 1) await chain.broadcast('0x02')
    relay.state = 'up'

    const reply = await chain.broadcast('0x02')
    await chain.read(balance)

    expect(reply.verdict).toBe('accepted')
    expect(a.taken()).toEqual(['eth_getBalance'])
    expect(new Set(relay.taken())).toEqual(new Set(['eth_sendRawTransaction', 'eth_chainId']))
  })
})
