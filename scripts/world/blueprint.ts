import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Built, buildWorld } from './build.ts'
import { packageVersions } from './packages.ts'

/** A world on disk, ready to be loaded. */
export interface Blueprint extends Omit<Built, 'genesis'> {
  /** For anvil's `--init`. */
  readonly genesisFile: string
}

const sourceFolder = import.meta.dirname
const defaultFolder = join(sourceFolder, '../../.cache/world')
// Long enough that no run which may still use an old world is under way.
const staleAfterMs = 24 * 60 * 60 * 1000

/**
 * The world as files: built by the first caller, and again only when this folder or a package changes. Callers at the
 * same time do not disturb each other.
 *
 * @param folder - Where worlds are kept; `.cache/world` in the project without it.
 * @throws Error where building fails.
 *
 * @example
 * const { genesisFile, tokens } = await readBlueprint()
 */
export async function readBlueprint(folder: string = defaultFolder): Promise<Blueprint> {
  const home = join(folder, await fingerprint())
  if (!existsSync(home)) await build(folder, home)
  const built = JSON.parse(await readFile(join(home, 'world.json'), 'utf8')) as Omit<Built, 'genesis'>
  return { ...built, genesisFile: join(home, 'genesis.json') }
}

async function build(folder: string, home: string): Promise<void> {
  const { genesis, ...built } = await buildWorld()
  await removeStale(folder)
  const draft = join(folder, `draft-${randomUUID()}`)
  await mkdir(draft, { recursive: true })
  await writeFile(join(draft, 'genesis.json'), JSON.stringify(genesis))
  await writeFile(join(draft, 'world.json'), JSON.stringify(built))
  try {
    // One step: whoever sees the folder sees all of it.
    await rename(draft, home)
  } catch (error) {
    await rm(draft, { recursive: true })
    // Another builder was first, with the same world.
    if (!existsSync(home)) throw error
  }
}

/** Everything that decides what the world looks like, as one name. */
async function fingerprint(): Promise<string> {
  const hash = createHash('sha256').update(packageVersions().join('\n'))
  const files = (await readdir(sourceFolder, { recursive: true })).filter((file) => /\.(ts|json)$/.test(file)).sort()
  for (const file of files) hash.update(file).update(await readFile(join(sourceFolder, file)))
  return hash.digest('hex')
}

async function removeStale(folder: string): Promise<void> {
  if (!existsSync(folder)) return
  for (const name of await readdir(folder)) {
    // Another builder's draft may have been moved to its place since the folder was read.
    const found = await stat(join(folder, name)).catch(() => null)
    if (found !== null && Date.now() - found.mtimeMs > staleAfterMs)
      await rm(join(folder, name), { recursive: true, force: true })
  }
}
