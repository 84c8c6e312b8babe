import { describe, expect, test } from 'vitest'
import { RpcError } from '../../src/chain/rpcFaults.ts'
import { EndpointError, WrongChainError } from '../../src/domain/errors.ts'
import { openChain } from '../../src/runtime/openChain.ts'
import { realClock } from '../../src/runtime/realClock.ts'
import { settle } from '../support/fakeClock.ts'
import { fakeNodes, openNetwork } from './fakeNodes.ts'
import { answering, useServers } from './rpcServer.ts'

const wallet = '0x00000000000000000000000000000000000000aa'
const balance = [{ kind: 'balance', address: wallet }] as const
const start = useServers()

async function open(count: number) {
  const nodes = fakeNodes(count)
  const network = await openNetwork(nodes)
  const [a, b] = nodes
  if (a === undefined) throw new RangeError('At least one node.')
  const { chain } = network
  /** Reads, one after the other, whatever comes of it. */
  const readTimes = async (times: number): Promise<void> => {
    for (let read = 0; read < times; read += 1) await chain.read(balance).catch(() => {})
  }
  /** Whether `ready` has resolved by now. */
  const isReady = async (): Promise<boolean> => {
    let isDone = false
    const abort = new AbortController()
    void chain.ready(abort.signal).then(() => {
      isDone ||= !abort.signal.aborted
    })
    await settle()
    abort.abort()
    return isDone
  }
  return { ...network, a, b: b ?? a, readTimes, isReady }
}

describe('a chain at its opening', () => {
  test('needs one endpoint that answers', async () => {
    const [a, b] = fakeNodes(2)
    if (a === undefined || b === undefined) throw new RangeError('Two nodes.')
    a.state = 'down'

    const { chain } = await openNetwork([a, b])

    expect(await chain.read(balance)).toEqual([{ ok: true, value: '0x1' }])
  })

  test('is refused where none answers', async () => {
    const nodes = fakeNodes(2)
    for (const node of nodes) node.state = 'down'

    const error = await openNetwork(nodes).catch((reason) => reason)

    expect(error).toBeInstanceOf(EndpointError)
    expect(error.message).toContain('No endpoint of chain.rpcUrls answers.')
    expect(error.message).not.toContain('KEY')
  })

  test('is refused where an endpoint or a relay serves another chain', async () => {
    const [a, b] = fakeNodes(2)
    if (a === undefined || b === undefined) throw new RangeError('Two nodes.')
    b.chainId = 5

    const errors = [
      await openNetwork([a, b]).catch((reason) => reason),
      await openNetwork([a], { relays: [b] }).catch((reason) => reason),
    ]

    for (const error of errors) expect(error).toBeInstanceOf(WrongChainError)
    expect(errors.map(({ message }) => /field: (.*)/.exec(message)?.[1])).toEqual([
      'chain.rpcUrls[1]',
      'chain.broadcastUrls[0]',
    ])
  })

  test('does not need its relays, nor that they know their chain', async () => {
    const [a, dead, mute] = fakeNodes(3)
    if (a === undefined || dead === undefined || mute === undefined) throw new RangeError('Three nodes.')
    dead.state = 'down'
    mute.answers.set('eth_chainId', new RpcError({ code: -32601, message: 'method not found' }))

    const { chain } = await openNetwork([a], { relays: [dead, mute] })

    expect((await chain.broadcast('0x02')).verdict).toBe('accepted')
  })
})

describe('an endpoint', () => {
  test('that fails three times in a row is reported, left alone, probed, and reported again when it is back', async () => {
    const { chain, a, troubles, clock } = await open(2)
    a.state = 'down'
    for (let send = 0; send < 2; send += 1) await chain.broadcast('0x02')
    const early = [...troubles]
    await chain.broadcast('0x02')
    a.taken()

    a.state = 'up'
    await clock.advance(1_000)

    expect(early).toEqual([])
    expect(a.taken()).toEqual(['eth_chainId', 'eth_blockNumber'])
    expect(troubles).toEqual([
      {
        what: 'the endpoint http://a.example',
        message: expect.stringContaining(
          'An endpoint is down.\n  field: chain.rpcUrls[0]\n  endpoint: http://a.example\n  reason: The endpoint did',
        ),
      },
      { what: 'the endpoint http://a.example', message: null },
    ])
  })

  test('is counted once for a reply that fails hundreds of requests', async () => {
    const { chain, a, troubles } = await open(1)
    const error = new EndpointError('One fault.')
    a.answers.set('eth_getBalance', error)

    await Promise.allSettled(Array.from({ length: 300 }, () => chain.read(balance)))

    expect(troubles).toEqual([])
  })

  test('that asks for a pause gets it', async () => {
    const { a, b, clock, readTimes } = await open(2)
    a.state = { limitedUntilMs: clock.now() + 30_000 }
    await readTimes(1)
    a.state = 'up'
    a.taken()
    b.taken()

    await readTimes(1)
    await clock.advance(29_000)
    const early = a.taken()
    await clock.advance(1_000)

    expect(early).toEqual([])
    expect(b.taken()).toEqual(['eth_getBalance'])
    expect(a.taken()).toEqual(['eth_chainId', 'eth_blockNumber'])
  })

  test('that turns out to serve another chain is never used again, and that is said', async () => {
    const [a, b] = fakeNodes(2)
    if (a === undefined || b === undefined) throw new RangeError('Two nodes.')
    b.state = 'down'
    b.chainId = 5
    const { chain, clock, troubles } = await openNetwork([a, b])
    await chain.broadcast('0x02')
    const early = b.taken()
    b.state = 'up'
    await clock.advance(1_000)
    const probed = b.taken()
    a.state = 'down'

    await chain.read(balance).catch(() => {})
    await chain.broadcast('0x02')
    await clock.advance(600_000)

    expect(early).toEqual([])
    expect(probed).toEqual(['eth_chainId', 'eth_blockNumber'])
    expect(b.taken()).toEqual([])
    expect(troubles.at(1)?.message).toContain('An endpoint serves another chain')
  })

  test('that changed its chain while it was down is never used again', async () => {
    const { chain, a, b, clock } = await open(2)
    a.state = 'down'
    for (let send = 0; send < 3; send += 1) await chain.broadcast('0x02')
    a.state = 'up'
    a.chainId = 5
    await clock.advance(1_000)
    a.taken()
    b.state = 'down'

    await chain.read(balance).catch(() => {})
    await chain.broadcast('0x02')

    expect(a.taken()).toEqual([])
  })

  test('that comes back far behind the others answers no reads', async () => {
    const { chain, a, b, clock } = await open(2)
    a.state = 'down'
    for (let send = 0; send < 3; send += 1) await chain.broadcast('0x02')
    b.head = 200
    await chain.block('latest')
    a.state = 'up'
    await clock.advance(1_000)
    a.taken()
    b.state = 'down'

    await chain.read(balance).catch(() => {})

    expect(a.taken()).toEqual([])
  })
})

describe('a chain', () => {
  test('whose every endpoint is down pauses, says so once, and goes on when one is back', async () => {
    const { chain, a, b, clock, troubles, readTimes, isReady } = await open(2)
    const atFirst = await isReady()
    a.state = 'down'
    b.state = 'down'
    await readTimes(5)
    const meanwhile = await isReady()
    let resumed = false
    void chain.ready().then(() => {
      resumed = true
    })
    await clock.advance(5_000)
    const early = resumed
    b.state = 'up'
    await clock.advance(20_000)

    expect([atFirst, meanwhile, early, resumed]).toEqual([true, false, false, true])
    expect(troubles.filter(({ what }) => what === 'the chain').map(({ message }) => message)).toEqual([
      'No endpoint answers: trades are paused.',
      null,
    ])
    expect(await chain.read(balance)).toEqual([{ ok: true, value: '0x1' }])
  })

  test('lets go of those who wait when they give up, and when it is closed', async () => {
    const { chain, a, readTimes } = await open(1)
    a.state = 'down'
    await readTimes(3)
    const abort = new AbortController()
    const waiting = [chain.ready(abort.signal), chain.ready()]

    abort.abort()
    await waiting[0]
    await chain.close()

    await expect(Promise.all(waiting)).resolves.toBeDefined()
  })

  test('asks nothing of any endpoint once it is closed', async () => {
    const { chain, a, clock, readTimes } = await open(1)
    a.state = 'down'
    await readTimes(3)
    a.taken()

    await chain.close()
    await clock.advance(60_000)

    expect(a.taken()).toEqual([])
  })

  test('names its endpoints without what may be secret', async () => {
    const { troubles, a, readTimes } = await open(1)
    a.state = 'down'
    await readTimes(3)

    expect(troubles.length).toBeGreaterThan(1)
    expect(JSON.stringify(troubles)).not.toContain('KEY')
  })

  test('fails over between real servers, and comes back after the pause that one asked for', async () => {
    let isLimiting = false
    const node = answering({ eth_chainId: '0x1', eth_blockNumber: '0x64', eth_getBalance: '0xa' })
    const first = await start((calls, response) => {
      if (isLimiting) response.writeHead(429, { 'retry-after': '1' }).end()
      else node(calls, response)
    })
    const second = await start(answering({ eth_chainId: '0x1', eth_blockNumber: '0x64', eth_getBalance: '0xb' }))
    const settings = { chainId: 1, rpcUrls: [first.url, second.url], requestTimeoutMs: 5_000 }
    const chain = await openChain(settings, { clock: realClock(), onTrouble: () => {} })
    const read = async () => (await chain.read(balance))[0]

    const before = await read()
    isLimiting = true
    const during = await read()
    isLimiting = false
    const asked = first.requests.length
    await read()
    const left = first.requests.length - asked
    while (first.requests.length === asked) await new Promise((resolve) => setTimeout(resolve, 20))
    await second.stop()
    // That it was asked is not yet that its answer is here.
    const pause = () => new Promise((resolve) => setTimeout(resolve, 20))
    const readAgain = (): Promise<unknown> => read().catch(() => pause().then(readAgain))
    const after = await readAgain()
    await chain.close()

    expect([before, during, after]).toEqual(['0xa', '0xb', '0xa'].map((value) => ({ ok: true, value })))
    expect(left).toBe(0)
  })
})
