import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Interface, TypedDataEncoder, toBeHex } from 'ethers'

// `npm run artifacts` writes scripts/world/artifacts anew: three contracts of Uniswap V4's periphery, whose package weighs
// 80 MB. What they are taken from is pinned by version and hash, so that everybody gets the same files to the byte.

const release = {
  package: '@uniswap/v4-periphery@1.0.3',
  integrity: 'sha512-JxLL0Djv9XcMvI2PatEnWrCrxuEaYNVhHxstndBOP+aJfh1XLg5ec8SDZ0xyoVfg2ElJTvuKpBgnu90bNValsg==',
} as const

/** Compiled contracts of the release. The licence is that of their own source files. */
const compiled = [
  { contract: 'V4Quoter', file: 'foundry-out/V4Quoter.sol/V4Quoter.json', license: 'MIT' },
  { contract: 'StateView', file: 'foundry-out/StateView.sol/StateView.json', license: 'MIT' },
] as const

/** Permit2 has no artifact anywhere: its own project keeps the code that runs, for other projects' tests, as text. */
const permit2 = { contract: 'Permit2', file: 'lib/permit2/test/utils/DeployPermit2.sol', license: 'MIT' } as const
const permit2Abi = [
  'function DOMAIN_SEPARATOR() view returns (bytes32)',
  'function approve(address token, address spender, uint160 amount, uint48 expiration)',
  'function allowance(address owner, address token, address spender) view returns (uint160 amount, uint48 expiration, uint48 nonce)',
] as const

// That code remembers the chain and the domain it was made for: a test's. Permit2 as it is known remembers mainnet's, and
// makes a domain of its own on every other chain.
const mainnet = {
  chainId: 1,
  domain: { name: 'Permit2', chainId: 1, verifyingContract: '0x000000000022d473030f116ddee9f6b43ac78ba3' },
} as const
// PUSH32 of the chain, a comparison, and PUSH32 of the domain.
const remembered = /(?<=467f)[0-9a-f]{64}(?=03611b69577f)|(?<=03611b69577f)[0-9a-f]{64}/g

/** Both licences ask for their text to go with every copy. */
const licenses = { 'LICENSE.v4-periphery': 'LICENSE', 'LICENSE.permit2': 'lib/permit2/LICENSE' } as const

interface Compiled {
  readonly abi: ConstructorParameters<typeof Interface>[0]
  readonly bytecode: { readonly object: string }
}

const root = resolve(import.meta.dirname, '../..')
const target = join(root, 'scripts/world/artifacts')
const folder = mkdtempSync(join(tmpdir(), 'legwork-artifacts-'))
try {
  const packed = execFileSync('npm', ['pack', release.package, '--json', '--pack-destination', folder], {
    encoding: 'utf8',
  })
  const [{ filename, integrity }] = JSON.parse(packed) as [{ filename: string; integrity: string }]
  if (integrity !== release.integrity) throw new Error(`${release.package} is another one: ${integrity}`)
  execFileSync('tar', ['xzf', join(folder, filename), '-C', folder])

  for (const source of compiled) {
    const { abi, bytecode } = JSON.parse(read(source.file)) as Compiled
    write(source, { abi: new Interface(abi).format(), bytecode: bytecode.object })
  }
  write(permit2, { abi: permit2Abi, deployedBytecode: `0x${permit2Runtime(read(permit2.file))}` })
  for (const [name, file] of Object.entries(licenses)) writeFileSync(join(target, name), read(file))
  execFileSync('npx', ['biome', 'format', '--config-path=.config', '--write', target], { cwd: root })
} finally {
  rmSync(folder, { recursive: true })
}

function permit2Runtime(source: string): string {
  const runtime = /hex"([0-9a-f]+)"/.exec(source)?.[1]
  const words = [toBeHex(mainnet.chainId, 32), TypedDataEncoder.hashDomain(mainnet.domain)]
  if (runtime?.match(remembered)?.length !== words.length) throw new Error(`${permit2.file} has other code in it.`)
  return runtime.replace(remembered, () => String(words.shift()?.slice(2)))
}

function read(file: string): string {
  return readFileSync(join(folder, 'package', file), 'utf8')
}

function write(source: { contract: string }, code: object): void {
  writeFileSync(join(target, `${source.contract}.json`), `${JSON.stringify({ ...source, ...release, ...code })}\n`)
}
