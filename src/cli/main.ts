#!/usr/bin/env node
import { runCli } from './program.ts'
import { terminalOf } from './terminal.ts'

const stopping = new AbortController()
// Once: a second Ctrl-C ends the process on the spot, which no trade minds.
process.once('SIGINT', () => stopping.abort())
process.once('SIGTERM', () => stopping.abort())
// Whoever read our output may leave (`legwork history … | head`): a trade goes on.
process.stdout.on('error', () => {})

process.exitCode = await runCli(process.argv.slice(2), {
  out: terminalOf(process.stdout),
  err: terminalOf(process.stderr),
  signal: stopping.signal,
})
