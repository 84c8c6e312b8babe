import type { RpcEndpoint } from '../../src/chain/rpcEndpoint.ts'
import { EndpointError } from '../../src/domain/errors.ts'
import type { Hex } from '../../src/domain/hex.ts'
import { answersOf } from './answers.ts'
import type { Incarnation } from './incarnation.ts'
import type { Kind } from './kinds.ts'
import type { SimNode } from './node.ts'
import type { Random } from './random.ts'
import { LimitedError, RpcError } from './rpcFaults.ts'
import type { Witness } from './witness.ts'
import type { World } from './world.ts'

const send = 'eth_sendRawTransaction'

/** How one request fares. */
interface Fate {
  readonly kind: Kind | null
  /** Null: it never arrives. */
  readonly thereMs: number | null
  /** Null: the reply never arrives, and the time-out ends the wait. */
  readonly backMs: number | null
  /** What comes in place of an answer, though nobody handled the request. */
  readonly refusal?: Error
}

const harms: readonly Kind[] = ['lostRequest', 'lostReply', 'duplicate', 'rateLimit', 'serverError', 'hang', 'slow']

/** One process's connection to one node. A dead process hears nothing more; what it sent may arrive all the same. */
export function simEndpoint(
  world: World,
  life: Incarnation,
  witness: Witness,
  { node, requestTimeoutMs }: { node: SimNode; requestTimeoutMs: number },
): RpcEndpoint {
  const { timeline, faults, scenarios, story } = world
  const random = world.random(`network ${life.number} ${node.name}`)
  const mayHarm = harms.filter((kind) => faults.isOn(kind))
  const { answer } = answersOf({
    node,
    ledger: world.ledger,
    now: timeline.now,
    hasBaseFee: !faults.isOn('noBaseFee'),
    tip: () => world.tipWei,
    onNull: () => scenarios.note('4 endpoints disagree'),
  })

  function handle(method: string, params: readonly unknown[]): unknown {
    if (method !== send) return answer(method, params)
    const raw = params[0] as Hex
    life.notice('arrived')
    return takeIn(world, node, raw, random)
  }

  function request(method: string, params: readonly unknown[]): Promise<unknown> {
    witness.asks(method)
    if (method === send) {
      witness.departs(params[0] as Hex)
      life.notice('sending')
    }
    const fate = fateOf(world, node, mayHarm, random)
    if (fate.kind !== null) {
      faults.note(fate.kind)
      story.tell(node.name, () => `${method}: ${fate.kind}`)
    }
    return new Promise((resolve, reject) => {
      let isSettled = false
      const settle = (end: () => void): void => {
        if (isSettled) return
        isSettled = true
        if (method === send) life.notice('replied')
        end()
      }
      const isLate = (fate.thereMs ?? 0) + (fate.backMs ?? 0) >= requestTimeoutMs
      if (fate.thereMs === null || fate.backMs === null || isLate) {
        life.at(requestTimeoutMs, () => settle(() => reject(unanswered(node))))
      }
      const { thereMs, backMs, refusal } = fate
      if (refusal !== undefined) return void life.at(backMs ?? 1, () => settle(() => reject(refusal)))
      if (thereMs === null) return
      const arrive = (isFirst: boolean) => (): void => {
        const result = outcomeOf(() => handle(method, params))
        tellReply(method, params, result)
        if (method === send && isAccepted(result) && (backMs === null || isLate)) scenarios.note('2 reply lost')
        if (!isFirst || backMs === null) return
        if (method === send && isAccepted(result)) witness.replyUnderWay(1)
        life.at(backMs, () => {
          if (method === send && isAccepted(result)) witness.replyUnderWay(-1)
          settle(() => (result.isError ? reject(result.error as Error) : resolve(result.value)))
        })
      }
      timeline.outside(timeline.now() + thereMs, arrive(true))
      if (fate.kind === 'duplicate' && method === send) {
        timeline.outside(timeline.now() + thereMs + random.int(1, 30_000), arrive(false))
      }
    })
  }

  function tellReply(method: string, params: readonly unknown[], result: Result): void {
    story.tell(node.name, () => {
      const said = result.isError ? `error: ${result.error.message}` : brief(result.value)
      return `${method} ${brief(params)} → ${said}`
    })
  }

  return { name: node.name, request, close: () => Promise.resolve() }
}

type Result = { readonly isError: false; readonly value: unknown } | { readonly isError: true; readonly error: Error }

function outcomeOf(handle: () => unknown): Result {
  try {
    return { isError: false, value: handle() }
  } catch (error) {
    if (error instanceof RpcError) return { isError: true, error }
    throw error
  }
}

/** A node has it: taken now, or known from before. */
function isAccepted(result: Result): boolean {
  return !result.isError || /already|known/i.test(result.error.message)
}

function fateOf(world: World, node: SimNode, mayHarm: readonly Kind[], random: Random): Fate {
  const { timeline, plan } = world
  const thereMs = random.int(2, 120)
  const backMs = random.int(2, 120)
  if (timeline.now() < node.downUntilMs) {
    return random.chance(0.5)
      ? { kind: 'endpointDown', thereMs: null, backMs: null }
      : { kind: 'endpointDown', thereMs: null, backMs, refusal: unanswered(node) }
  }
  if (world.isHealed() || mayHarm.length === 0 || !random.chance(plan.networkFaultShare)) {
    return { kind: null, thereMs, backMs }
  }
  const kind = random.pick(mayHarm)
  switch (kind) {
    case 'lostRequest':
      return { kind, thereMs: null, backMs: null }
    case 'lostReply':
      return random.chance(0.5) ? { kind, thereMs, backMs: null } : { kind, thereMs, backMs: null }
    case 'hang':
      return { kind, thereMs: thereMs + random.int(1_000, 40_000), backMs: null }
    case 'rateLimit':
      return { kind, thereMs: null, backMs, refusal: random.chance(0.5) ? limits(world, node) : limited() }
    case 'serverError':
      return { kind, thereMs: null, backMs, refusal: random.chance(0.5) ? refused(node, 502) : broken() }
    case 'slow':
      return { kind, thereMs: thereMs + random.int(0, 4_000), backMs: backMs + random.int(0, 4_000) }
    default:
      return { kind, thereMs, backMs }
  }
}

/** A new transaction has arrived: the node's own words, and word to its neighbours. */
function takeIn(world: World, node: SimNode, raw: Hex, random: Random): Hex {
  const { wire, arrived, faults, timeline, nodes } = world
  const transaction = wire.read(raw)
  if (transaction === undefined) throw new RpcError({ code: -32_000, message: 'invalid sender' })
  arrived.add(transaction)
  const words = node.take(transaction)
  if (words !== null) throw new RpcError({ code: -32_000, message: words })
  for (const other of nodes) {
    if (other === node || random.chance(0.3)) continue
    timeline.outside(timeline.now() + random.int(5, 3_000), () => void other.take(transaction))
  }
  if (!world.isHealed() && faults.isOn('wrongText') && random.chance(0.2)) {
    faults.note('wrongText')
    throw new RpcError({ code: -32_000, message: random.pick(wrongTexts) })
  }
  return transaction.hash
}

const wrongTexts = [
  'nonce too low',
  'internal error',
  'already known',
  'replacement transaction underpriced',
  'timeout',
]

function unanswered(node: SimNode): EndpointError {
  return new EndpointError('The endpoint did not answer.', { endpoint: node.name, fault: 'no reply' })
}

function limits({ timeline }: World, node: SimNode): LimitedError {
  return new LimitedError({ endpoint: node.name, status: 429 }, timeline.now() + 2_000)
}

function refused(node: SimNode, status: number): EndpointError {
  return new EndpointError('The endpoint refused the request.', { endpoint: node.name, status })
}

function limited(): RpcError {
  return new RpcError({ code: -32_005, message: 'rate limit exceeded' })
}

function broken(): RpcError {
  return new RpcError({ code: -32_603, message: 'internal error' })
}

const briefMax = 160

function brief(value: unknown): string {
  const text = JSON.stringify(value, (_, inner) =>
    typeof inner === 'string' && inner.length > 42 ? `${inner.slice(0, 10)}…${inner.slice(-6)}` : inner,
  )
  return text === undefined ? '' : text.slice(0, briefMax)
}
