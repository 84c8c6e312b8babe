import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { executionSchema } from '../src/configSchema.ts'

const root = resolve(import.meta.dirname, '..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }

describe('the README', () => {
  test('has examples that compile against the package', () => {
    const folder = join(root, '.cache', 'readme')
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => code)
    examples.forEach((code, index) => {
      writeFileSync(join(folder, `example${index}.ts`), `${code}\nexport {}\n`)
    })
    const compilerOptions = {
      paths: { legwork: ['../../dist/src/index.d.ts'] },
      lib: ['es2023', 'dom'],
      types: ['node'],
    }
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, include: ['*.ts'] }),
    )

    const compile = () => execFileSync(process.execPath, [tscPath(), '-p', folder], { encoding: 'utf8', stdio: 'pipe' })

    expect(examples.length).toBeGreaterThan(2)
    expect(outputOf(compile)).toBe('')
  })

  test('has a row for every field of the configuration, with its default', () => {
    const rows = [...readme.matchAll(/^\| `(\w+)` \| (.*?) \|/gm)].map(([, field = '', value = '']) => [field, value])
    const defaults = executionSchema.parse({}) as Record<string, unknown>

    const fields = Object.keys(executionSchema.shape)

    expect(rows.map(([field]) => field)).toEqual(fields)
    for (const [field = '', value = ''] of rows) {
      const written = value.replaceAll(/[`_]/g, '')
      if (defaults[field] === undefined) continue
      expect(written, field).toBe(
        typeof defaults[field] === 'string' ? `'${defaults[field]}'` : String(defaults[field]),
      )
    }
  })

  test('names only commands that there are', () => {
    const named = [...readme.matchAll(/npm (?:run )?(\w+)/g)].map(([, name = '']) => name)

    for (const name of named.filter((one) => one !== 'ci' && one !== 'run'))
      expect(Object.keys(scripts)).toContain(name)
    expect(readFileSync(join(root, '.ci/run'), 'utf8')).toMatch(/npm run check/)
    expect(scripts.check).toMatch(/npm run test$/)
  })
})

function tscPath(): string {
  return join(createRequire(import.meta.url).resolve('typescript/package.json'), '..', 'bin', 'tsc')
}

function outputOf(run: () => string): string {
  try {
    return run()
  } catch (error) {
    return String((error as { stdout?: string }).stdout)
  }
}
