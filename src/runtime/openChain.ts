import type { Chain } from '../chain/chain.ts'
import { type HeadSocket, openHeadSocket } from '../chain/headSocket.ts'
import { findMulticall } from '../chain/multicall.ts'
import { rpcChain } from '../chain/rpcChain.ts'
import { openRpcEndpoint, type RpcEndpoint, type RpcEndpointOptions } from '../chain/rpcEndpoint.ts'
import type { Settings } from '../config.ts'
import type { Clock } from '../domain/clock.ts'
import { EndpointError } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import { type WatchedEndpoint, watchEndpoint } from './endpoints.ts'
import type { OnTrouble } from './trouble.ts'

/** The part of the settings that a chain is opened by. */
export type ChainSettings = Pick<Settings['chain'], 'chainId' | 'rpcUrls' | 'requestTimeoutMs'> &
  Partial<Pick<Settings['chain'], 'broadcastUrls' | 'wsUrls' | 'multicall'>>

export interface OpenChainOptions {
  readonly clock: Clock
  /** Told what goes wrong, and with null that it is well again. */
  readonly onTrouble: OnTrouble
  /** How an endpoint is opened: over HTTP, unless a test or a simulation has its own. */
  readonly openEndpoint?: (options: RpcEndpointOptions) => RpcEndpoint
}

/**
 * Opens one EVM chain over its endpoints, and keeps their health from then on.
 *
 * @throws EndpointError where no endpoint of `rpcUrls` answers; WrongChainError where one serves another chain. One that
 * does not answer now, and serves another chain when it does, is left out for good and reported.
 *
 * @example
 * const chain = await openChain({ chainId: 1, rpcUrls: ['http://127.0.0.1:8545'], requestTimeoutMs: 10_000 }, { clock, onTrouble })
 */
export async function openChain(settings: ChainSettings, options: OpenChainOptions): Promise<Chain> {
  const { chainId, rpcUrls, broadcastUrls = [], wsUrls = [], requestTimeoutMs } = settings
  const { clock, onTrouble, openEndpoint = openRpcEndpoint } = options
  const opened: RpcEndpoint[] = []
  const gate = readyGate(() => sources.some(isReadable), onTrouble)
  let sources: readonly WatchedEndpoint[] = []
  let relays: readonly WatchedEndpoint[] = []
  let sockets: readonly HeadSocket[] = []
  let best = 0

  async function close(): Promise<void> {
    for (const one of [...sources, ...relays]) one.stop()
    for (const socket of sockets) socket.close()
    gate.close()
    await Promise.all(opened.map((endpoint) => endpoint.close()))
  }

  const watch = (urls: readonly string[], name: 'rpcUrls' | 'broadcastUrls'): Promise<WatchedEndpoint>[] =>
    urls.map((url, index) => {
      const endpoint = openEndpoint({ url, requestTimeoutMs, clock })
      opened.push(endpoint)
      return watchEndpoint({
        endpoint,
        field: `chain.${name}[${index}]`,
        chainId,
        isRelay: name === 'broadcastUrls',
        clock,
        bestHead: () => best,
        onChange: gate.look,
        onTrouble,
      })
    })

  const watched = [watch(rpcUrls, 'rpcUrls'), watch(broadcastUrls, 'broadcastUrls')] as const
  ;[sources, relays] = await Promise.all([Promise.all(watched[0]), Promise.all(watched[1])])
  const listeners = new Set<() => void>()
  const onHead = (): void => {
    for (const listener of [...listeners]) listener()
  }
  try {
    checkOpened(sources, relays)
    const onSocketTrouble = (error: unknown): void => onTrouble(error, 'the heads of a WebSocket')
    sockets = wsUrls.map((url) => openHeadSocket({ url, clock, onHead, onTrouble: onSocketTrouble }))
  } catch (error) {
    await close()
    throw error
  }
  gate.open()
  const onNewHead = (callback: () => void): (() => void) => {
    listeners.add(callback)
    return () => void listeners.delete(callback)
  }
  const chain = rpcChain({
    chainId,
    sources,
    relays,
    clock,
    ready: gate.ready,
    ...(wsUrls.length === 0 ? {} : { onNewHead }),
    onBestHead: (number) => {
      best = number
    },
    multicall: () => seekMulticall(),
    close,
  })
  let found = settings.multicall
  let seekAtMs = 0

  /** Looked for beside a read: nothing waits for it, and least of all what is to be sent first. Where nobody said, again later. */
  function seekMulticall(): Hex | null {
    if (found === undefined && clock.now() >= seekAtMs) {
      seekAtMs = clock.now() + seekPauseMs
      void findMulticall(chain).then((address) => {
        if (address !== undefined) found = address
      })
    }
    return found ?? null
  }
  return chain
}

/** Between two looks for the multicall contract, where the first was of no avail. */
const seekPauseMs = 60_000

function isReadable({ health }: WatchedEndpoint): boolean {
  return health.standing === 'healthy' || health.standing === 'suspect'
}

/** An endpoint that does not answer may come back; one of another chain is a fault of the configuration. */
function checkOpened(sources: readonly WatchedEndpoint[], relays: readonly WatchedEndpoint[]): void {
  for (const one of [...sources, ...relays]) {
    const error = one.misplaced()
    if (error !== null) throw error
  }
  if (sources.some(isReadable)) return
  const reasons = sources.map((one) => one.reason())
  throw new EndpointError('No endpoint of chain.rpcUrls answers.', { endpoints: reasons.join('; ') })
}

interface ReadyGate {
  readonly ready: Chain['ready']
  /** From now on it says so when nobody answers. */
  open(): void
  /** Something has changed. */
  look(): void
  /** Nobody waits any more. */
  close(): void
}

/** Those who wait until some endpoint answers. */
function readyGate(isAnyReadable: () => boolean, onTrouble: OnTrouble): ReadyGate {
  const waiters = new Set<() => void>()
  const what = 'the chain'
  let isOpen = false
  let isPaused = false

  function release(): void {
    for (const end of [...waiters]) end()
  }

  return {
    open() {
      isOpen = true
    },
    look() {
      if (!isOpen || isAnyReadable() !== isPaused) return
      isPaused = !isPaused
      onTrouble(isPaused ? new EndpointError('No endpoint answers: trades are paused.') : null, what)
      if (!isPaused) release()
    },
    close() {
      isOpen = false
      release()
    },
    ready(signal) {
      if (!isOpen || !isPaused || signal?.aborted) return Promise.resolve()
      return new Promise((resolve) => {
        const end = (): void => {
          waiters.delete(end)
          signal?.removeEventListener('abort', end)
          resolve()
        }
        waiters.add(end)
        signal?.addEventListener('abort', end)
      })
    },
  }
}
