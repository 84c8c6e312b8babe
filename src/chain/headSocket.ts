import { WebSocket } from 'ws'
import { backoffMs } from '../domain/backoff.ts'
import type { Clock } from '../domain/clock.ts'
import { EndpointError } from '../domain/errors.ts'
import { endpointName } from './rpcEndpoint.ts'

/** A node that tells of its heads as they come. Polling goes on beside it: it is quicker, never needed. */
export interface HeadSocket {
  close(): void
}

export interface HeadSocketOptions {
  /** Of a node's WebSocket: ws or wss. */
  readonly url: string
  readonly clock: Clock
  readonly onHead: () => void
  /** Told once when it is lost, and with null when it works again. */
  readonly onTrouble: (error: unknown) => void
}

/** A node that is asked for a sign of life this often and gives none until the next time is gone, whatever TCP says. */
const pingMs = 15_000
const retryMs = 1_000
/** With doubling, the longest wait is 32 seconds, and a quarter. */
const attemptMax = 5
/** A header is half a kilobyte. */
const messageBytesMax = 1_048_576

const subscription = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newHeads'] })

/**
 * Subscribes to a node's heads, and again whenever the connection is lost or silent.
 *
 * @example
 * const socket = openHeadSocket({ url: 'ws://127.0.0.1:8546', clock, onHead: poll, onTrouble })
 */
export function openHeadSocket({ url, clock, onHead, onTrouble }: HeadSocketOptions): HeadSocket {
  const name = endpointName(url)
  let attempt = 0
  let isClosed = false
  let isInTrouble = false
  let callOff = (): void => {}
  let end = (): void => {}

  function connect(): void {
    const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: messageBytesMax, followRedirects: false })
    let wasHeard = true
    let fault = 'closed'

    /** A sign of life between two looks; a connection that does not come about gives none. */
    function watch(): void {
      callOff = clock.at(clock.now() + pingMs, () => {
        if (!wasHeard) {
          fault = 'silent'
          socket.terminate()
          return
        }
        wasHeard = false
        if (socket.readyState === WebSocket.OPEN) socket.ping()
        watch()
      })
    }

    end = () => socket.terminate()
    socket.on('open', () => socket.send(subscription))
    socket.on('pong', () => {
      wasHeard = true
    })
    socket.on('message', (data) => {
      wasHeard = true
      const said = readMessage(String(data))
      if (said === 'refused') {
        fault = 'no subscription'
        socket.terminate()
      } else if (said === 'head') hear()
    })
    socket.on('error', (error) => {
      fault = (error as NodeJS.ErrnoException).code ?? error.name
    })
    socket.on('close', () => lose(fault))
    watch()
  }

  function hear(): void {
    attempt = 0
    if (isInTrouble) onTrouble(null)
    isInTrouble = false
    if (!isClosed) onHead()
  }

  function lose(fault: string): void {
    callOff()
    if (isClosed) return
    if (!isInTrouble)
      onTrouble(new EndpointError('A WebSocket is lost; the heads are polled.', { endpoint: name, fault }))
    isInTrouble = true
    callOff = clock.at(clock.now() + backoffMs({ baseMs: retryMs, attempt, seed: name }), connect)
    attempt = Math.min(attempt + 1, attemptMax)
  }

  connect()
  return {
    close() {
      isClosed = true
      callOff()
      end()
    },
  }
}

/** A new head, or a refusal to tell of them; null for what means neither. */
function readMessage(text: string): 'head' | 'refused' | null {
  try {
    const message = Object(JSON.parse(text))
    if (message.error !== undefined && message.error !== null) return 'refused'
    return message.method === 'eth_subscription' ? 'head' : null
  } catch {
    return null
  }
}
