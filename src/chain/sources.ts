import type { Clock } from '../domain/clock.ts'
import { EndpointError } from '../domain/errors.ts'
import type { RpcEndpoint } from './rpcEndpoint.ts'
import { isMethodMissing, RpcError } from './rpcFaults.ts'

/**
 * How an endpoint stands. `lagging`: its head is not where the others' are. `barred`: it was never seen to serve our chain, or
 * was seen to serve another.
 */
export type Standing = 'healthy' | 'suspect' | 'lagging' | 'down' | 'barred'

/** How an endpoint did. */
export type Outcome =
  | { readonly kind: 'answered' | 'lags' | 'caughtUp' }
  | { readonly kind: 'failed'; readonly error: EndpointError }

/** The health of one endpoint, kept outside of this folder. */
export interface EndpointHealth {
  readonly standing: Standing
  /** Costs nothing where it is news to nobody. The same error counts once, however many requests it met. */
  note(outcome: Outcome): void
}

/** One endpoint, and how it stands. */
export interface Source {
  readonly endpoint: RpcEndpoint
  readonly health: EndpointHealth
}

/** What is put to an endpoint: one request or several, and what is made of the replies. */
export type Question<Answer> = (endpoint: RpcEndpoint, source: Source) => Promise<Answer>

/** Several endpoints as one: who is asked, and who is asked next. */
export interface Sources {
  /**
   * Asks the best endpoint, and the next where that one fails: healthy before suspect, among equals the one that answered
   * last. One that lags or is down is not asked.
   *
   * @throws EndpointError where none answers; RpcError where one does not have the method.
   */
  ask<Answer>(question: Question<Answer>): Promise<Answer>
  /** Like `ask`, and goes on to the next where the answer is null: one endpoint's null says nothing. */
  askOn<Answer>(question: Question<Answer | null>): Promise<Answer | null>
  /**
   * Asks all that are not down but those left out, at once, in the order in which they would be asked. Who fails, or is slower
   * than the first by more than a second, is missing.
   */
  askAll<Answer>(question: Question<Answer>, but?: readonly Source[]): Promise<Given<Answer>[]>
  /** The endpoint to be asked first from now on, among equals. */
  prefer(source: Source): void
}

/** An answer, and whose it is. */
export interface Given<Answer> {
  readonly source: Source
  readonly answer: Answer
}

/** Who answers so much later than the first is not waited for. */
const graceMs = 1_000

const usable: readonly Standing[] = ['healthy', 'suspect']

/**
 * Puts one question to one endpoint, and notes how it did. A reply that makes no sense is a fault of the endpoint.
 *
 * @throws EndpointError, or RpcError for the node's own error.
 *
 * @example
 * await putTo(source, (endpoint) => endpoint.request('eth_chainId', []))
 */
export async function putTo<Answer>(source: Source, question: Question<Answer>): Promise<Answer> {
  const { endpoint, health } = source
  try {
    const answer = await question(endpoint, source)
    health.note(answered)
    return answer
  } catch (error) {
    if (error instanceof RpcError) {
      health.note(answered)
      throw error
    }
    const fault =
      error instanceof EndpointError
        ? error
        : new EndpointError('The endpoint’s reply makes no sense.', { endpoint: endpoint.name }, error)
    health.note({ kind: 'failed', error: fault })
    throw fault
  }
}

const answered: Outcome = { kind: 'answered' }

/**
 * Makes one of several endpoints.
 *
 * @example
 * const block = await joinSources(sources, clock).ask((endpoint) => endpoint.request('eth_blockNumber', []))
 */
export function joinSources(sources: readonly Source[], clock: Clock): Sources {
  // The one that answered last comes first.
  let order = [...sources]

  function prefer(source: Source): void {
    if (order[0] !== source) order = [source, ...order.filter((other) => other !== source)]
  }

  function candidates(): Source[] {
    const found = usable.flatMap((standing) => order.filter(({ health }) => health.standing === standing))
    if (found.length === 0) throw new EndpointError('No endpoint answers.')
    return found
  }

  async function askUntil<Answer>(question: Question<Answer>, isEnough: (answer: Answer) => boolean): Promise<Answer> {
    let lost: unknown
    let given: { answer: Answer } | undefined
    for (const source of candidates()) {
      try {
        const answer = await putTo(source, question)
        given = { answer }
        if (!isEnough(answer)) continue
        prefer(source)
        return answer
      } catch (error) {
        lost = error
      }
    }
    if (given !== undefined) return given.answer
    throw lost instanceof EndpointError || isMethodMissing(lost)
      ? lost
      : new EndpointError('Every endpoint failed.', {}, lost)
  }

  return {
    prefer,
    ask: (question) => askUntil(question, () => true),
    askOn: (question) => askUntil(question, (answer) => answer !== null),
    async askAll(question, but = []) {
      const asked = order.filter(
        (one) => !but.includes(one) && one.health.standing !== 'down' && one.health.standing !== 'barred',
      )
      const answers = await gather(
        asked.map((source) => putTo(source, question)),
        clock,
      )
      return asked.flatMap((source, index) => {
        const answer = answers.get(index)
        return answer === undefined ? [] : [{ source, answer: answer.value }]
      })
    },
  }
}

/** Those that come in time, by their place: all, or what has come a while after the first. */
function gather<Value>(promises: readonly Promise<Value>[], clock: Clock): Promise<Map<number, { value: Value }>> {
  const values = new Map<number, { value: Value }>()
  return new Promise((resolve) => {
    let callOff: (() => void) | undefined
    let left = promises.length
    const end = (): void => {
      callOff?.()
      resolve(values)
    }
    const settle = (): void => {
      left -= 1
      if (left === 0) end()
      else if (values.size > 0) callOff ??= clock.at(clock.now() + graceMs, end)
    }
    if (left === 0) end()
    promises.forEach((promise, index) => {
      promise
        .then(
          (value) => void values.set(index, { value }),
          () => {},
        )
        .then(settle)
    })
  })
}
