import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { World } from '../../scripts/world/world.ts'
import { type ExecutionConfig, ExecutionManager, type OpenOptions } from '../../src/index.ts'
import { type Openers, realOpeners } from '../../src/runtime/openExecution.ts'
import { venuesOf } from './venues.ts'

/** Options that open a manager on a test world, with its first account, quick enough for tests. */
export function optionsFor(world: World, dataDir: string, config: ExecutionConfig = {}): OpenOptions {
  const [account] = world.accounts
  process.env.LEGWORK_TEST_KEY = account?.privateKey
  return {
    config: { retryDelay: 0.05, bumpInterval: 30, ...config },
    chain: { chainId: world.chainId, rpcUrls: [world.url], pollInterval: 0.02 },
    wallets: [{ privateKeyEnv: 'LEGWORK_TEST_KEY' }],
    tokens: world.tokens,
    venues: venuesOf(world),
    dataDir,
  }
}

/** Opens managers for the tests of a file; closes them and removes their data after each test. */
export function useManagers(world: () => World) {
  const opened: ExecutionManager[] = []
  const folders: string[] = []
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((manager) => manager.close()))
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  })

  function dataDir(): string {
    const folder = mkdtempSync(join(tmpdir(), 'legwork-test-'))
    folders.push(folder)
    return folder
  }

  async function open(
    config: ExecutionConfig = {},
    { openers = realOpeners, ...more }: Partial<OpenOptions> & { openers?: Openers } = {},
  ): Promise<ExecutionManager> {
    const options = { ...optionsFor(world(), more.dataDir ?? dataDir(), config), ...more }
    const manager = await ExecutionManager.openWith(options, openers)
    opened.push(manager)
    return manager
  }

  return { open, dataDir }
}

/** Resolves when `check` holds. Waits long, so that only a real fault ends it. */
export async function eventually(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const endMs = Date.now() + 30_000
  while (!(await check())) {
    if (Date.now() > endMs) throw new Error(`Waited in vain for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
