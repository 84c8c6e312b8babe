import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { seconds } from '../../src/cli/figures.ts'
import { terminalOf } from '../../src/cli/terminal.ts'
import { startCleanup } from './cleanup.ts'
import { showCrash } from './crash.ts'
import { DemoFault } from './faults.ts'
import { type Stage, setStage } from './stage.ts'
import { showTour } from './tour.ts'

// `npm run demo` splits an order and compares, limits it, and has a leg of it fail; `npm run demo -- --crash` kills the trader on
// the way. With a small `--gas-limit` one sees how a fault looks.

const { values } = parseArgs({ options: { crash: { type: 'boolean' }, 'gas-limit': { type: 'string' } } })
const terminal = terminalOf(process.stdout)
const complaints = terminalOf(process.stderr)
const cleanup = startCleanup()
const startedAtMs = Date.now()
/** Of the operating system, for a process that has been told to end. */
const endTimeoutMs = 2_000
const interruptedCode = 130
let isInterrupted = false

async function show(): Promise<Stage> {
  const gasLimit = values['gas-limit']
  const stage = await setStage(terminal, cleanup, gasLimit === undefined ? {} : { gasLimit: Number(gasLimit) })
  await (values.crash ? showCrash(stage) : showTour(stage))
  return stage
}

async function leaveNothing({ processes }: Stage): Promise<void> {
  const deadlineMs = Date.now() + endTimeoutMs
  for (;;) {
    const left = [...processes].filter(isAlive)
    if (left.length === 0) return
    if (Date.now() > deadlineMs) throw new DemoFault(left.map((pid) => `Process ${pid} is still running.`))
    await setTimeout(20)
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function main(): Promise<number> {
  try {
    const stage = await show()
    await cleanup.run()
    await leaveNothing(stage)
    const took = `All of it took ${seconds(Date.now() - startedAtMs)}; nothing is left running.`
    terminal.write(`\n  ${terminal.paint('dim', took)}\n\n`)
    return 0
  } catch (error) {
    await cleanup.run()
    // What was taken away in the middle fails, and that says nothing.
    if (isInterrupted) return interruptedCode
    const reason =
      error instanceof DemoFault ? error.message : error instanceof Error ? (error.stack ?? error.message) : error
    complaints.write(`\n${complaints.paint('red', 'The demo failed.')}\n  ${String(reason).replaceAll('\n', '\n  ')}\n`)
    return 1
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Once: a second Ctrl-C ends this process on the spot, and the node ends with it.
  process.once(signal, async () => {
    isInterrupted = true
    terminal.write('\n  Stopping.\n')
    await cleanup.run()
    process.exit(interruptedCode)
  })
}

process.exitCode = await main()
