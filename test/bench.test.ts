import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

// Figures depend on the machine and on what else it does: only their shape is checked.
test('a quick bench ends with one line of JSON that has every figure', async () => {
  const flags = ['--quick', '--json', '--source']

  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', 'scripts/bench/main.ts', ...flags],
    {
      cwd: root,
    },
  )

  const line = stdout.trimEnd().split('\n').at(-1) ?? ''
  const figure = expect.toSatisfy((value) => Number.isFinite(value) && value > 0)
  expect(JSON.parse(line)).toEqual({
    legsPerSecond: figure,
    ethersLegsPerSecond: figure,
    viemLegsPerSecond: figure,
    orderToWireMs: { p50: figure, p99: figure },
    ethersOrderToWireMs: { p50: figure, p99: figure },
    rpcCallsPerLeg: figure,
    cpuMsPerLeg: figure,
    bytesPerLiveLeg: figure,
    resumeMs: { 100: figure, 200: figure },
    // A header, the fee history, and no more: the same for any number of legs.
    callsPerBlock: { 100: figure, 200: figure },
    splitUs: figure,
  })
})
