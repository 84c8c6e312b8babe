import { EndpointError } from '../domain/errors.ts'
import type { Ports } from './ports.ts'
import { until } from './until.ts'

/** How often something is asked of endpoints that answer others and not this. */
const triesMax = 3
const delayMs = 1_000

/**
 * Reads from the chain, and again where no endpoint answers: while all of them are down, for as long as they are, since
 * nothing of what a leg was about to do has reached anybody; else a few times.
 *
 * @throws Whatever `read` throws, but for an EndpointError that may pass.
 *
 * @example
 * const replies = await insist(ports, signal, () => ports.chain.read(reads))
 */
export async function insist<Answer>(
  ports: Pick<Ports, 'chain' | 'clock' | 'follower'>,
  signal: AbortSignal,
  read: () => Promise<Answer>,
): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    await ports.chain.ready(signal)
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof EndpointError) || tries >= triesMax || signal.aborted) throw error
    }
    await until(ports, ports.clock.now() + delayMs * tries, signal)
  }
}
