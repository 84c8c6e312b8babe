import type { Hex } from '../../src/domain/hex.ts'
import { execute, isMineable, type Outcome } from './evm.ts'
import { copyOf, type State } from './state.ts'
import type { WireTransaction } from './wire.ts'

/** A block, with all that follows from it. */
export interface SimBlock {
  readonly number: number
  readonly hash: Hex
  readonly parent: SimBlock | null
  readonly timestampS: number
  /** Wei per gas unit. */
  readonly baseFee: bigint
  readonly gasUsed: bigint
  readonly transactions: readonly WireTransaction[]
  readonly outcomes: ReadonlyMap<Hex, Outcome>
  readonly state: State
}

/** What goes into the next block. */
export interface Draft {
  readonly timestampS: number
  /** Each is taken where it can be, in this order. */
  readonly candidates: readonly WireTransaction[]
  /** Gas of strangers' transactions: it moves the base fee. */
  readonly gasUsed: bigint
  /** What strangers do to the pools before ours. */
  readonly move: (state: State) => void
}

/** Every block that was ever made, and which of them is the chain. */
export interface Ledger {
  tip(): SimBlock
  /** The highest that there ever was: what lies deep enough below it is final. */
  highest(): number
  build(parent: SimBlock, draft: Draft): SimBlock
  /** From now on this block is the chain's end. */
  adopt(tip: SimBlock, atMs: number): void
  /** When the chain was so high for the first time; infinity where it never was. */
  reachedAtMs(number: number): number
  /** All blocks that there ever were, orphans included. */
  blocks(): Iterable<SimBlock>
  byHash(hash: Hex): SimBlock | undefined
  /** Every block that has this transaction, orphans included. */
  holders(hash: Hex): readonly SimBlock[]
}

/** Half of it is what a block is meant to have. */
export const blockGasLimit = 30_000_000n

/** A ledger with one block. */
export function openLedger(state: State, { timestampS, baseFee }: { timestampS: number; baseFee: bigint }): Ledger {
  const byHash = new Map<Hex, SimBlock>()
  const holders = new Map<Hex, SimBlock[]>()
  const none = { transactions: [], outcomes: new Map() }
  const first = { number: 0, hash: hashOf(0), parent: null, timestampS, baseFee, gasUsed: blockGasLimit / 2n, state }
  let tip: SimBlock = { ...first, ...none }
  const reachedAtMs = [0]
  let highest = 0
  byHash.set(tip.hash, tip)

  return {
    tip: () => tip,
    highest: () => highest,
    build(parent, { timestampS, candidates, gasUsed, move }) {
      const setting = { number: parent.number + 1, timestampS, baseFee: nextBaseFee(parent) }
      const state = copyOf(parent.state)
      move(state)
      const transactions: WireTransaction[] = []
      const outcomes = new Map<Hex, Outcome>()
      for (const candidate of candidates) {
        if (!isMineable(state, candidate, setting.baseFee)) continue
        transactions.push(candidate)
        outcomes.set(candidate.hash, execute(state, candidate, setting))
      }
      const block = { ...setting, hash: hashOf(byHash.size), parent, gasUsed, transactions, outcomes, state }
      byHash.set(block.hash, block)
      for (const { hash } of transactions) holders.set(hash, [...(holders.get(hash) ?? []), block])
      return block
    },
    adopt(block, atMs) {
      tip = block
      for (; highest < block.number; highest += 1) reachedAtMs.push(atMs)
    },
    reachedAtMs: (number) => reachedAtMs[number] ?? Number.POSITIVE_INFINITY,
    blocks: () => byHash.values(),
    byHash: (hash) => byHash.get(hash),
    holders: (hash) => holders.get(hash) ?? [],
  }
}

/** The block of this number below `block`, or itself; undefined above it. */
export function ancestorAt(block: SimBlock, number: number): SimBlock | undefined {
  if (number > block.number || number < 0) return undefined
  let found: SimBlock | null = block
  while (found !== null && found.number > number) found = found.parent
  return found ?? undefined
}

/** Where the chain that ends in `tip` has this transaction. */
export function findMined(ledger: Ledger, tip: SimBlock, hash: Hex): SimBlock | undefined {
  return ledger.holders(hash).find((block) => ancestorAt(tip, block.number) === block)
}

/** By the rule of EIP-1559. */
export function nextBaseFee({ baseFee, gasUsed }: Pick<SimBlock, 'baseFee' | 'gasUsed'>): bigint {
  const target = blockGasLimit / 2n
  if (gasUsed === target) return baseFee
  if (gasUsed < target) return baseFee - (baseFee * (target - gasUsed)) / target / 8n
  const rise = (baseFee * (gasUsed - target)) / target / 8n
  return baseFee + (rise > 1n ? rise : 1n)
}

function hashOf(index: number): Hex {
  return `0x${'b'.repeat(48)}${index.toString(16).padStart(16, '0')}`
}
