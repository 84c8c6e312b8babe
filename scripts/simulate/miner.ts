import { walletOf } from './contracts.ts'
import { ancestorAt, findMined, type SimBlock } from './ledger.ts'
import { addTo, balanceOf, native, nonceOf, type State } from './state.ts'
import type { WireTransaction } from './wire.ts'
import { markTroubles, movePool, type World } from './world.ts'

/** Makes blocks, and now and then makes the newest ones anew. */
export interface Miner {
  /** From now on the next block has this transaction if it can, past all pools. */
  slip(transaction: WireTransaction): void
  /** Until then all blocks are full. */
  spike(untilMs: number): void
  /** Replaces so many of the newest blocks. */
  reorg(depth: number): void
}

const target = 15_000_000n
const full = 30_000_000n
const ether = 10n ** 18n
const grantWei = 100n * ether

/** Starts mining. Blocks reach each node after a while of its own. */
export function startMiner(world: World): Miner {
  const { plan, timeline, ledger, nodes, faults, scenarios, story } = world
  const random = world.random('miner')
  const slipped = new Map<string, WireTransaction>()
  let spikesUntilMs = 0

  function strangersGas(parent: SimBlock): bigint {
    const usual = BigInt(plan.baseFeeGwei) * 1_000_000_000n
    if (timeline.now() < spikesUntilMs) return full
    if (parent.baseFee > usual + usual / 4n) return 0n
    if (parent.baseFee < usual - usual / 4n) return full
    return target + BigInt(random.int(-5_000_000, 5_000_000))
  }

  function move(state: State): void {
    if (world.isHealed()) {
      // Faults are over: whoever could not pay can pay now.
      for (let index = 0; index < plan.wallets; index += 1) {
        const wallet = walletOf(index)
        if (balanceOf(state, native, wallet) >= 50n * ether) continue
        addTo(state, native, wallet, grantWei)
        addTo(state, 'granted', wallet, grantWei)
      }
    }
    markTroubles(world, state)
    if (random.chance(0.5)) movePool(state, plan, random, 10)
    if (!world.isHealed() && faults.isOn('poolMove') && random.chance(0.2)) {
      faults.note('poolMove')
      movePool(state, plan, random, 300)
    }
  }

  /** In the order of their nonces; accounts take turns by chance. */
  function ordered(transactions: readonly WireTransaction[]): WireTransaction[] {
    const mixed = random.shuffled(transactions)
    // What was slipped in pays more than anybody.
    mixed.sort((a, b) => a.nonce - b.nonce || Number(b.isForeign) - Number(a.isForeign))
    return mixed
  }

  function candidates(): readonly WireTransaction[] {
    if (!world.isHealed() && faults.isOn('emptyBlock') && random.chance(0.15)) {
      faults.note('emptyBlock')
      return []
    }
    const builder = random.pick(nodes)
    return ordered([...slipped.values(), ...builder.pool()])
  }

  function build(parent: SimBlock, chosen: readonly WireTransaction[]): SimBlock {
    const timestampS = Math.max(parent.timestampS + 1, Math.floor(timeline.now() / 1000) + plan.skewS)
    const block = ledger.build(parent, { timestampS, candidates: chosen, gasUsed: strangersGas(parent), move })
    story.tell('chain', () => {
      const inside = block.transactions.map(({ hash, nonce }) => {
        const outcome = block.outcomes.get(hash)
        return ` ${hash.slice(0, 10)} (nonce ${nonce}, ${outcome?.reason ?? 'ok'})`
      })
      return `block ${block.number} ${block.hash.slice(-6)} on ${parent.hash.slice(-6)}, base fee ${block.baseFee}:${inside.join() || ' empty'}`
    })
    return block
  }

  function publish(tip: SimBlock): void {
    ledger.adopt(tip, timeline.now())
    for (const { hash, from, nonce } of tip.transactions) slipped.delete(`${from} ${nonce} ${hash}`)
    for (const node of nodes) timeline.outside(timeline.now() + random.int(10, 600), () => node.hear(tip))
  }

  function mine(): void {
    publish(build(ledger.tip(), candidates()))
    timeline.outside(timeline.now() + Math.round(plan.blockTimeMs * (0.5 + random.next())), mine)
  }

  function replace(depth: number): void {
    const before = ledger.tip()
    const floor = ledger.highest() - plan.reorgDepthMax
    const base = ancestorAt(before, Math.max(before.number - depth, floor, 0))
    if (base === undefined || base === before) return
    const gone: WireTransaction[] = []
    for (let block: SimBlock | null = before; block !== null && block !== base; block = block.parent) {
      gone.push(...block.transactions)
    }
    const length = before.number - base.number + random.int(0, 1)
    const keep = random.pick([0, 0.5, 1])
    const staysMined = !faults.isOn('foreignReorg')
    let tip = base
    for (let step = 0; step < length; step += 1) {
      const kept = gone.filter((one) => (one.isForeign && staysMined) || random.chance(keep))
      const others = kept.flatMap((one) => (one.isForeign ? [one] : random.pick(rivals(one))))
      tip = build(tip, ordered([...others, ...(random.chance(0.5) ? random.pick(nodes).pool() : [])]))
    }
    // What the other program sent stays mined, unless that is what is to be tried.
    if (staysMined) tip = withForeign(tip, base, gone)
    if (staysMined && missingForeign(tip, gone).length > 0) return
    faults.note('reorg')
    story.tell('chain', () => `reorg of ${before.number - base.number} blocks, down to ${base.hash.slice(-6)}`)
    ledger.adopt(tip, timeline.now())
    noteReorg(gone, before)
    publish(tip)
  }

  /** Itself, or another attempt on its nonce that some node still has. */
  function rivals(one: WireTransaction): WireTransaction[][] {
    const others = [...world.arrived].filter((other) => other.from === one.from && other.nonce === one.nonce)
    return [[one], others]
  }

  function missingForeign(tip: SimBlock, gone: readonly WireTransaction[]): WireTransaction[] {
    return gone.filter((one) => one.isForeign && findMined(ledger, tip, one.hash) === undefined)
  }

  function withForeign(tip: SimBlock, base: SimBlock, gone: readonly WireTransaction[]): SimBlock {
    const missing = missingForeign(tip, gone)
    if (missing.length === 0) return tip
    // Built again with what the other program sent, right where it was possible.
    let again = base
    const path: SimBlock[] = []
    for (let block: SimBlock | null = tip; block !== null && block !== base; block = block.parent) path.unshift(block)
    for (const block of path) again = build(again, ordered([...missing, ...gone, ...block.transactions]))
    return again
  }

  function noteReorg(gone: readonly WireTransaction[], before: SimBlock): void {
    for (const { hash, from, nonce, isForeign } of gone) {
      const tip = ledger.tip()
      if (isForeign && findMined(ledger, tip, hash) === undefined) {
        faults.note('foreignReorg')
        scenarios.note('5 foreign transaction gone again')
      }
      if (isForeign) continue
      const now = findMined(ledger, tip, hash)
      const was = findMined(ledger, before, hash)
      if (now !== undefined && now !== was) scenarios.note('6 reorg mines it elsewhere')
      if (now?.outcomes.get(hash)?.succeeded !== was?.outcomes.get(hash)?.succeeded && now !== undefined) {
        scenarios.note('6 reorg turns the result round')
      }
      if (now !== undefined) continue
      const isReplaced = nonceOf(tip.state, from) > nonce
      scenarios.note(isReplaced ? '6 reorg mines another attempt' : '6 reorg drops a transaction')
    }
  }

  timeline.outside(timeline.now() + plan.blockTimeMs, mine)
  return {
    slip: (transaction) =>
      void slipped.set(`${transaction.from} ${transaction.nonce} ${transaction.hash}`, transaction),
    spike: (untilMs) => {
      spikesUntilMs = untilMs
    },
    reorg: replace,
  }
}
