import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createStubChain, type StubOptions } from './stubChain.ts'

// A process of its own: a node that answers at once and costs next to nothing, so that what is measured is its client. It
// ends when its standard input does.

interface Call {
  readonly id: number | string
  readonly method: string
  readonly params?: readonly unknown[]
}

/** How it behaves, set by `bench_configure`. */
interface Pace {
  /** Milliseconds between blocks; null: none. */
  readonly blockTimeMs: number | null
  /** Every reply leaves so long after its request has arrived. Requests are not delayed. */
  readonly roundTripMs: number
  /** Blocks take no transactions. */
  readonly isEmpty?: boolean
}

const chain = await createStubChain(JSON.parse(process.argv[2] ?? '{}') as StubOptions)
const calls: Record<string, number> = {}
let pace: Pace = { blockTimeMs: null, roundTripMs: 0 }
let miner: NodeJS.Timeout | undefined

/** Of a clock that all processes of this machine share. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

function configure(next: Pace): null {
  pace = next
  clearInterval(miner)
  if (next.blockTimeMs !== null) miner = setInterval(next.isEmpty ? chain.mineEmpty : chain.mine, next.blockTimeMs)
  return null
}

/** Questions of the bench itself: neither counted nor delayed. */
function control(method: string, [first]: readonly unknown[]): string | undefined {
  switch (method) {
    case 'bench_configure':
      return JSON.stringify(configure(first as Pace))
    case 'bench_received':
      return JSON.stringify(chain.receivedAtMs(first as `0x${string}`[]))
    case 'bench_counts':
      return JSON.stringify({ calls, transactions: chain.count() })
    default:
      return undefined
  }
}

function answer({ id, method, params = [] }: Call, receivedAtMs: number): string {
  const head = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},`
  if (method.startsWith('bench_')) return `${head}"result":${control(method, params)}}`
  calls[method] = (calls[method] ?? 0) + 1
  try {
    const result = chain.answer(method, params, receivedAtMs)
    if (result !== undefined) return `${head}"result":${result}}`
    return `${head}"error":{"code":-32601,"message":"the method ${method} does not exist"}}`
  } catch (error) {
    return `${head}"error":{"code":-32000,"message":${JSON.stringify(error instanceof Error ? error.message : '')}}}`
  }
}

function serve(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const receivedAtMs = monotonicMs()
    const asked = JSON.parse(Buffer.concat(chunks).toString()) as Call | Call[]
    const body = Array.isArray(asked)
      ? `[${asked.map((call) => answer(call, receivedAtMs)).join()}]`
      : answer(asked, receivedAtMs)
    const isControl = !Array.isArray(asked) && asked.method.startsWith('bench_')
    const send = (): void => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
      response.end(body)
    }
    if (isControl || pace.roundTripMs === 0) send()
    else setTimeout(send, pace.roundTripMs)
  })
}

const server = createServer(serve)
server.keepAliveTimeout = 0
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`)
})
process.stdin.resume().on('end', () => process.exit(0))
