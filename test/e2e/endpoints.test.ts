import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { useWorld } from '../support/anvil.ts'
import { type Gate, startGate } from '../support/gate.ts'
import { eventually, optionsFor, useManagers } from '../support/manager.ts'

const world = useWorld({ mining: 'interval', blockTimeS: 0.1 })
const { open, dataDir } = useManagers(world)
const order = { tradeId: 'trade_1', pair: 'ETH/USDC', amount: '1', venues: ['uniswap-v2'] }
let gates: Gate[] = []

beforeAll(async () => {
  gates = await Promise.all([startGate(world().url), startGate(world().url)])
})
afterAll(() => Promise.all(gates.map((gate) => gate.stop())))

function chainThrough(...chosen: Gate[]) {
  const { chain } = optionsFor(world(), dataDir())
  return { ...chain, rpcUrls: chosen.map(({ url }) => url), requestTimeout: 1 }
}

const dead = { treat: () => ({ drop: true }) }

describe('endpoints', () => {
  test('that are all down pause a trade, which goes on when one is back', async () => {
    const [first, second] = gates as [Gate, Gate]
    const execution = await open({}, { chain: chainThrough(first, second) })
    const troubles: [what: string, isWell: boolean][] = []
    execution.on('trouble', ({ what, failure }) => troubles.push([what, failure === null]))
    for (const gate of gates) gate.reset(dead)
    await eventually(() => troubles.some(([what, isWell]) => what === 'the chain' && !isWell), 'the pause')
    const handle = execution.submitTrade(order)
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    const paused = execution.getExecutionStatus('trade_1')

    second.reset()
    const status = await handle.result()

    expect(paused).toMatchObject({ status: 'preparing', failure: null })
    expect(status).toMatchObject({ status: 'done', outcome: 'filled' })
    expect(troubles).toContainEqual(['the chain', true])
  })

  test('are failed over, and what one of them lost went through the other', async () => {
    const [first, second] = gates as [Gate, Gate]
    first.reset()
    second.reset()
    const execution = await open({}, { chain: chainThrough(first, second) })
    first.reset(dead)

    const [leg] = await execution.executeTrade({ ...order, tradeId: 'trade_2' })

    expect(leg).toMatchObject({ status: 'done' })
  })

  test('for broadcasting alone get every transaction, and the others none', async () => {
    const [reading, relay] = gates as [Gate, Gate]
    reading.reset()
    relay.reset()
    const chain = { ...chainThrough(reading), broadcastUrls: [relay.url] }
    const execution = await open({}, { chain })

    const [leg] = await execution.executeTrade({ ...order, tradeId: 'trade_3' })

    expect(leg).toMatchObject({ status: 'done' })
    expect(reading.sent).toEqual([])
    expect(relay.sent.map(({ hash }) => hash)).toEqual([leg?.hash])
  })
})
