import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { legMachine } from '../../machines/legMachine.ts'
import { machineVersion } from '../../machines/version.ts'
import { type LiveRecord, readLive } from '../../src/runtime/records.ts'
import { restoreTrade } from '../../src/runtime/restore.ts'
import { tradeStatus } from '../../src/runtime/status.ts'
import { memoryStore } from '../../src/store/memoryStore.ts'
import { everyState, storedStates } from './everyState.ts'

const today = join(import.meta.dirname, `v${machineVersion}.json`)
const versions = readdirSync(import.meta.dirname).filter((file) => /^v\d+\.json$/.test(file))

describe('stored trades', () => {
  test('of this version are what the golden file has; a change of the charts that shows here needs a new version', () => {
    const record = everyState()
    // A new version writes its own file, once.
    if (!existsSync(today)) writeFileSync(today, `${JSON.stringify(record, null, 2)}\n`)

    expect(record).toEqual(JSON.parse(readFileSync(today, 'utf8')))
  })

  test.each(versions)('of %s restore with every leg in its state', async (file) => {
    const record = JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as LiveRecord
    const store = memoryStore()
    await store.commit([{ space: 'live', key: 'trade_1', value: record as never }])

    const [stored] = readLive(store)
    const { legs } = tradeStatus(restoreTrade(stored as NonNullable<typeof stored>))

    expect(legs.filter(({ legId }) => legId !== 'approval').map(({ legId, state }) => [legId, state])).toEqual(
      storedStates.map((state) => [state, state]),
    )
  })

  test('are golden for every state that a leg has', () => {
    const states = Object.values(legMachine.states).flatMap((node) => {
      const inner = Object.keys(node.states)
      return inner.length === 0 ? [node.key] : inner.map((key) => `${node.key}.${key}`)
    })

    expect([...storedStates].sort()).toEqual([...states].sort())
  })

  test('of an unknown version are refused, and stay as they are', async () => {
    const store = memoryStore()
    const record = { ...everyState(), machineVersion: machineVersion + 1 }
    await store.commit([{ space: 'live', key: 'trade_1', value: record as never }])

    expect(() => readLive(store)).toThrow(/version of the machines/)
    expect(store.get('live', 'trade_1')).toEqual(record)
  })

  test('that do not restore as they were saved are refused', () => {
    const record = everyState()
    const broken = (text: string, other: string): LiveRecord => JSON.parse(JSON.stringify(record).replace(text, other))

    const renamed = () =>
      restoreTrade({ tradeId: 't', record: broken('{"submitted":"pending"}', '{"submitted":"waiting"}') })
    const lost = () => restoreTrade({ tradeId: 't', record: broken('"src":"leg"', '"src":"gone"') })

    expect(renamed).toThrow(/does not restore/)
    expect(lost).toThrow(/does not restore/)
  })
})
