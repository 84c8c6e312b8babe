import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encryptKeystoreJson } from 'ethers'
import { short } from '../../src/cli/figures.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import type { Hex, OpenOptions, TradeOrder } from '../../src/index.ts'
import { startWorld, type World } from '../world/world.ts'
import type { Cleanup } from './cleanup.ts'

/** Everything that a demo plays on: a chain with exchanges, a wallet in a keystore, and a folder for stores. */
export interface Stage {
  readonly terminal: Terminal
  readonly cleanup: Cleanup
  readonly world: World
  readonly wallet: Hex
  /** As a configuration has them. */
  readonly venues: OpenOptions['venues']
  /** Ids of the processes that must be gone at the end. */
  readonly processes: Set<number>
  /** For `ExecutionManager.open`, with a store of this name and whatever else is to differ. Plain JSON, if that is. */
  options(store: string, different?: Partial<OpenOptions>): OpenOptions
}

/** What the demos sell: as much as every venue could just take alone, and far more than any should. */
export const order: TradeOrder = { tradeId: 'demo', pair: 'ETH/USDC', amount: '30' }

const blockTimeS = 0.25
/** Wei of the first block: gas has a price at which it counts. */
const baseFee = 20_000_000_000
const passwordEnv = 'LEGWORK_DEMO_PASSWORD'
// A keystore that opens at once. One that guards real money takes a hundred times as much.
const cheapScrypt = { scrypt: { N: 1024 } }

/**
 * Sets the stage and says what is on it.
 *
 * @param options.gasLimit - Ceiling of one transaction, in gas units; the library's default without it.
 * @throws Error where the node does not start.
 *
 * @example
 * const stage = await setStage(terminal, cleanup, {})
 */
export async function setStage(
  terminal: Terminal,
  cleanup: Cleanup,
  { gasLimit }: { gasLimit?: number },
): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'legwork-demo-'))
  cleanup.add(() => rm(folder, { recursive: true, force: true }))
  const world = await startWorld({ blockTimeS, baseFee })
  cleanup.add(() => world.stop())
  // The older routers tell their age by a deadline that has passed, and before the first block none has.
  await world.mine()
  const [account] = world.accounts
  if (account === undefined) throw new Error('The node has no account.')

  const keystore = join(folder, 'wallet.json')
  const password = randomUUID()
  await writeFile(keystore, await encryptKeystoreJson(account, password, cheapScrypt), { mode: 0o600 })
  process.env[passwordEnv] = password

  const venues = venuesOf(world)
  introduce(terminal, world, account.address)
  return {
    terminal,
    cleanup,
    world,
    wallet: account.address,
    venues,
    processes: new Set([world.pid]),
    options: (store, { config, ...different } = {}) => ({
      config: gasLimit === undefined ? { ...config } : { ...config, gasLimit },
      chain: { chainId: world.chainId, rpcUrls: [world.url], pollInterval: 0.05 },
      wallets: [{ keystore, passwordEnv }],
      tokens: world.tokens,
      venues,
      dataDir: join(folder, store),
      ...different,
    }),
  }
}

/** Every venue of the world, as a configuration has them. */
function venuesOf({ venues, moreVenues }: World): OpenOptions['venues'] {
  const configured = venues.map((venue) =>
    venue.kind === 'uniswapV2' ? venue : { id: venue.id, kind: venue.kind, router: venue.router, quoter: venue.quoter },
  )
  // Their lists are read-only, and a configuration may be anybody's.
  return [...configured, ...(moreVenues as unknown as OpenOptions['venues'])]
}

function introduce({ write, paint }: Terminal, world: World, wallet: Hex): void {
  const [names, more] = [world.venues, world.moreVenues].map((venues) => venues.map(({ id }) => id).join(', '))
  const facts = [
    ['order', `sell ${order.amount} ETH for USDC`],
    ['venues', `${names},`],
    ['', `${more} (their real contracts)`],
    ['chain', `anvil on 127.0.0.1:${world.port}, process ${world.pid}, a block every ${blockTimeS} s`],
    ['wallet', `${short(wallet)}, in an encrypted keystore`],
  ]
  write(`\n${paint('bold', 'Legwork')}\n\n`)
  for (const [name = '', fact = ''] of facts) write(`  ${paint('dim', name.padEnd(8))}  ${fact}\n`)
  write('\n')
}

/**
 * A heading between the parts of a demo.
 *
 * @example
 * heading(terminal, 'The trade')
 */
export function heading({ write, paint }: Terminal, text: string): void {
  write(`\n${paint('bold', text)}\n\n`)
}

/**
 * A line that says that a check held.
 *
 * @example
 * proven(terminal, 'Nothing was sent twice.')
 */
export function proven({ write, paint }: Terminal, text: string): void {
  write(`  ${paint('green', '✓')} ${text}\n`)
}
