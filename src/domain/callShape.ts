import type { Hex } from './hex.ts'

/** What calls of one form look like, digit by digit: a venue says it of its swaps, and nothing else of it is signed. Plain data. */
export interface CallShape {
  /** The contract. */
  readonly to: Hex
  /** Whether native coin may go with the call. */
  readonly payable: boolean
  /** The data of the call, in lower case, with one of `shapeMarks` in place of each digit that is not the same in all of them. */
  readonly text: Hex
}

/** What stands for a digit that depends on the swap. Each mark means the same address wherever a shape has it. */
export const shapeMarks = { any: '.', wallet: 'w', tokenIn: 'i', tokenOut: 'o' } as const
