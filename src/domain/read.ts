import type { BaseUnits } from './amount.ts'
import type { Hex } from './hex.ts'

/** One thing to be read from the chain's latest state. */
export type Read =
  | { readonly kind: 'call'; readonly to: Hex; readonly data: Hex; readonly from?: Hex; readonly value?: BaseUnits }
  | { readonly kind: 'balance'; readonly address: Hex }
  | { readonly kind: 'code'; readonly address: Hex }

/** The answer to one `Read`. A revert is an answer too: `data` has what the contract returned with it. */
export type ReadReply =
  | { readonly ok: true; readonly value: Hex }
  | { readonly ok: false; readonly message: string; readonly data?: Hex }

/** Where the chain's latest state is read. */
export interface Reader {
  /**
   * Reads all in one round trip, in order, at the same endpoint.
   *
   * @throws EndpointError where no endpoint answers, a rate limit included; a contract's refusal is a reply.
   */
  read(reads: readonly Read[]): Promise<ReadReply[]>
}
