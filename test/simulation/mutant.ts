import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Mutation } from './mutations.ts'

const root = resolve(import.meta.dirname, '../..')
/** What the simulation is made of. Packages are found further up. */
const parts = ['src', 'machines', 'scripts/simulate']

/** Copies the source with one mistake in it, to where packages are still found. @throws where the text is not there just once. */
export function plant({ name, file, find, replace }: Mutation): string {
  const folder = join(root, '.cache/mutants', name.replaceAll(/[^a-z0-9]+/gi, '-'))
  const text = readFileSync(join(root, file), 'utf8')
  const count = text.split(find).length - 1
  if (count !== 1) throw new Error(`${file} has the text of “${name}” ${count} times:\n${find}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const part of parts) cpSync(join(root, part), join(folder, part), { recursive: true })
  writeFileSync(
    join(folder, file),
    text.replace(find, () => replace),
  )
  return folder
}

/** Plays seeds from 1 until one fails or all are played. Returns what the simulation said, and its exit code. */
export function playMutant(folder: string, seeds: number): Promise<{ code: number | null; output: string }> {
  const main = join(folder, 'scripts/simulate/main.ts')
  const args = ['--import', 'tsx', main, '--seeds', String(seeds), '--first', '--workers', '1']
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const note = (chunk: Buffer): void => {
      output += chunk.toString()
    }
    child.stdout.on('data', note)
    child.stderr.on('data', note)
    child.on('error', fail)
    child.on('close', (code) => {
      rmSync(folder, { recursive: true, force: true })
      done({ code, output })
    })
  })
}
