import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { useWorld } from './support/anvil.ts'
import { optionsFor } from './support/manager.ts'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'legwork-package-'))
const world = useWorld({ mining: 'interval', blockTimeS: 0.2 })

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the packed package', () => {
  test('trades from an empty folder that it was installed in, and has its command', async () => {
    const { stdout: packed } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root })
    const parsed = JSON.parse(packed) as { filename: string }[] | Record<string, { filename: string }>
    const [tarball] = Object.values(parsed)
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
    await run('npm', ['install', '--no-audit', '--no-fund', `./${tarball?.filename}`], { cwd: folder })
    const options = optionsFor(world(), join(folder, 'data'))
    writeFileSync(
      join(folder, 'bot.js'),
      `import { ExecutionManager } from 'legwork'
       import { legMachine } from 'legwork/machines'
       const execution = await ExecutionManager.open(${JSON.stringify(options)})
       const legs = await execution.executeTrade({ tradeId: 'trade_1', pair: 'ETH/USDC', amount: '60' })
       await execution.close()
       process.stdout.write(JSON.stringify({ statuses: legs.map(({ status }) => status), machine: legMachine.id }))`,
    )

    const { stdout } = await run(process.execPath, ['bot.js'], { cwd: folder })
    const { stdout: version } = await run('npx', ['legwork', '--version'], { cwd: folder })

    expect(JSON.parse(stdout)).toEqual({ statuses: ['done', 'done', 'done'], machine: 'leg' })
    expect(version.trim()).toBe(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version)
  }, 300_000)
})
