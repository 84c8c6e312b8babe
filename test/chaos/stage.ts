import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Account } from '../../scripts/world/accounts.ts'
import { startWorld, type World } from '../../scripts/world/world.ts'
import type { Hex } from '../../src/domain/hex.ts'
import { type Disk, openDisk } from '../crash/disk.ts'
import { compileChild, type Program } from '../crash/process.ts'
import { type Gate, startGate } from '../support/gate.ts'
import { type FaultPlan, faultPlan } from '../support/gatePlan.ts'
import type { Rules } from '../support/gateRules.ts'
import { gateWeights } from './settings.ts'

/** One endpoint, and what befalls its requests. */
interface BadEndpoint {
  readonly gate: Gate
  readonly plan: FaultPlan
}

/** All that a soak takes place on. */
export interface Stage {
  readonly program: Program
  readonly world: World
  /** Of the trader. */
  readonly wallets: readonly Account[]
  readonly dataDir: string
  readonly disk: Disk
  /** Both in front of the one node: the first has geth's rules, the second reth's. */
  readonly endpoints: readonly BadEndpoint[]
  close(): Promise<void>
}

/** Sets the stage; where that fails, what stood already is taken down. */
export async function openStage(seed: number): Promise<Stage> {
  const closers: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (const closeOne of closers.splice(0).reverse()) await closeOne()
  }
  try {
    const program = await compileChild('test/chaos')
    closers.push(program.remove)
    const world = await startWorld()
    closers.push(world.stop)
    // A reorg takes back what is there.
    await world.mine(10)
    const dataDir = await mkdtemp(join(tmpdir(), 'legwork-soak-'))
    closers.push(() => rm(dataDir, { recursive: true }))
    const disk = openDisk(dataDir)
    closers.push(disk.close)
    const endpoints: BadEndpoint[] = []
    for (const [index, rules] of (['geth', 'reth'] as const).entries()) {
      const endpoint = await openEndpoint(world, disk, { seed: seed + index, rules })
      closers.push(() => endpoint.gate.stop())
      endpoints.push(endpoint)
    }
    return { program, world, wallets: world.accounts.slice(0, 2), dataDir, disk, endpoints, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function openEndpoint(
  world: World,
  disk: Disk,
  { seed, rules }: { seed: number; rules: Rules },
): Promise<BadEndpoint> {
  const gate = await startGate(world.url)
  const plan = faultPlan({ seed, weights: gateWeights })
  const safe = new Set<string>()
  const isOnDisk = ({ raw }: { raw: Hex }): boolean => {
    // What was there once may be gone when its trade has ended.
    if (!safe.has(raw) && disk.hasBytes(raw)) safe.add(raw)
    return safe.has(raw)
  }
  gate.reset({ isOnDisk, rules, faults: plan, lateMaxMs: 1_500 })
  return { gate, plan }
}
