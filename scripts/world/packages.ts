import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Interface } from 'ethers'
import type { Hex } from '../../src/domain/hex.ts'

/** A compiled contract. */
export interface Artifact {
  readonly abi: Interface
  /** What creates it, without constructor arguments. */
  readonly bytecode: Hex
}

const require = createRequire(import.meta.url)

// The platforms that Foundry publishes, by the names of Node.
const architectures: Record<string, string> = { x64: 'amd64', arm64: 'arm64' }
const anvilPackage = `@foundry-rs/anvil-${process.platform}-${architectures[process.arch] ?? process.arch}`

/**
 * The node's own binary. The wrapper beside it does not pass a SIGTERM on, and leaves an orphan.
 *
 * @throws Error where Foundry has none for this platform.
 */
export function anvilPath(): string {
  return join(packageFolder(anvilPackage), 'bin', 'anvil')
}

const contractPackages = [
  '@aragon/minime',
  '@balancer-labs/v2-deployments',
  '@cryptoalgebra/integral-core',
  '@cryptoalgebra/integral-periphery',
  '@pancakeswap/v3-core',
  '@pancakeswap/v3-periphery',
  '@sushiswap/core',
  '@uniswap/swap-router-contracts',
  '@uniswap/universal-router',
  '@uniswap/v2-core',
  '@uniswap/v2-periphery',
  '@uniswap/v3-core',
  '@uniswap/v3-periphery',
]

/**
 * Everything installed that decides what the world looks like.
 *
 * @example
 * packageVersions() // ['@foundry-rs/anvil-linux-amd64@1.7.1', '@sushiswap/core@2.0.0-canary.1', …]
 */
export function packageVersions(): string[] {
  return [anvilPackage, ...contractPackages].map((name) => {
    const { version } = readJson(join(packageFolder(name), 'package.json')) as { version: string }
    return `${name}@${version}`
  })
}

/**
 * A compiled contract from an installed package.
 *
 * @param path - The package's name and the file in it.
 * @throws Error where there is no such file.
 *
 * @example
 * readArtifact('@uniswap/v2-periphery/build/WETH9.json').abi.getFunction('deposit')
 */
export function readArtifact(path: string): Artifact {
  const file = join(packageFolder(packageOf(path)), path.slice(packageOf(path).length))
  const { abi, bytecode } = readJson(file) as { abi: ConstructorParameters<typeof Interface>[0]; bytecode: string }
  return { abi: new Interface(abi), bytecode: bytecode.startsWith('0x') ? (bytecode as Hex) : `0x${bytecode}` }
}

function packageOf(path: string): string {
  return path.split('/').slice(0, 2).join('/')
}

function packageFolder(name: string): string {
  // Anvil's platform package is a dependency of its wrapper, which need not share a folder with it.
  const from = name === anvilPackage ? createRequire(require.resolve('@foundry-rs/anvil/package.json')) : require
  // Looked for by hand, since some packages do not let their own description be resolved.
  const folders = (from.resolve.paths(name) ?? []).map((folder) => join(folder, name))
  const found = folders.find((folder) => existsSync(join(folder, 'package.json')))
  if (found === undefined) throw new Error(`${name} is not installed.`)
  return found
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}
