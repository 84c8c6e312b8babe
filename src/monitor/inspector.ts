import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { InvalidConfigError } from '../domain/errors.ts'
import { actorFrame, type InspectedActor, type InspectedTransition, transitionFrames } from './inspectorFrames.ts'
import { inspectorPage, inspectorPolicy } from './inspectorPage.ts'

/** Shows running actors, live, to whoever connects from this machine. No call throws or waits. */
export interface Inspector {
  readonly port: number
  /** The page to open in a browser. The frames are at the same address with `ws:`. */
  readonly url: string
  actorStarted(actor: InspectedActor): void
  /** Of an actor that never started, or is over the limit, nothing is shown. */
  transitioned(transition: InspectedTransition): void
  actorStopped(actor: { readonly sessionId: string }): void
  close(): Promise<void>
}

// Loopback only: what the actors say is nobody else's business.
const host = '127.0.0.1'
const allowedHosts = /^(localhost|127\.0\.0\.1)(:\d+)?$/
const allowedOrigins = /^(https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?|https:\/\/stately\.ai)$/

// A client that connects late gets each of these at once. Places become free as actors stop, so this is a sample of a
// large system, and the whole of a small one.
const actorsMax = 256
const clientsMax = 8
// A client that is this far behind is dropped. A replay of all actors fits several times over.
const bufferedBytesMax = 32 * 1024 * 1024
// Clients have nothing to say.
const incomingBytesMax = 1024

/**
 * Serves the Stately inspector's WebSocket protocol, and a page that shows the same, on this machine alone. While nobody
 * is connected a transition costs next to nothing.
 *
 * @param options - `port` 0 takes any free one; `bufferedBytesMax` is how far a client may fall behind.
 * @throws {@link InvalidConfigError} where the port is taken or not allowed.
 *
 * @example
 * const inspector = await startInspector({ port: 0 })
 */
export async function startInspector(options: { port?: number; bufferedBytesMax?: number } = {}): Promise<Inspector> {
  const actors = new Map<string, { actor: InspectedActor; startedMs: number }>()
  const sockets = new WebSocketServer({ noServer: true, maxPayload: incomingBytesMax })
  const behindMax = options.bufferedBytesMax ?? bufferedBytesMax
  const server = createServer(servePage)

  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    if (!isAllowed(request)) return refuse(socket, '403 Forbidden')
    if (sockets.clients.size >= clientsMax) return refuse(socket, '503 Service Unavailable')
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.on('error', () => client.terminate())
      send(
        client,
        [...actors.values()].map(({ actor, startedMs }) => actorFrame(actor, startedMs)),
      )
    })
  })
  const port = await listen(server, options.port ?? 0)

  function send(client: WebSocket, frames: readonly string[]): void {
    for (const frame of frames) client.send(frame, () => {})
    if (client.bufferedAmount > behindMax) client.terminate()
  }

  function publish(frames: () => readonly string[]): void {
    if (sockets.clients.size === 0) return
    const made = frames()
    for (const client of sockets.clients) if (client.readyState === client.OPEN) send(client, made)
  }

  return {
    port,
    url: `http://${host}:${port}/`,
    actorStarted: (actor) => {
      if (actors.size >= actorsMax && !actors.has(actor.sessionId)) return
      const startedMs = Date.now()
      actors.set(actor.sessionId, { actor, startedMs })
      publish(() => [actorFrame(actor, startedMs)])
    },
    transitioned: (transition) => {
      const known = actors.get(transition.sessionId)
      if (known === undefined) return
      known.actor = { ...known.actor, snapshot: transition.snapshot }
      publish(() => transitionFrames(transition, Date.now()))
    },
    actorStopped: ({ sessionId }) => {
      const known = actors.get(sessionId)
      if (known === undefined) return
      actors.delete(sessionId)
      publish(() => transitionFrames(stop(known.actor), Date.now()))
    },
    close: async () => {
      for (const client of sockets.clients) client.terminate()
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

// The protocol has no word for an actor's end: XState itself tells it by a last snapshot.
function stop({ sessionId, rootSessionId, snapshot }: InspectedActor): InspectedTransition {
  const { status = 'active' } = Object(snapshot)
  const last = { ...Object(snapshot), status: status === 'active' ? 'stopped' : status }
  return { sessionId, rootSessionId, event: { type: 'xstate.stop' }, snapshot: last }
}

function servePage(request: IncomingMessage, response: ServerResponse): void {
  if (!isAllowed(request)) return void response.writeHead(403).end()
  if (request.url !== '/' || request.method !== 'GET') return void response.writeHead(404).end()
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': inspectorPolicy(request.socket.localPort ?? 0),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  })
  response.end(inspectorPage)
}

// Any web page may open a socket to this machine, or point a name of its own at it: hence both headers. What is no
// browser sends no origin.
function isAllowed({ headers }: IncomingMessage): boolean {
  const isOurOrigin = headers.origin === undefined || allowedOrigins.test(headers.origin)
  return isOurOrigin && allowedHosts.test(headers.host ?? '')
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((listening, failed) => {
    // Stays on: an error once it listens (no file handle left) ends nothing, least of all a trade.
    server.on('error', (cause) => {
      const facts = { 'inspect.port': port, reason: cause.message }
      failed(new InvalidConfigError('The inspector cannot listen. Choose another port, or 0 for any.', facts, cause))
    })
    server.listen(port, host, listening)
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}
