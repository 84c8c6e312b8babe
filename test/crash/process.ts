import { execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { ChildLine, ChildPlan } from './plan.ts'

const root = join(import.meta.dirname, '../..')

/** The child as JavaScript, compiled as the package is. */
export interface Program {
  readonly file: string
  remove(): Promise<void>
}

/**
 * Compiles the child of a test folder, and all that it runs, into a folder of its own, so that a build in between does not
 * matter to it.
 *
 * @throws Error with the compiler's words.
 */
export async function compileChild(place: 'test/crash' | 'test/chaos' = 'test/crash'): Promise<Program> {
  const cache = join(root, '.cache')
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'crash-'))
  const compiler = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc')
  const project = join(root, place, 'tsconfig.json')
  const remove = (): Promise<void> => rm(folder, { recursive: true })
  try {
    await promisify(execFile)(process.execPath, [compiler, '-p', project, '--outDir', folder])
  } catch (error) {
    await remove()
    throw new Error(`The child does not compile.\n${(error as { stdout?: string }).stdout}`, { cause: error })
  }
  return { file: join(folder, place, 'child.js'), remove }
}

/** How a run of the child ended. */
export interface Ending {
  /** False where it was killed before it was done. */
  readonly isDone: boolean
  readonly lines: readonly ChildLine[]
}

export interface RunOptions {
  readonly program: Program
  readonly plan: ChildPlan
  readonly privateKey: string
  readonly onLine: (line: ChildLine, kill: () => void) => void
}

/** The name of the variable in which the child finds its key. */
export const keyVariable = 'LEGWORK_CRASH_KEY'

/** Its last words, in the message of an error. */
const linesTold = 30

/** A run takes a second; many, where the machine has other things to do. */
const hangMs = 120_000

/**
 * Runs the child until it ends or is killed.
 *
 * @throws Error with all that it said, where it ends in any other way or hangs.
 */
export async function runChild({ program, plan, privateKey, onLine }: RunOptions): Promise<Ending> {
  const child = spawn(process.execPath, [program.file, JSON.stringify(plan)], {
    env: { PATH: process.env.PATH, [keyVariable]: privateKey },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: ChildLine[] = []
  let complaint = ''
  let hasHung = false
  const kill = (): void => void child.kill('SIGKILL')
  const watchdog = setTimeout(() => {
    hasHung = true
    kill()
  }, hangMs)
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk
  })
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as ChildLine
    lines.push(line)
    onLine(line, kill)
  })
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once('close', (...end) => resolve(end)),
  )
  clearTimeout(watchdog)
  const isDone = code === 0
  if (isDone || (signal === 'SIGKILL' && !hasHung)) return { isDone, lines }
  const said = lines
    .slice(-linesTold)
    .map((line) => JSON.stringify(line))
    .join('\n')
  throw new Error(`The child ${hasHung ? 'hung' : `ended with ${code ?? signal}`}.\n${complaint}\n${said}`)
}
