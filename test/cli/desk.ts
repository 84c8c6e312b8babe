import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { World } from '../../scripts/world/world.ts'
import { ExecutionManager, type OpenOptions, type TradeOrder } from '../../src/index.ts'
import { venuesOf } from '../support/venues.ts'

/** A folder with a configuration file for a world, as a user of the command line has it. */
export interface Desk {
  readonly config: string
  readonly dataDir: string
  readonly options: OpenOptions
  remove(): Promise<void>
}

const keyEnv = 'LEGWORK_CLI_TEST_KEY'

/**
 * Sets up a desk; the key is in the environment.
 *
 * @example
 * const desk = await setUpDesk(world(), { gasLimit: 50_000 })
 */
export async function setUpDesk(
  world: World,
  config: OpenOptions['config'] = {},
  more: Partial<OpenOptions> = {},
): Promise<Desk> {
  const folder = await mkdtemp(join(tmpdir(), 'legwork-cli-'))
  process.env[keyEnv] = world.accounts[0]?.privateKey
  const dataDir = join(folder, 'data')
  const options: OpenOptions = {
    config,
    chain: { chainId: world.chainId, rpcUrls: [world.url], pollInterval: 0.02 },
    wallets: [{ privateKeyEnv: keyEnv }],
    tokens: world.tokens,
    venues: venuesOf(world),
    dataDir,
    ...more,
  }
  const file = join(folder, 'legwork.json')
  await writeFile(file, JSON.stringify(options))
  return { config: file, dataDir, options, remove: () => rm(folder, { recursive: true }) }
}

/**
 * Leaves a trade behind that was sent and has not ended.
 *
 * @example
 * await leaveUnfinished(desk, { tradeId: 'trade_1', pair: 'ETH/USDC', amount: '1' })
 */
export async function leaveUnfinished({ options }: Desk, order: TradeOrder): Promise<void> {
  const execution = await ExecutionManager.open(options)
  const sent = new Promise<void>((resolve) => {
    execution.on('step', ({ to }) => {
      if (to === 'submitted.pending') resolve()
    })
  })
  const result = execution.submitTrade(order).result()
  await sent
  await Promise.all([execution.close(), result.catch(() => {})])
}
