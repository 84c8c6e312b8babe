import type { Hex } from '../../src/domain/hex.ts'

/** One way to execute swaps. */
export interface Trader {
  readonly name: string
  /** One swap, from the order to its confirmed receipt. Resolves with its hash. @throws Error where it was not filled. */
  trade(): Promise<Hex>
  /** One swap, at least until the node has said that it has it. Resolves with its hash. */
  send(): Promise<Hex>
  close(): Promise<void>
}
