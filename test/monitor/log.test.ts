import { Writable } from 'node:stream'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { NoLiquidityError } from '../../src/domain/errors.ts'
import { createLogger, type LogLevel, logTransition, type Transition } from '../../src/monitor/log.ts'

const key = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'
const hash = '0x88df016429689c079f3b2f6ad39fa052532c56795b733da78a91ebe6a713944b'

/** Real pino output: every line as written, and parsed. */
function recorder() {
  const lines: string[] = []
  const destination = new Writable({
    write: (chunk, _, done) => {
      lines.push(String(chunk))
      done()
    },
  })
  return { destination, text: () => lines.join(''), parsed: () => lines.map((line) => JSON.parse(line)) }
}

function logAt(level: LogLevel) {
  const output = recorder()
  return { output, logger: createLogger({ level, destination: output.destination }) }
}

test('a line has its message and fields', () => {
  const { output, logger } = logAt('info')

  logger.with({ chainId: 1 }).info({ hash, blocks: 12n }, 'Mined.')

  expect(output.parsed()).toMatchObject([{ level: 30, name: 'legwork', chainId: 1, hash, blocks: '12', msg: 'Mined.' }])
})

test('secrets under known names never reach the output, however deep, as an own field or a bound one', () => {
  const { output, logger } = logAt('debug')
  const secrets = {
    privateKey: key,
    PRIVATE_KEY: key,
    password: 'hunter2',
    mnemonic: 'test junk',
    crypto: { mac: 'feed' },
  }

  logger.with({ signer: secrets }).debug({ a: { b: [{ c: secrets }] }, ...secrets }, 'Looked.')

  expect(output.parsed()).toHaveLength(1)
  expect(output.text()).not.toMatch(/ac0974|hunter2|junk|feed/)
  expect(output.parsed()[0].a.b[0].c.privateKey).toBe('[redacted]')
})

test('an error is written as data, its secrets, endpoint paths and long bytes taken out of message, stack and cause', () => {
  const { output, logger } = logAt('warn')
  const cause = new Error(`request to https://user:pw@one.example/v3/APIKEY failed with private key: ${key}`)
  const raw = `0x02f8${'ab'.repeat(120)}`

  logger.warn(new NoLiquidityError(`refused ${raw} (password="hunter2") of ${hash}`, {}, cause), 'No pool.')

  const [{ failure }] = output.parsed()
  expect(failure).toMatchObject({ name: 'NoLiquidityError', code: 'NO_LIQUIDITY', retryable: false })
  expect(failure.message).toBe(`refused 0x02f8abab… (122 bytes) (password=[redacted]) of ${hash}`)
  expect(failure.cause.message).toBe('request to https://one.example/… failed with private key: [redacted]')
  expect(output.text()).not.toMatch(/ac0974|hunter2|APIKEY|user:pw|abababababab/)
})

test('a message is scrubbed like a field', () => {
  const { output, logger } = logAt('info')

  logger.info({}, 'Endpoint wss://one.example/KEY is back.')

  expect(output.parsed()[0].msg).toBe('Endpoint wss://one.example/… is back.')
})

test('nothing is written below the level, and nothing at all without one', () => {
  const { output, logger } = logAt('warn')
  const quiet = createLogger({ destination: output.destination })

  logger.info({}, 'No.')
  quiet.error({}, 'No.')

  expect(output.text()).toBe('')
})

test('a logger of the user gets the lines, scrubbed, at its own level or at the given one', () => {
  const output = recorder()
  const theirs = pino({ level: 'info', base: { app: 'bot' } }, output.destination)

  createLogger({ logger: theirs }).debug({}, 'Below its own level.')
  createLogger({ logger: theirs }).info({ password: 'hunter2' }, 'One.')
  createLogger({ logger: theirs, level: 'debug' }).debug({}, 'Two.')
  createLogger({ logger: theirs, level: 'error' }).info({}, 'Below the given level.')

  expect(output.parsed()).toMatchObject([
    { app: 'bot', msg: 'One.', password: '[redacted]' },
    { app: 'bot', msg: 'Two.' },
  ])
})

test('a circular or huge value is cut short, not followed', () => {
  const { output, logger } = logAt('info')
  const circular: Record<string, unknown> = { list: Array.from({ length: 100_000 }, () => ({ n: 1 })) }
  circular.self = circular

  logger.info(circular, 'Odd.')

  expect(output.text().length).toBeLessThan(200_000)
})

const step: Transition = {
  tradeId: 't1',
  legId: 'l1',
  from: 'preparing.signing',
  to: 'submitted.pending',
  event: 'leg.sent',
  atMs: 7,
}

test.each<[number, Partial<Transition>]>([
  [30, {}],
  [20, { from: 'submitted.broadcasting' }],
  [40, { to: 'retrying' }],
  [40, { to: 'failed' }],
  [30, { to: 'done' }],
])('a step of a leg is written at level %i when it has %j', (level, changes) => {
  const { output, logger } = logAt('debug')

  logTransition(logger, { ...step, ...changes })

  expect(output.parsed()).toMatchObject([{ level, tradeId: 't1', legId: 'l1', event: 'leg.sent', atMs: 7 }])
})

test('a failed trade is an error, with its failure', () => {
  const { output, logger } = logAt('debug')
  const failure = { code: 'NO_LIQUIDITY', message: 'The pool is empty.', retryable: false }

  logTransition(logger, { tradeId: 't1', from: 'preparing', to: 'failed', event: 'trade.refused', atMs: 7, failure })

  expect(output.parsed()).toMatchObject([{ level: 50, failure, msg: 'Trade t1: preparing → failed.' }])
})
