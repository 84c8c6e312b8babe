import { describe, expect, test } from 'vitest'
import { RpcError } from '../../src/chain/rpcFaults.ts'
import { EndpointError } from '../../src/domain/errors.ts'
import type { Read } from '../../src/domain/read.ts'
import { fakeNodes, openNetwork } from './fakeNodes.ts'

const wallet = '0x00000000000000000000000000000000000000aa'
const reads: readonly Read[] = [
  { kind: 'balance', address: wallet },
  { kind: 'code', address: wallet },
  { kind: 'call', to: wallet, data: '0x01', from: wallet, value: '7' },
]
const notYet = new RpcError({ code: -32000, message: 'header not found' })

/** A chain over two nodes that have an answer to each read. */
async function open() {
  const nodes = fakeNodes(2)
  for (const { answers } of nodes) {
    answers.set('eth_getCode', '0x60')
    answers.set('eth_call', '0x2a')
  }
  const [a, b] = nodes
  if (a === undefined || b === undefined) throw new RangeError('Two nodes.')
  return { ...(await openNetwork(nodes)), a, b }
}

describe('reads', () => {
  test('are of the latest block where none is named', async () => {
    const { chain, a } = await open()

    await chain.read(reads)

    expect(a.calls.slice(-3).map(({ params }) => params.at(-1))).toEqual(['latest', 'latest', 'latest'])
  })

  test('at a block are all put to that block', async () => {
    const { chain, a } = await open()

    const replies = await chain.read(reads, 99)

    expect(replies.map((reply) => reply.ok && reply.value)).toEqual(['0x1', '0x60', '0x2a'])
    expect(a.calls.slice(-3).map(({ params }) => params.at(-1))).toEqual(['0x63', '0x63', '0x63'])
  })

  test('at a block go to an endpoint that has it, and all of them to that one', async () => {
    const { chain, a, b } = await open()
    a.answers.set('eth_call', notYet)

    const replies = await chain.read(reads, 99)

    expect(replies).toHaveLength(3)
    expect(b.taken()).toEqual(['eth_getBalance', 'eth_getCode', 'eth_call'])
  })

  test('at a block that no endpoint has are not answered', async () => {
    const { chain, a, b } = await open()
    a.answers.set('eth_getBalance', notYet)
    b.answers.set(
      'eth_getBalance',
      new RpcError({ code: -32601, message: 'public endpoint only serves recent blocks' }),
    )

    await expect(chain.read(reads, 99)).rejects.toThrow(EndpointError)
  })

  test('at a block that an endpoint lacks are nothing against it', async () => {
    const { chain, a, b } = await open()
    for (let again = 0; again < 5; again += 1) {
      a.answers.set('eth_getBalance', notYet)
      await chain.read(reads, 99)
    }
    a.answers.clear()
    b.state = 'down'
    a.taken()

    await chain.read([{ kind: 'balance', address: wallet }])

    expect(a.taken()).toContain('eth_getBalance')
  })

  test('at a block may be refused by a contract', async () => {
    const { chain, a, b } = await open()
    a.answers.set('eth_call', new RpcError({ code: 3, message: 'execution reverted: header not found', data: '0x08' }))

    const replies = await chain.read(reads, 99)

    expect(replies[2]).toEqual({ ok: false, message: 'execution reverted: header not found', data: '0x08' })
    expect(b.taken()).toEqual([])
  })

  test('that return nothing at a block are believed of an endpoint that has it', async () => {
    const { chain, a, b } = await open()
    for (const { answers } of [a, b]) answers.set('eth_call', '0x')

    expect((await chain.read(reads, 99))[2]).toEqual({ ok: true, value: '0x' })
    expect(b.taken()).toEqual([])
  })

  test('that return nothing at a block are not believed of an endpoint without it', async () => {
    const { chain, a, b } = await open()
    a.answers.set('eth_call', '0x')
    b.head = 102

    const replies = await chain.read(reads, 102)

    expect(replies[2]).toEqual({ ok: true, value: '0x2a' })
  })
})

describe('the chain’s multicall contract', () => {
  const balances = reads.flatMap((read) => (read.kind === 'balance' ? [read, read] : []))

  async function openSeeking() {
    const nodes = fakeNodes(1)
    const [node] = nodes
    if (node === undefined) throw new RangeError('One node.')
    const { chain, clock } = await openNetwork(nodes, { seeksMulticall: true })
    const taken = async () => {
      await chain.read(balances)
      await clock.advance(0)
      return node.taken()
    }
    return { node, clock, taken }
  }

  test('is looked for once, where a node says that it is not there', async () => {
    const { node, clock, taken } = await openSeeking()
    node.answers.set('eth_getCode', '0x')

    const first = await taken()
    await clock.advance(120_000)
    node.taken()

    expect(first).toContain('eth_getCode')
    expect(await taken()).toEqual(['eth_getBalance', 'eth_getBalance'])
  })

  test('is looked for again later, where no node said whether it is there', async () => {
    const { node, clock, taken } = await openSeeking()
    node.answers.set('eth_getCode', new EndpointError('The endpoint did not answer.'))

    const looks = [await taken(), await taken()].flat().filter((method) => method === 'eth_getCode')
    node.answers.set('eth_getCode', '0x60')
    await clock.advance(60_000)
    node.taken()

    expect(looks).toHaveLength(1)
    expect(await taken()).toContain('eth_getCode')
    expect(await taken()).toContain('eth_call')
  })
})
