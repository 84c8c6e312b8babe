import { poolOf, routerOf, tokens, walletOf } from './contracts.ts'
import type { Disk } from './disk.ts'
import type { Kind } from './kinds.ts'
import type { Miner } from './miner.ts'
import { dry, nonceOf, refusing, reverting } from './state.ts'
import type { World } from './world.ts'

const gwei = 1_000_000_000n

/** What can be made to happen beside what comes by itself. */
export interface Weather {
  /** Another program takes the next nonce of some wallet. */
  foreign(): void
  /** As deep a reorg as there may be. */
  unwind(delayMs: number): void
}

/** Brings the faults that come over the world by themselves, until it heals. */
export function startWeather(world: World, miner: Miner, disk: Disk): Weather {
  const { plan, timeline, nodes, faults, story, ledger, wire } = world
  const random = world.random('weather')

  /** Calls back at irregular times while the world is not healed. */
  function often(kind: Kind, meanMs: number, strike: () => void): void {
    if (!faults.isOn(kind)) return
    const next = (): void => {
      const atMs = timeline.now() + Math.round(meanMs * (0.2 + 1.6 * random.next()))
      timeline.outside(atMs, () => {
        if (world.isHealed()) return
        strike()
        next()
      })
    }
    next()
  }

  /** Never beyond the time at which all is to be well. */
  function until(longestMs: number): number {
    return Math.min(world.healsAtMs, timeline.now() + random.int(2_000, longestMs))
  }

  function tell(kind: Kind, what: string): void {
    faults.note(kind)
    story.tell('weather', () => `${kind}: ${what}`)
  }

  often('reorg', plan.reorgEveryMs, () => miner.reorg(random.int(1, plan.reorgDepthMax)))
  often('endpointDown', 40_000, () => {
    const node = random.pick(nodes)
    node.downUntilMs = until(40_000)
    tell('endpointDown', node.name)
  })
  often('allDown', 90_000, () => {
    const untilMs = until(40_000)
    for (const node of nodes) node.downUntilMs = untilMs
    tell('allDown', 'all of them')
  })
  often('lag', 40_000, () => {
    const node = random.pick(nodes)
    node.lag(until(90_000))
    tell('lag', node.name)
  })
  // Nobody can tell a lie where there are not two others to agree.
  if (nodes.length >= 3) {
    often('lie', 40_000, () => {
      const node = random.pick(nodes)
      node.liesUntilMs = until(40_000)
      tell('lie', node.name)
    })
  }
  often('nullReceipt', 40_000, () => {
    const node = random.pick(nodes)
    node.nullReceiptsUntilMs = until(120_000)
    tell('nullReceipt', node.name)
  })
  often('vanish', 20_000, () => {
    const victim = nodes.flatMap((node) => node.pool())
    if (victim.length === 0) return
    const one = random.pick(victim)
    const from = random.chance(0.6) ? nodes : [random.pick(nodes)]
    for (const node of from) node.forget(one.hash)
    tell('vanish', `${one.hash.slice(0, 10)} (nonce ${one.nonce})`)
  })
  often('refuse', 50_000, () => {
    for (const node of nodes) node.refusesSwaps = true
    tell('refuse', 'begins')
    timeline.outside(until(20_000), () => {
      for (const node of nodes) node.refusesSwaps = false
    })
  })
  often('spike', 60_000, () => {
    world.tipWei = BigInt(random.int(1, 4)) * gwei
    miner.spike(until(120_000))
    tell('spike', 'begins')
  })
  const venueFor = (kind: 'venueRefuses' | 'venueReverts', mark: string): void =>
    often(kind, 25_000, () => {
      const router = routerOf(random.int(0, plan.venues - 1))
      world.troubles.set(`${mark} ${router}`, until(60_000))
      tell(kind, router)
    })
  venueFor('venueRefuses', refusing)
  venueFor('venueReverts', reverting)
  often('poolDry', 30_000, () => {
    const [one, other] = random.shuffled(tokens)
    if (one === undefined || other === undefined) return
    const pool = poolOf(routerOf(random.int(0, plan.venues - 1)), one.address, other.address)
    world.troubles.set(`${dry} ${pool}`, until(60_000))
    tell('poolDry', pool)
  })
  often('diskFull', 50_000, () => {
    disk.isFull = true
    tell('diskFull', 'begins')
    timeline.outside(until(15_000), () => {
      disk.isFull = false
    })
  })
  often('backup', 30_000, () => {
    disk.backUp()
    tell('backup', 'is made')
  })
  const foreign = (): void => {
    const wallet = walletOf(random.int(0, plan.wallets - 1))
    const nonce = nonceOf(ledger.tip().state, wallet)
    const fees = { maxFeePerGas: `${10_000n * gwei}`, maxPriorityFeePerGas: `${gwei}` } as const
    const nothing = { to: wallet, data: '0x', value: '0' } as const
    const { raw, hash } = wire.sign(wallet, { chainId: 31_337, nonce, gasLimit: 21_000, ...nothing, ...fees }, true)
    const transaction = wire.read(raw)
    if (transaction === undefined) return
    miner.slip(transaction)
    tell('foreign', `${hash.slice(0, 10)} takes nonce ${nonce}`)
  }
  often('foreign', 45_000, foreign)
  return {
    foreign,
    unwind(delayMs) {
      timeline.outside(timeline.now() + delayMs, () => {
        if (!world.isHealed() && faults.isOn('reorg')) miner.reorg(plan.reorgDepthMax)
      })
    },
  }
}
