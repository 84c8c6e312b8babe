import type { Hex } from '../../src/domain/hex.ts'

/** One way to execute swaps. */
export interface Trader {
  readonly name: string
  /** One swap, from the order to its confirmed receipt. Resolves with its hash. @throws Error where it was not filled. */
  trade(): Promise<Hex>
  close(): Promise<void>
}
