import { Interface } from 'ethers'
import type { Artifact } from './packages.ts'

// The codes of the machine that are needed here.
const op = {
  gt: '11',
  keccak256: '20',
  calldataload: '35',
  calldatasize: '36',
  calldatacopy: '37',
  codecopy: '39',
  mstore: '52',
  sload: '54',
  sstore: '55',
  jumpi: '57',
  jumpdest: '5b',
  dup1: '80',
  create2: 'f5',
  return: 'f3',
}
const entryBytes = 9
const creationBytes = 15
// deploy(factory, token0, token1, fee, tickSpacing) has these words behind its selector; parameters() has none.
const words = [0, 1, 2, 3, 4]

/**
 * What makes the pools of PancakeSwap V3. Its package has the pool and the factory but not this contract, so it is written here,
 * and does what the two ask of it: it makes a pool at the address where routers look for it, and tells the pool in the
 * making what it is for.
 *
 * @example
 * const maker = await deployer.deploy(poolMaker(readArtifact('@pancakeswap/v3-core/…/PancakeV3Pool.json')))
 */
export function poolMaker({ bytecode }: Artifact): Artifact {
  const pool = bytecode.slice(2)
  const head = (poolAt: number) => maker(poolAt, pool.length / 2)
  const code = head(head(0).length / 2) + pool
  const creation = [push(code.length / 2), op.dup1, push(creationBytes), push(0), op.codecopy, push(0), op.return]
  return { abi: new Interface([]), bytecode: `0x${creation.join('')}${code}` }
}

/** The contract before the code of the pool, which has `poolSize` bytes from `poolAt` on. */
function maker(poolAt: number, poolSize: number): string {
  const answerParameters = [
    ...words.flatMap((word) => [push(word), op.sload, push(32 * word), op.mstore]),
    ...[push(32 * words.length), push(0), op.return],
  ].join('')
  const entry = [push(4), op.calldatasize, op.gt, push(entryBytes + answerParameters.length / 2), op.jumpi]
  const deploy = [
    op.jumpdest,
    ...words.flatMap((word) => [push(4 + 32 * word), op.calldataload, push(word), op.sstore]),
    // The salt is the hash of both tokens and the fee: three words, behind the selector and the factory.
    ...[push(96), push(36), push(0), op.calldatacopy, push(96), push(0), op.keccak256],
    ...[push(poolSize), push(poolAt), push(0), op.codecopy, push(poolSize), push(0), push(0), op.create2],
    ...[push(0), op.mstore, push(32), push(0), op.return],
  ]
  return [...entry, answerParameters, ...deploy].join('')
}

/** PUSH2: two bytes, however small the number, so that lengths do not depend on it. */
function push(value: number): string {
  return `61${value.toString(16).padStart(4, '0')}`
}
