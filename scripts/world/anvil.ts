import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { anvilPath } from './packages.ts'
import { type Rpc, rpcClient } from './rpc.ts'

/** A running node. */
export interface Anvil {
  readonly url: string
  readonly port: number
  readonly pid: number
  readonly rpc: Rpc
  /** Ends the process and removes its files. Resolves when both are gone; a second call waits for the same. */
  stop(): Promise<void>
}

type Supervisor = ChildProcessByStdio<Writable, Readable, Readable>

// A parent that is killed cannot clean up, so a shell does it: its standard input ends when the parent does, however
// that came about. It closes its own outputs, so that their end tells the parent that the node is gone. The node gets
// SIGKILL since it has nothing to save, and may hang.
const supervisorScript = `
"$@" & anvil=$!
echo "pid $anvil"
exec >/dev/null 2>&1
cat
kill -KILL $anvil
wait $anvil
rm -rf -- "$HOME"
`

const startTimeoutMs = 20_000

/**
 * Starts a node on 127.0.0.1 with a private home folder. It ends with `stop`, or with this process.
 *
 * @param options.port - TCP port; a free one without it.
 * @param options.args - More options for anvil's command line.
 * @throws Error with the node's own words where it does not start.
 *
 * @example
 * const anvil = await startAnvil({ args: ['--no-mining'] })
 * await anvil.rpc('eth_chainId') // '0x7a69'
 * await anvil.stop()
 */
export async function startAnvil(options: { port?: number; args?: readonly string[] } = {}): Promise<Anvil> {
  const { port: wantedPort = 0, args = [] } = options
  const home = await mkdtemp(join(tmpdir(), 'legwork-anvil-'))
  const place = ['--host', '127.0.0.1', '--port', String(wantedPort)]
  // Without these, the states of old blocks fill the disk, and a block takes 64 others to be final.
  const thrift = ['--prune-history', '200', '--slots-in-an-epoch', '1']
  // Detached, since a Ctrl-C at the terminal would otherwise end the shell and leave the node behind.
  const supervisor = spawn('sh', ['-c', supervisorScript, 'sh', anvilPath(), ...place, ...thrift, ...args], {
    env: { HOME: home, PATH: process.env.PATH },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const closed = new Promise<void>((resolve) => supervisor.once('close', () => resolve()))
  const stop = () => {
    supervisor.stdin.end()
    return closed
  }
  try {
    const { pid, port } = await announcement(supervisor)
    const url = `http://127.0.0.1:${port}`
    const rpc = rpcClient(url)
    // It prints a line per request otherwise, and would stall whenever this process is too busy to read them.
    await rpc('anvil_setLoggingEnabled', [false])
    return { url, port, pid, rpc, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** What the supervisor and the node print once they run. What comes later is read and dropped, so that nobody waits. */
async function announcement(supervisor: Supervisor): Promise<{ pid: number; port: number }> {
  let printed = ''
  let complaint = ''
  let timer: NodeJS.Timeout | undefined
  const announced = new Promise<{ pid: number; port: number }>((resolve, reject) => {
    const fail = (what: string) => reject(new Error(`anvil ${what}.\n${complaint}`))
    timer = setTimeout(() => fail(`did not start within ${startTimeoutMs} ms`), startTimeoutMs)
    supervisor.once('error', reject)
    supervisor.stdin.on('error', reject)
    supervisor.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk
    })
    supervisor.stderr.once('end', () => fail('ended at once'))
    supervisor.stdout.on('data', (chunk: Buffer) => {
      printed += chunk
      const pid = /^pid (\d+)$/m.exec(printed)?.[1]
      const port = /^Listening on \S+:(\d+)$/m.exec(printed)?.[1]
      if (pid !== undefined && port !== undefined) resolve({ pid: Number(pid), port: Number(port) })
    })
  })
  try {
    return await announced
  } finally {
    clearTimeout(timer)
    supervisor.stdout.removeAllListeners('data').resume()
    supervisor.stderr.removeAllListeners('data').resume()
  }
}
