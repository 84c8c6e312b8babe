import { afterEach, describe, expect, test } from 'vitest'
import { endpointName, openRpcEndpoint, type RpcEndpoint } from '../../src/chain/rpcEndpoint.ts'
import { isLimit, LimitedError, RpcError, retryTime } from '../../src/chain/rpcFaults.ts'
import { EndpointError } from '../../src/domain/errors.ts'
import { realClock } from '../../src/runtime/realClock.ts'
import { replyTo, type Serve, sendJson, useServers } from './rpcServer.ts'

const start = useServers()
const opened: RpcEndpoint[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((endpoint) => endpoint.close()))
})

async function open(serve: Serve, { requestTimeoutMs = 5_000, path = '' } = {}) {
  const server = await start(serve)
  const endpoint = openRpcEndpoint({ url: server.url + path, requestTimeoutMs, clock: realClock() })
  opened.push(endpoint)
  return { server, endpoint }
}

/** What so many requests of one turn come to. */
async function outcomesOf(serve: Serve, count = 3): Promise<PromiseSettledResult<unknown>[]> {
  const { endpoint } = await open(serve)
  return Promise.allSettled(Array.from({ length: count }, (_, index) => endpoint.request('echo', [index])))
}

const reasonOf = (outcome: PromiseSettledResult<unknown> | undefined) =>
  outcome?.status === 'rejected' ? outcome.reason : undefined
const echoes: Serve = (calls, response) =>
  sendJson(
    response,
    calls.map((call) => replyTo(call, call.params[0])),
  )

describe('an endpoint', () => {
  test('sends what one turn asks for as one request, and answers each in its place', async () => {
    const { server, endpoint } = await open(echoes)

    const answers = await Promise.all([1, 2, 3].map((value) => endpoint.request('echo', [value])))

    expect(answers).toEqual([1, 2, 3])
    expect(server.requests).toHaveLength(1)
  })

  test('takes replies in any order', async () => {
    const outcomes = await outcomesOf((calls, response) =>
      sendJson(response, calls.map((call) => replyTo(call, call.params[0])).reverse()),
    )

    expect(outcomes).toMatchObject([{ value: 0 }, { value: 1 }, { value: 2 }])
  })

  test('takes the first of two replies with the same id', async () => {
    const outcomes = await outcomesOf((calls, response) =>
      sendJson(
        response,
        calls.flatMap((call) => [replyTo(call, call.params[0]), replyTo(call, 'again')]),
      ),
    )

    expect(outcomes).toMatchObject([{ value: 0 }, { value: 1 }, { value: 2 }])
  })

  test('fails only those that a batch leaves out', async () => {
    const [first, second, third] = await outcomesOf((calls, response) =>
      sendJson(response, [
        ...calls.filter(({ id }) => id !== 1).map((call) => replyTo(call, 'x')),
        null,
        7,
        { id: 99, result: 1 },
      ]),
    )

    expect([first, third]).toMatchObject([{ value: 'x' }, { value: 'x' }])
    expect(reasonOf(second)).toBeInstanceOf(EndpointError)
  })

  test('does not give one call’s error to those that a batch leaves out', async () => {
    const [first, second] = await outcomesOf((calls, response) => {
      response.end(JSON.stringify(calls.slice(0, 1).map((call) => replyTo(call, new Error('nonce too low')))))
    }, 2)

    expect(reasonOf(first)).toBeInstanceOf(RpcError)
    expect(reasonOf(second)).toBeInstanceOf(EndpointError)
  })

  test('gives an error for the whole batch to all of it', async () => {
    const outcomes = await outcomesOf((_, response) =>
      response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32600, message: 'batch too large' } })),
    )

    expect(outcomes.map(reasonOf)).toMatchObject([{ rpcCode: -32600 }, { rpcCode: -32600 }, { rpcCode: -32600 }])
  })

  test('puts the halves of a batch that is refused as too large', async () => {
    const outcomes = await outcomesOf((calls, response) =>
      calls.length > 1
        ? response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32600, message: 'too large' } }))
        : sendJson(
            response,
            calls.map((call) => replyTo(call, call.params[0])),
          ),
    )

    expect(outcomes).toMatchObject([{ value: 0 }, { value: 1 }, { value: 2 }])
  })

  test.each<[string, Serve]>([
    ['a server’s error', (_, response) => response.writeHead(502).end('Bad Gateway')],
    ['a page in place of JSON', (_, response) => response.end('<html></html>')],
    ['JSON that is cut off', (_, response) => response.end('[{"jsonrpc":"2.0","id":0,"result":"0x')],
    ['an empty reply', (_, response) => response.end()],
    ['null', (_, response) => response.end('null')],
    ['an empty batch', (_, response) => response.end('[]')],
    ['a broken connection', (_, response) => response.destroy()],
    [
      'a connection that breaks in the middle',
      (_, response) => {
        response.writeHead(200, { 'content-length': 1_000 }).write('[{"id":0')
        setImmediate(() => response.destroy())
      },
    ],
  ])('answers none of a batch to %s', async (_, serve) => {
    const reasons = (await outcomesOf(serve)).map(reasonOf)

    expect(reasons.every((reason) => reason instanceof EndpointError && !(reason instanceof LimitedError))).toBe(true)
    // One fault, however many it meets.
    expect(new Set(reasons).size).toBe(1)
  })

  test.each<[string, Serve]>([
    ['says nothing', () => {}],
    ['stops in the middle', (_, response) => void response.writeHead(200).write('[{"id":0')],
    [
      'trickles',
      (_, response) => {
        const timer = setInterval(() => response.write(' '), 20)
        response.on('close', () => clearInterval(timer))
      },
    ],
  ])('does not wait longer than it may for a server that %s', async (_, serve) => {
    const { endpoint } = await open(serve, { requestTimeoutMs: 200 })
    const beganMs = Date.now()

    const [outcome] = await Promise.allSettled([endpoint.request('echo', [])])

    expect(reasonOf(outcome)).toBeInstanceOf(EndpointError)
    expect(Date.now() - beganMs).toBeLessThan(2_000)
  })

  test.each<[string, number, string | undefined]>([
    ['a 429', 429, undefined],
    ['a 429 with seconds', 429, '7'],
    ['a 503 with seconds', 503, '7'],
    ['a 429 with a date', 429, new Date(Date.now() + 7_000).toUTCString()],
  ])('says until when it is limited: %s', async (_, status, header) => {
    const [outcome] = await outcomesOf((_, response) =>
      response.writeHead(status, header === undefined ? {} : { 'retry-after': header }).end('slow down'),
    )

    const reason = reasonOf(outcome)
    expect(reason).toBeInstanceOf(LimitedError)
    if (header === undefined) expect(reason.untilMs).toBeNull()
    else expect(Math.abs(reason.untilMs - Date.now() - 7_000)).toBeLessThan(2_000)
  })

  test('takes a limit that is one call’s alone as that', async () => {
    const [first, second] = await outcomesOf((calls, response) =>
      sendJson(
        response,
        calls.map(({ id }) => (id === 0 ? { id, error: { code: 429, message: 'slow down' } } : { id, result: 1 })),
      ),
    )

    expect(reasonOf(first)).toBeInstanceOf(LimitedError)
    expect(second).toMatchObject({ value: 1 })
  })

  test.each([
    [{ error: 'overloaded' }, 'overloaded'],
    [{ error: { message: 'no code' } }, 'no code'],
    [{ error: { code: -1 } }, '-1'],
  ])('has words for an error of any shape: %j', async (reply, words) => {
    const [outcome] = await outcomesOf((_, response) => response.end(JSON.stringify(reply)), 1)

    expect(reasonOf(outcome)).toBeInstanceOf(RpcError)
    expect(reasonOf(outcome).message).toContain(words)
  })

  test('never shows what may be a key', async () => {
    const { endpoint, server } = await open((_, response) => response.writeHead(500).end(), {
      path: '/v3/SECRET?k=SECRET',
    })

    const [outcome] = await Promise.allSettled([endpoint.request('echo', [])])

    expect(endpoint.name).toBe(`${server.url}/…`)
    expect(String(reasonOf(outcome))).not.toContain('SECRET')
    expect(endpointName('wss://user:SECRET@one.example/SECRET')).toBe('wss://one.example/…')
  })
})

test.each([
  [{ code: 429, message: '' }, true],
  [{ code: -32005, message: 'limit exceeded' }, true],
  [{ code: -32005, message: 'daily request count exceeded, request rate limited' }, true],
  [{ code: -32007, message: '50/second request limit reached - reduce calls per second' }, true],
  [{ code: -32000, message: 'Your app has exceeded its compute units per second capacity.' }, true],
  [{ code: -32603, message: 'Too Many Requests' }, true],
  [{ code: -32029, message: 'exceeded the quota usage' }, true],
  [{ code: -32005, message: 'Transaction gas limit exceeds block gas limit' }, false],
  [{ code: -32000, message: 'tx fee (1.10 ether) exceeds the configured cap (1.00 ether)' }, false],
  [{ code: -32000, message: 'exceeds block gas limit' }, false],
  [{ code: -32000, message: 'account limit exceeded' }, false],
  [{ code: 3, message: 'execution reverted: rate limit exceeded' }, false],
])('%j is a limit: %j', (error, expected) => {
  expect(isLimit(error)).toBe(expected)
})

test.each([
  [undefined, null],
  ['2', 3_000],
  ['0.5', 1_500],
  ['soon', null],
  ['Thu, 01 Jan 1970 00:00:09 GMT', 9_000],
])('Retry-After: %s means %j', (header, expected) => {
  expect(retryTime(header, 1_000)).toBe(expected)
})
