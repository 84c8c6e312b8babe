import { readFileSync } from 'node:fs'
import { type RequestOptions, request } from 'node:http'
import { connect } from 'node:net'
import { createInspector, createWebSocketReceiver } from '@statelyai/inspect'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createActor, createMachine } from 'xstate'
import { InvalidConfigError } from '../../src/domain/errors.ts'
import { type Inspector, startInspector } from '../../src/monitor/inspector.ts'
import { protocolVersion } from '../../src/monitor/inspectorFrames.ts'

interface Frame {
  readonly type: string
  readonly sessionId?: string
}

const open: Inspector[] = []

async function start(options: { port?: number; bufferedBytesMax?: number } = {}): Promise<Inspector> {
  const inspector = await startInspector(options)
  open.push(inspector)
  return inspector
}

afterEach(async () => {
  for (const inspector of open.splice(0)) await inspector.close()
})

/** A client that keeps what it gets, and can wait for the first so many frames. */
function connectTo({ port }: { port: number }, headers: Record<string, string> = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers })
  const frames: Frame[] = []
  socket.on('message', (data) => frames.push(JSON.parse(String(data))))
  const opened = new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  const received = async (count: number) => {
    while (frames.length < count) await new Promise((next) => socket.once('message', next))
    return frames.slice(0, count)
  }
  return { socket, opened, closed, received, frames }
}

const trade = {
  sessionId: 'trade-1',
  rootSessionId: 'trade-1',
  name: 'trade',
  definition: '{"id":"trade"}',
  snapshot: { status: 'active', value: 'preparing', context: { tradeId: 't1' } },
}
const leg = { ...trade, sessionId: 'leg-1', parentSessionId: 'trade-1', name: 'leg', definition: '{"id":"leg"}' }
const sent = {
  sessionId: 'leg-1',
  rootSessionId: 'trade-1',
  event: { type: 'leg.sent' },
  snapshot: { status: 'active', value: { submitted: 'pending' }, context: {} },
}

test('a client gets an actor, then the event it received and the snapshot that followed', async () => {
  const inspector = await start()
  const client = connectTo(inspector)
  await client.opened

  inspector.actorStarted(trade)
  inspector.actorStarted(leg)
  inspector.transitioned(sent)

  const frames = await client.received(4)
  expect(frames).toMatchObject([
    { type: '@xstate.actor', sessionId: 'trade-1', rootId: 'trade-1', name: 'trade', snapshot: trade.snapshot },
    { type: '@xstate.actor', sessionId: 'leg-1', rootId: 'trade-1', parentId: 'trade-1', definition: '{"id":"leg"}' },
    { type: '@xstate.event', sessionId: 'leg-1', rootId: 'trade-1', event: { type: 'leg.sent' } },
    { type: '@xstate.snapshot', sessionId: 'leg-1', event: { type: 'leg.sent' }, snapshot: sent.snapshot },
  ])
  for (const frame of frames)
    expect(frame).toMatchObject({ _version: '0.7.2', createdAt: expect.stringMatching(/^\d+$/) })
})

test('a late client gets the running actors first, each with its latest snapshot, and not the stopped ones', async () => {
  const inspector = await start()
  inspector.actorStarted(trade)
  inspector.actorStarted(leg)
  inspector.actorStarted({ ...leg, sessionId: 'leg-2' })
  inspector.transitioned(sent)
  inspector.actorStopped({ sessionId: 'leg-2' })

  const client = connectTo(inspector)
  await client.opened
  inspector.transitioned(sent)

  expect(await client.received(3)).toMatchObject([
    { type: '@xstate.actor', sessionId: 'trade-1' },
    { type: '@xstate.actor', sessionId: 'leg-1', snapshot: sent.snapshot },
    { type: '@xstate.event', sessionId: 'leg-1' },
  ])
})

test('an actor that stops says so in a last snapshot, and one that was done stays done', async () => {
  const inspector = await start()
  const client = connectTo(inspector)
  await client.opened

  inspector.actorStarted(trade)
  inspector.actorStopped(trade)
  inspector.actorStarted({ ...trade, snapshot: { status: 'done', value: 'done' } })
  inspector.actorStopped(trade)

  const frames = await client.received(6)
  expect(frames[2]).toMatchObject({ type: '@xstate.snapshot', snapshot: { status: 'stopped', value: 'preparing' } })
  expect(frames[5]).toMatchObject({ type: '@xstate.snapshot', snapshot: { status: 'done', value: 'done' } })
})

test('the frames have exactly the fields that Stately’s own adapter sends', async () => {
  const theirs: Frame[] = []
  const child = createMachine({ id: 'leg', on: { go: {} } })
  const parent = createMachine({
    id: 'trade',
    invoke: { id: 'leg', src: child },
    on: { go: { actions: ({ self }) => self.getSnapshot().children.leg?.send({ type: 'go' }) } },
  })
  const official = createInspector({ send: (frame) => theirs.push(frame) })
  const actor = createActor(parent, { inspect: official.inspect }).start()
  actor.send({ type: 'go' })
  const inspector = await start()
  const client = connectTo(inspector)
  await client.opened

  inspector.actorStarted(leg)
  inspector.transitioned({ ...sent, sourceSessionId: 'trade-1' })

  const ours = await client.received(3)
  for (const frame of ours) {
    const keys = theirs.filter(({ type }) => type === frame.type).map((their) => Object.keys(their).sort().join())
    expect(keys).toContain(Object.keys(frame).sort().join())
  }
})

test('the protocol version is that of the installed @statelyai/inspect', () => {
  const manifest = new URL('../../node_modules/@statelyai/inspect/package.json', import.meta.url)

  expect(JSON.parse(readFileSync(manifest, 'utf8')).version).toBe(protocolVersion)
})

test('Stately’s own WebSocket receiver understands the frames', async () => {
  const inspector = await start()
  inspector.actorStarted(trade)
  const frames: Frame[] = []
  const receiver = createWebSocketReceiver({ server: `ws://127.0.0.1:${inspector.port}` })

  await new Promise<void>((resolve) => {
    receiver.subscribe((frame) => {
      frames.push(frame)
      if (frames.length === 1) inspector.transitioned({ ...sent, sessionId: 'trade-1' })
      if (frames.length === 3) resolve()
    })
  })

  expect(frames).toMatchObject([
    { type: '@xstate.actor', name: 'trade', definition: '{"id":"trade"}' },
    { type: '@xstate.event', event: { type: 'leg.sent' } },
    { type: '@xstate.snapshot', snapshot: sent.snapshot },
  ])
})

test('signed bytes and keys never leave, in a snapshot or in an event', async () => {
  const inspector = await start()
  const client = connectTo(inspector)
  await client.opened
  const attempt = { hash: `0x${'1'.repeat(64)}`, raw: `0x02f8${'ab'.repeat(200)}`, privateKey: `0x${'cd'.repeat(32)}` }

  const snapshot = { context: { attempts: [attempt] } }
  inspector.actorStarted({ ...leg, snapshot })
  inspector.transitioned({ ...sent, event: Object.assign({ type: 'leg.signed' }, { attempt }), snapshot })

  const frames = await client.received(3)
  expect(JSON.stringify(frames)).not.toMatch(/abababababab|cdcdcd/)
  const shown = { hash: attempt.hash, raw: '0x02f8abab… (202 bytes)', privateKey: '[redacted]' }
  expect(frames[0]).toMatchObject({ snapshot: { context: { attempts: [shown] } } })
})

test('a live snapshot of XState is shown as it would be saved, without its machine', async () => {
  const actor = createActor(createMachine({ id: 'leg', initial: 'a', context: { n: 1 }, states: { a: {} } })).start()
  const inspector = await start()
  const client = connectTo(inspector)
  await client.opened

  inspector.actorStarted({ ...leg, snapshot: actor.getSnapshot() })

  const [frame] = await client.received(1)
  expect(frame).toMatchObject({ snapshot: { status: 'active', value: 'a', context: { n: 1 } } })
  expect(frame).not.toHaveProperty('snapshot.machine')
})

test.each([[undefined], ['http://localhost:3000'], ['http://127.0.0.1:8080'], ['https://stately.ai']])(
  'a client from the origin %s is let in',
  async (origin) => {
    const client = connectTo(await start(), origin === undefined ? {} : { origin })

    await expect(client.opened).resolves.toBeUndefined()
  },
)

test.each([
  ['https://evil.example'],
  ['https://stately.ai.evil.example'],
  ['https://evil-stately.ai'],
  ['http://stately.ai'],
  ['http://localhost.evil.example'],
  ['null'],
])('a client from the origin %s is refused', async (origin) => {
  const client = connectTo(await start(), { origin })

  await expect(client.opened).rejects.toThrow('403')
})

test('a name that somebody else points at this machine is refused, for frames and for the page', async () => {
  const inspector = await start()
  const client = connectTo(inspector, { host: 'evil.example' })

  await expect(client.opened).rejects.toThrow('403')
  expect(await statusOf(inspector, { headers: { host: 'evil.example' } })).toBe(403)
})

test('only 127.0.0.1 is listened on', async () => {
  const { port } = await start()
  // Loopback too, and reached by a server that listens on all addresses; by ours it is not.
  const socket = connect({ host: '127.0.0.2', port })

  const outcome = await new Promise((resolve) => {
    socket.once('connect', () => resolve('connected'))
    socket.once('error', () => resolve('refused'))
  })

  socket.destroy()
  expect(outcome).toBe('refused')
})

test('a client that does not read is dropped, and the others go on', async () => {
  const inspector = await start({ bufferedBytesMax: 100_000 })
  const slow = connectTo(inspector)
  const good = connectTo(inspector)
  await Promise.all([slow.opened, good.opened])
  inspector.actorStarted(trade)
  await slow.received(1)
  slow.socket.pause()
  const snapshot = { status: 'active', context: Array.from({ length: 20 }, () => 'x'.repeat(3000)) }

  // More than any socket buffer holds, one at a time, so that only a client that does not read falls behind.
  const rounds = 500
  for (let round = 1; round <= rounds; round += 1) {
    inspector.transitioned({ ...trade, event: { type: 'tick' }, snapshot })
    await good.received(1 + 2 * round)
  }
  slow.socket.resume()

  expect(await slow.closed).toBe(1006)
  expect(slow.frames.length).toBeLessThan(2 * rounds)
  expect(good.frames).toHaveLength(1 + 2 * rounds)
})

test('a client that talks too much is dropped', async () => {
  const client = connectTo(await start())
  await client.opened

  client.socket.send('x'.repeat(10_000))

  expect(await client.closed).toBe(1009)
})

test('actors beyond the limit are not shown until a place is free', async () => {
  const inspector = await start()
  for (let n = 0; n < 300; n += 1) inspector.actorStarted({ ...trade, sessionId: `t${n}` })
  inspector.actorStopped({ sessionId: 't0' })
  inspector.actorStarted({ ...trade, sessionId: 'last' })

  const client = connectTo(inspector)
  inspector.transitioned({ ...trade, sessionId: 't299', event: { type: 'never shown' }, snapshot: {} })
  await client.opened
  inspector.transitioned({ ...trade, sessionId: 'last', event: { type: 'marker' }, snapshot: {} })

  const frames = await client.received(257)
  expect(new Set(frames.slice(0, 256).map(({ sessionId }) => sessionId)).has('t299')).toBe(false)
  expect(frames.slice(255)).toMatchObject([{ sessionId: 'last' }, { event: { type: 'marker' } }])
})

test('a port that is taken is a fault of the configuration', async () => {
  const { port } = await start()

  await expect(startInspector({ port })).rejects.toThrow(InvalidConfigError)
})

test('closing ends the connections and frees the port', async () => {
  const inspector = await startInspector()
  const client = connectTo(inspector)
  await client.opened

  await inspector.close()

  expect(await client.closed).toBe(1006)
  await start({ port: inspector.port })
})

test('the page is served with a policy that lets nothing in from outside', async () => {
  const { url, port } = await start()

  const response = await fetch(url)

  const policy = response.headers.get('content-security-policy') ?? ''
  const sources = policy.split('; ').map((directive) => directive.replace(/ 'sha256-[\w+/]+='/, ' hash'))
  expect(sources).toEqual([
    "default-src 'none'",
    'script-src hash',
    'style-src hash',
    `connect-src ws://127.0.0.1:${port} ws://localhost:${port}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ])
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(await response.text()).not.toMatch(/(src|href)=|@import|url\(|innerHTML/)
})

test.each([
  [{ path: '/other' }, 404],
  [{ method: 'POST' }, 404],
  [{ headers: { origin: 'https://evil.example' } }, 403],
])('a request with %j is answered with %i', async (options, status) => {
  expect(await statusOf(await start(), options)).toBe(status)
})

/** The status of a request's answer; `fetch` would set a host of its own. */
async function statusOf({ port }: Inspector, options: RequestOptions): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, ...options }, (response) => resolve(response.resume().statusCode))
    sent.on('error', reject).end()
  })
}
