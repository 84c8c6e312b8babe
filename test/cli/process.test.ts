import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { useWorld } from '../support/anvil.ts'
import { setUpDesk } from './desk.ts'

const world = useWorld({ blockTimeS: 0.25 })
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** Runs the command line as a user does; `onOut` may send it signals. */
function run(
  args: readonly string[],
  onOut: (text: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
) {
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    onOut(text, (signal) => child.kill(signal))
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  return new Promise<{ end: number | string | null; out: string; err: string }>((resolve) => {
    child.once('close', (code, signal) => resolve({ end: code ?? signal, out, err }))
  })
}

test('Ctrl-C stops a process cleanly, kill -9 does not matter, and resume sees the trade through', async () => {
  const desk = await setUpDesk(world())
  const trade = ['trade', '--id', 'trade_1', '--pair', 'ETH/USDC', '--amount', '1', '--config', desk.config]

  let isInterrupted = false
  const interrupted = await run(trade, (text, kill) => {
    if (isInterrupted || !text.includes('preparing.signing')) return
    // Three legs come by here, and a second Ctrl-C would not wait for a clean stop.
    isInterrupted = true
    kill('SIGINT')
  })
  const killed = await run([...trade.slice(0, 2), 'trade_2', ...trade.slice(3)], (text, kill) => {
    if (text.includes('submitted.pending')) kill('SIGKILL')
  })
  const resumed = await run(['resume', '--config', desk.config])
  const status = await run(['status', '--json', '--data-dir', desk.dataDir])

  await desk.remove()
  expect(interrupted).toMatchObject({ end: 130, err: 'Stopped. What has not ended goes on with: legwork resume\n' })
  expect(killed.end).toBe('SIGKILL')
  expect(resumed).toMatchObject({ end: 0, err: '' })
  const trades = JSON.parse(status.out) as { outcome: string; legs: { wallet: string }[] }[]
  const wallet = trades[0]?.legs[0]?.wallet ?? ''
  const nonce = Number(await world().rpc('eth_getTransactionCount', [wallet, 'latest']))
  expect(trades.map(({ outcome }) => outcome)).toEqual(['filled', 'filled'])
  expect(nonce).toBe(trades.reduce((count, { legs }) => count + legs.length, 0))
})

test('a reader that leaves early does not stop a trade', async () => {
  const desk = await setUpDesk(world())
  const command = `"$0" --import tsx "$1" trade --id trade_1 --pair ETH/USDC --amount 1 --config "$2" | head -n 1; exit "\${PIPESTATUS[0]}"`
  const child = spawn('bash', ['-c', command, process.execPath, main, desk.config], { stdio: 'ignore' })

  const code = await new Promise((resolve) => child.once('exit', resolve))

  await desk.remove()
  expect(code).toBe(0)
})
