import type { BaseUnits } from './amount.ts'
import type { Hex } from './hex.ts'

/** One thing to be read from the chain's state. */
export type Read =
  | { readonly kind: 'call'; readonly to: Hex; readonly data: Hex; readonly from?: Hex; readonly value?: BaseUnits }
  | { readonly kind: 'balance'; readonly address: Hex }
  | { readonly kind: 'code'; readonly address: Hex }

/** The answer to one `Read`. A revert is an answer too: `data` has what the contract returned with it. */
export type ReadReply =
  | { readonly ok: true; readonly value: Hex }
  | { readonly ok: false; readonly message: string; readonly data?: Hex }

/** Things to read, and what their replies come to. Lets many askers share one round trip. */
export interface Request<Answer> {
  readonly reads: readonly Read[]
  /** @param replies - One for each of `reads`, in their order. */
  answer(replies: readonly ReadReply[]): Answer
}

/**
 * Several requests as one, so that they share a round trip.
 *
 * @example
 * const { reads, answer } = batchOf([allowance, balance])
 * const [allowed, held] = answer(await chain.read(reads))
 */
export function batchOf<const Requests extends readonly Request<unknown>[]>(
  requests: Requests,
): Request<{ -readonly [Index in keyof Requests]: Requests[Index] extends Request<infer Answer> ? Answer : never }> {
  return {
    reads: requests.flatMap(({ reads }) => reads),
    answer: (replies) => {
      let next = 0
      const answers = requests.map(({ reads, answer }) => {
        next += reads.length
        return answer(replies.slice(next - reads.length, next))
      })
      return answers as never
    },
  }
}

/** Where the chain's state is read. */
export interface Reader {
  /**
   * Reads all in one round trip, in order, at the same endpoint.
   *
   * @param at - Number of the block whose state is read; the latest without it.
   * @throws EndpointError where no endpoint answers, a rate limit included; a contract's refusal is a reply.
   */
  read(reads: readonly Read[], at?: number): Promise<ReadReply[]>
}
