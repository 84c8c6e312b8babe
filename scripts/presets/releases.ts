import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

/** One release of a package: to a newer one with both its version and its hash, as `npm view` shows them. */
export interface Release {
  readonly name: string
  readonly version: string
  readonly integrity: string
}

/**
 * The packages that projects keep their own addresses in. Installed with all that they depend on they weigh hundreds of
 * megabytes; their own files are three. So they are read from the registry, and the hashes pin what they say.
 */
export const releases = {
  uniswap: {
    name: '@uniswap/sdk-core',
    version: '7.19.4',
    integrity: 'sha512-jV9qVMMD6qvEATgfFnZ3QgrhIMv5lullzeGPWjyC4+sUctatft+1M+OtAZxxjbFm8NQfJA73hqIeFPOg4cUyoA==',
  },
  // QuoterV2: what sdk-core calls a quoter is the first version on the older chains.
  uniswapQuoters: {
    name: '@uniswap/smart-order-router',
    version: '4.31.10',
    integrity: 'sha512-Bmg46KXDSfE1AAf1tPg+vDzMngVoGfzdohekhjJ1hIQG13tXcjEykqapQy+CrJUqXLL3lQvZj2uVEKfzCNH74Q==',
  },
  uniswapRouters: {
    name: '@uniswap/universal-router-sdk',
    version: '5.13.0',
    integrity: 'sha512-eAk5or7kZMV2ZlVr+NN0taDOm8MQs9KMfSEwXvC4ggfufVuswux/uVk2sNFx7C69f2Pj6bXLkZHoNH4xv1eqiA==',
  },
  permit2: {
    name: '@uniswap/permit2-sdk',
    version: '1.4.0',
    integrity: 'sha512-l/aGhfhB93M76vXs4eB8QNwhELE6bs66kh7F1cyobaPtINaVpMmlJv+j3KmHeHwAZIsh7QXyYzhDxs07u0Pe4Q==',
  },
  sushi: {
    name: 'sushi',
    version: '7.3.15',
    integrity: 'sha512-i4L2qg7QDb/3Wb0Zk0YTSP/qWkrxuhezZ/CsGj6J8sj7hAuyrT/fVAlOMToKhBEY3WOJZuwiZiuvnzAUK9j9RA==',
  },
  pancake: {
    name: '@pancakeswap/smart-router',
    version: '7.7.3',
    integrity: 'sha512-Ar1Fbo287arowv4X8AG7scaIwCCuEnNgGWYZBW9tCnH3B/9WeD9fHpKH3KeQmOeYriIGm9WAJSUMmapvd6E5gQ==',
  },
  pancakeChains: {
    name: '@pancakeswap/chains',
    version: '0.9.0',
    integrity: 'sha512-Uf3kRwgPHjyR5hU8AdIBYUc0cVKwCW0EcrbbGFGzEVRGTGey9raAMIZUEnwyh0KT+l16foMAhMYJhDhrrg5Jdg==',
  },
  balancer: {
    name: '@balancer/sdk',
    version: '6.1.1',
    integrity: 'sha512-SnEK+NypOx+RJnjJOqZHF7URyrqFKzwfR9md8iKaOhZNz+1l+B7dH74D3apcQGzBp4NdkyJHno4lTss/DFjmzg==',
  },
} as const satisfies Record<string, Release>

/** Where each release is unpacked. */
export type Folders = Readonly<Record<keyof typeof releases, string>>

const cache = resolve(import.meta.dirname, '../../.cache/presets')
const run = promisify(execFile)

/**
 * Unpacks every release, from the registry the first time.
 *
 * @throws Error where the registry has something else under a version than what is pinned here.
 */
export async function unpackReleases(): Promise<Folders> {
  mkdirSync(cache, { recursive: true })
  const unpacked = Object.entries(releases).map(async ([key, release]) => [key, await unpack(release)] as const)
  return Object.fromEntries(await Promise.all(unpacked)) as Folders
}

async function unpack(release: Release): Promise<string> {
  const target = join(cache, release.integrity.replace(/\W/g, '').slice(0, 32))
  if (existsSync(target)) return join(target, 'package')
  const folder = mkdtempSync(join(cache, 'new-'))
  try {
    const wanted = `${release.name}@${release.version}`
    const { stdout } = await run('npm', ['pack', wanted, '--silent', '--pack-destination', folder])
    const tarball = join(folder, stdout.trim())
    const integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`
    if (integrity !== release.integrity) throw new Error(`${wanted} is another one: ${integrity}`)
    await run('tar', ['xzf', tarball, '-C', folder])
    // What was unpacked only in part is never taken for the whole.
    if (!existsSync(target)) renameSync(folder, target)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return join(target, 'package')
}
