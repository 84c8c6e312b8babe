import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Interface } from 'ethers'
import type { Hex } from '../../src/domain/hex.ts'
import { type Artifact, readArtifact } from './packages.ts'

const routerPackage = '@uniswap/universal-router'

// The router's package carries V4's contracts only inside the sources of its typed bindings, the bytecode as one string.
const bindingsFolder = 'typechain/factories'
const bindings = {
  PoolManager: [
    'constructor(address owner)',
    'function initialize((address, address, uint24, int24, address) key, uint160 sqrtPriceX96) returns (int24)',
  ],
  PositionManager: [
    'constructor(address poolManager, address permit2, uint256 unsubscribeGasLimit, address descriptor, address weth9)',
    'function modifyLiquidities(bytes unlockData, uint256 deadline) payable',
  ],
} as const

/** The router itself. */
export function routerArtifact(): Artifact {
  return readArtifact(`${routerPackage}/artifacts/contracts/UniversalRouter.sol/UniversalRouter.json`)
}

/**
 * A contract of V4 that the router's package was tested with.
 *
 * @throws Error where the package has it no more.
 */
export function boundArtifact(contract: keyof typeof bindings): Artifact {
  const home = dirname(createRequire(import.meta.url).resolve(`${routerPackage}/package.json`))
  const source = readFileSync(join(home, bindingsFolder, `${contract}__factory.ts`), 'utf8')
  const bytecode = /const _bytecode =\s*"(0x[0-9a-f]+)"/.exec(source)?.[1]
  if (bytecode === undefined) throw new Error(`${routerPackage} has no bytecode of ${contract}.`)
  return { abi: new Interface(bindings[contract]), bytecode: bytecode as Hex }
}

/** A contract that is kept here, since its package is far too heavy for every clone: see `scripts/artifacts`. */
export function keptArtifact(contract: 'V4Quoter' | 'StateView'): Artifact {
  const { abi, bytecode } = readKept(contract)
  return { abi: new Interface(abi), bytecode }
}

/** Permit2 as it runs on mainnet, for `anvil_setCode`: nothing that deploys it is published. */
export function permit2Runtime(): { readonly abi: Interface; readonly code: Hex } {
  const { abi, deployedBytecode } = readKept('Permit2')
  return { abi: new Interface(abi), code: deployedBytecode }
}

interface Kept {
  readonly abi: ConstructorParameters<typeof Interface>[0]
  readonly bytecode: Hex
  readonly deployedBytecode: Hex
}

function readKept(contract: string): Kept {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'artifacts', `${contract}.json`), 'utf8')) as Kept
}
