import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { type HeadSocket, openHeadSocket } from '../../src/chain/headSocket.ts'
import { type FakeClock, fakeClock, settle } from '../support/fakeClock.ts'

const servers: WebSocketServer[] = []
const sockets: HeadSocket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close()
  await Promise.all(servers.splice(0).map(stop))
})

async function stop(server: WebSocketServer): Promise<void> {
  for (const client of server.clients) client.terminate()
  await new Promise((resolve) => server.close(resolve))
}

/** A node's WebSocket, which keeps what it is asked. `answer` says what a subscription comes to. */
async function serve({ port = 0, autoPong = true, answer = { result: '0x1' } as object } = {}) {
  const server = new WebSocketServer({ port, host: '127.0.0.1', autoPong })
  servers.push(server)
  const asked: string[] = []
  const clients: WebSocket[] = []
  server.on('connection', (client) => {
    clients.push(client)
    client.on('message', (data) => {
      asked.push(JSON.parse(String(data)).params?.[0])
      client.send(JSON.stringify({ jsonrpc: '2.0', id: 1, ...answer }))
    })
  })
  await new Promise((resolve) => server.once('listening', resolve))
  return { server, asked, clients, port: (server.address() as AddressInfo).port }
}

function follow(port: number, path = '') {
  const clock = fakeClock()
  const heard: number[] = []
  const troubles: (string | null)[] = []
  const socket = openHeadSocket({
    url: `ws://127.0.0.1:${port}${path}`,
    clock,
    onHead: () => heard.push(clock.now()),
    onTrouble: (error) => troubles.push(error === null ? null : String((error as Error).message)),
  })
  sockets.push(socket)
  return { clock, heard, troubles, socket }
}

const head = JSON.stringify({ jsonrpc: '2.0', method: 'eth_subscription', params: { subscription: '0x1', result: {} } })

/** Waits in real time for what a real socket does. */
async function until(check: () => boolean, clock?: FakeClock, stepMs = 0): Promise<void> {
  for (let turn = 0; turn < 500 && !check(); turn += 1) {
    await clock?.advance(stepMs)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  expect(check()).toBe(true)
}

describe('a WebSocket of heads', () => {
  test('tells of every new head', async () => {
    const node = await serve()
    const { heard, troubles } = follow(node.port)
    await until(() => node.asked.length === 1)

    node.clients[0]?.send(head)
    node.clients[0]?.send(head)
    await until(() => heard.length === 2)

    expect(node.asked).toEqual(['newHeads'])
    expect(troubles).toEqual([])
  })

  test('connects again when it is lost, and says so once', async () => {
    const node = await serve()
    const { heard, troubles, clock } = follow(node.port, '/SECRET')
    await until(() => node.asked.length === 1)
    await stop(node.server)
    await until(() => troubles.length === 1)
    // Nobody is there for some tries.
    await until(() => clock.now() > 1_000_000 + 10_000, clock, 2_000)
    const again = await serve({ port: node.port })
    await until(() => again.asked.length === 1, clock, 5_000)

    again.clients[0]?.send(head)
    await until(() => heard.length === 1)

    expect(troubles).toEqual([expect.stringContaining('A WebSocket is lost; the heads are polled.'), null])
    expect(troubles.join()).not.toContain('SECRET')
  })

  test('drops a connection that is silent, though it stands', async () => {
    const node = await serve({ autoPong: false })
    const { clock } = follow(node.port)
    await until(() => node.asked.length === 1)
    await settle()

    await until(() => node.asked.length === 2, clock, 5_000)

    expect(node.clients[0]?.readyState).not.toBe(1)
  })

  test('keeps a connection that answers pings, though there is no head', async () => {
    const node = await serve()
    const { clock, troubles } = follow(node.port)
    await until(() => node.asked.length === 1)

    for (let look = 0; look < 8; look += 1) {
      await clock.advance(15_000)
      await new Promise((resolve) => setTimeout(resolve, 30))
    }

    expect(node.clients).toHaveLength(1)
    expect(troubles).toEqual([])
  })

  test('gives up a node that has no such subscription for a while', async () => {
    const node = await serve({ answer: { error: { code: -32601, message: 'notifications not supported' } } })
    const { clock, heard, troubles } = follow(node.port)
    await until(() => troubles.length === 1)

    await until(() => node.asked.length === 2, clock, 500)

    expect(troubles[0]).toContain('no subscription')
    expect(heard).toEqual([])
  })

  test.each(['no JSON', 'null', '{}', '[]', '{"method":"eth_subscription"'])('is not troubled by %s', async (text) => {
    const node = await serve()
    const { heard } = follow(node.port)
    await until(() => node.asked.length === 1)

    node.clients[0]?.send(text)
    node.clients[0]?.send(head)
    await until(() => heard.length > 0)

    expect(heard).toHaveLength(1)
  })

  test('ends when it is closed, even before it is open', async () => {
    const node = await serve()
    const { socket, clock, troubles } = follow(node.port)

    socket.close()
    await clock.advance(120_000)
    await new Promise((resolve) => setTimeout(resolve, 50))

    expect(node.asked).toEqual([])
    expect(troubles).toEqual([])
  })
})
