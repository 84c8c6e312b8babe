import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeOutcomes, encodeCalls, executorCode, program } from '../../src/chain/executor.ts'
import type { Hex } from '../../src/domain/hex.ts'
import { addressWord, uintWord } from '../../src/domain/words.ts'

/** By name: the byte, how many words it takes from the stack, and how many it leaves there. */
const opcodes: Readonly<Record<string, readonly [byte: string, takes: number, gives: number]>> = {
  STOP: ['00', 0, 0],
  ADD: ['01', 2, 1],
  SUB: ['03', 2, 1],
  GT: ['11', 2, 1],
  EQ: ['14', 2, 1],
  OR: ['17', 2, 1],
  ADDRESS: ['30', 0, 1],
  BALANCE: ['31', 1, 1],
  CALLER: ['33', 0, 1],
  CALLDATALOAD: ['35', 1, 1],
  CALLDATASIZE: ['36', 0, 1],
  CALLDATACOPY: ['37', 3, 0],
  RETURNDATASIZE: ['3d', 0, 1],
  RETURNDATACOPY: ['3e', 3, 0],
  SELFBALANCE: ['47', 0, 1],
  POP: ['50', 1, 0],
  MSTORE: ['52', 2, 0],
  JUMP: ['56', 1, 0],
  JUMPI: ['57', 2, 0],
  GAS: ['5a', 0, 1],
  JUMPDEST: ['5b', 0, 0],
  PUSH1: ['60', 0, 1],
  CALL: ['f1', 7, 1],
  RETURN: ['f3', 2, 0],
}

function opcode(name: string): readonly [byte: string, takes: number, gives: number] {
  const found = opcodes[name.split(' ')[0] ?? '']
  if (found !== undefined) return found
  const [, kind, depth] = /^(DUP|SWAP)(\d+)$/.exec(name) ?? []
  const place = Number(depth)
  if (kind === 'DUP') return [(0x7f + place).toString(16), place, place + 1]
  if (kind === 'SWAP') return [(0x8f + place).toString(16), place + 1, place + 1]
  throw new RangeError(`No opcode ${name}.`)
}

const words = (stack: string): string[] => stack.split(' ').filter((word) => word !== '')

describe('the executor’s table', () => {
  test.each(program.map(([bytes, name]) => [name, bytes] as const))('has the byte of %s: %s', (name, bytes) => {
    expect(bytes.slice(0, 2)).toBe(opcode(name)[0])
    expect(bytes).toHaveLength(name.startsWith('PUSH1') ? 4 : 2)
  })

  test('pushes the numbers that it says', () => {
    const pushed = program.flatMap(([bytes, name]) => {
      const [, number] = /^PUSH1 (\d+)$/.exec(name) ?? []
      return number === undefined ? [] : [[Number(`0x${bytes.slice(2)}`), Number(number)]]
    })

    expect(pushed).toEqual(pushed.map(([, number]) => [number, number]))
    expect(pushed).not.toEqual([])
  })

  test('says how many words the stack has behind each opcode', () => {
    let height = 0
    for (const [, name, stack] of program) {
      const [, takes, gives] = opcode(name)
      // What is behind a jump away begins as its label says.
      height = name.startsWith('JUMPDEST') ? words(stack).length : height
      expect(height, name).toBeGreaterThanOrEqual(takes)
      height += gives - takes
      expect(words(stack), name).toHaveLength(height)
    }
  })

  test('has its labels where it jumps to, with the same stack', () => {
    const labels = new Map<string, { at: number; height: number }>()
    let at = 0
    for (const [bytes, name, stack] of program) {
      const [, label, where] = /^JUMPDEST (\w+), at (\w+)$/.exec(name) ?? []
      if (label !== undefined) labels.set(label, { at, height: words(stack).length })
      if (where !== undefined) expect(at).toBe(Number(`0x${where}`))
      at += bytes.length / 2
    }

    const jumps = program.flatMap(([bytes, name], index) => {
      const [, label] = /^PUSH1 ([a-z]+)$/.exec(name) ?? []
      const behind = program[index + 1]?.[2]
      return label === undefined
        ? []
        : [{ label, at: Number(`0x${bytes.slice(2)}`), height: words(behind ?? '').length }]
    })
    expect(jumps).toEqual(jumps.map(({ label }) => ({ label, ...labels.get(label) })))
    expect(jumps).toHaveLength(3)
    expect(at).toBe(executorCode.length / 2 - 1)
  })
})

describe('the executor’s words', () => {
  const to: Hex = `0x${'11'.repeat(20)}`

  test('have four words and the data of each call', () => {
    const data = encodeCalls([
      { to, data: '0x', value: 0n, gasMax: 7 },
      { to, data: '0xabcdef', value: 5n, gasMax: 8 },
    ])

    const first = addressWord(to) + uintWord(0n) + uintWord(7n) + uintWord(0n)
    const second = `${addressWord(to)}${uintWord(5n)}${uintWord(8n)}${uintWord(3n)}abcdef`
    expect(data).toBe(`0x${first}${second}`)
  })

  test('are read back, and nothing else is', () => {
    const outcome = fc.record({
      status: fc.integer({ min: 0, max: 3 }),
      gasUsed: fc.integer({ min: 0, max: 30_000_000 }),
      data: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes).toString('hex')),
    })
    fc.assert(
      fc.property(fc.array(outcome, { minLength: 1, maxLength: 5 }), fc.nat(), (outcomes, cut) => {
        const text = outcomes
          .map(({ status, gasUsed, data }) => {
            return [BigInt(status), BigInt(gasUsed), BigInt(data.length / 2)].map(uintWord).join('') + data
          })
          .join('')
        const read = decodeOutcomes(`0x${text}`, outcomes.length)

        expect(read).toEqual(
          outcomes.map(({ status, gasUsed, data }) => {
            return { succeeded: status === 1, isPoor: status > 1, gasUsed, data: `0x${data}` }
          }),
        )
        expect(decodeOutcomes(`0x${text.slice(0, cut % text.length)}`, outcomes.length)).toBeUndefined()
      }),
    )
  })
})
