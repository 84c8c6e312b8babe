import { Writable } from 'node:stream'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { useWorld } from '../support/anvil.ts'
import { eventually, useManagers } from '../support/manager.ts'

const world = useWorld({ mining: 'interval', blockTimeS: 0.1 })
const { open } = useManagers(world)
const order = { tradeId: 'trade_1', pair: 'ETH/USDC', amount: '1', venues: ['uniswap-v2'] }

interface Frame {
  readonly type: string
  readonly sessionId: string
  readonly parentId?: string
  readonly name?: string
  readonly definition?: string
  readonly snapshot?: { readonly value: unknown; readonly status: string }
}

/** What pino writes, line by line. */
function logLines() {
  const lines: Record<string, unknown>[] = []
  const stream = new Writable({
    write(chunk, _, done) {
      lines.push(
        ...String(chunk)
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      )
      done()
    },
  })
  return { lines, stream }
}

describe('the Stately inspector', () => {
  test('is told of each trade and leg, with its chart, and of every state it passes through', async () => {
    const execution = await open({}, { inspect: { port: 0 } })
    const frames: Frame[] = []
    const socket = new WebSocket(String(execution.inspectorUrl).replace('http', 'ws'))
    socket.on('message', (data) => frames.push(JSON.parse(String(data))))
    await new Promise((resolve) => socket.on('open', resolve))

    await execution.executeTrade(order)
    await eventually(
      () => frames.some(({ sessionId, snapshot }) => sessionId === 'trade_1' && snapshot?.value === 'done'),
      'the end',
    )
    socket.close()

    const actors = frames.filter(({ type }) => type === '@xstate.actor')
    const legStates = frames
      .filter(({ sessionId }) => sessionId === 'trade_1/uniswap-v2')
      .map(({ snapshot }) => snapshot?.value)
    expect(actors.map(({ sessionId, parentId }) => [sessionId, parentId])).toEqual([
      ['trade_1', undefined],
      ['trade_1/uniswap-v2', 'trade_1'],
    ])
    expect(JSON.parse(actors[1]?.definition ?? '{}').states.submitted.states).toHaveProperty('broadcasting')
    expect(legStates).toEqual(
      expect.arrayContaining([
        { preparing: 'signing' },
        { submitted: 'broadcasting' },
        { submitted: 'pending' },
        'confirming',
        'done',
      ]),
    )
  })
})

describe('the log', () => {
  test('has each change of status with trade, leg, venue and hash, and no secret', async () => {
    const { lines, stream } = logLines()
    const execution = await open({}, { logger: pino({ level: 'debug' }, stream) })

    const [leg] = await execution.executeTrade(order)

    const sent = lines.find(({ to }) => to === 'submitted.broadcasting')
    expect(sent).toMatchObject({
      tradeId: 'trade_1',
      legId: 'uniswap-v2',
      venue: 'uniswap-v2',
      hash: leg?.hash,
      level: 30,
    })
    expect(lines.filter(({ legId }) => legId === 'uniswap-v2').map(({ to }) => to)).toContain('done')
    expect(JSON.stringify(lines)).not.toContain(world().accounts[0]?.privateKey.slice(2))
  })
})
