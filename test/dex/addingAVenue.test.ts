import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import type { RevertCode } from '../../src/dex/reverts.ts'

const root = resolve(import.meta.dirname, '../..')
const page = readFileSync(resolve(root, 'src/dex/README.md'), 'utf8')
const { scripts } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as { scripts: object }

test('the page on adding a venue quotes the code as it is', () => {
  const quotes = [...page.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)]

  expect(quotes.length).toBe(page.match(/```ts/g)?.length)
  for (const [, file = '', code = ''] of quotes) expect(readFileSync(resolve(root, file), 'utf8')).toContain(code)
})

test('the page on adding a venue names only files and commands that there are', () => {
  const files = [...page.matchAll(/`((?:src|test|scripts)\/[\w./]+)`/g)].map(([, file = '']) => file)
  const besides = [...page.matchAll(/`(\w+\.ts)`/g)].map(([, file = '']) => `src/dex/${file}`)
  const commands = [...page.matchAll(/`npm run (\w+)`/g)].map(([, command = '']) => command)

  expect(files.length).toBeGreaterThan(5)
  expect([...files, ...besides].filter((file) => !existsSync(resolve(root, file)))).toEqual([])
  expect(commands.filter((command) => !(command in scripts))).toEqual([])
})

test('the page on adding a venue says what follows from every revert that is recognised', () => {
  const follows: Record<Exclude<RevertCode, 'UNKNOWN'>, true> = {
    SLIPPAGE: true,
    EXPIRED: true,
    ALLOWANCE: true,
    BALANCE: true,
    LIQUIDITY: true,
    FEE_ON_TRANSFER: true,
    OUT_OF_GAS: true,
  }

  const rows = page.match(/^\| `[A-Z_]+`.*$/gm) ?? []

  const named = rows.flatMap((row) => [...row.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code))
  expect(named.sort()).toEqual(Object.keys(follows).sort())
})
