import { expect, test } from 'vitest'
import { newLeg } from '../../machines/legFacts.ts'
import type { LegContext } from '../../src/domain/leg.ts'
import type { UnsignedTransaction } from '../../src/domain/transaction.ts'
import { type Halt, haltedError } from '../../src/runtime/halting.ts'
import { legEffects } from '../../src/runtime/legEffects.ts'
import type { Ports } from '../../src/runtime/ports.ts'
import { swapOrder, wallet } from '../support/orders.ts'

const fees = { maxFeePerGas: '100', maxPriorityFeePerGas: '10' } as const
const call = { to: '0x00000000000000000000000000000000000000cc', data: '0xabcd', value: '0' } as const
const attempt = { ...fees, purpose: 'call', nonce: 7, gasLimit: 100, hash: '0x01', raw: '0x02' } as const
const unsigned: LegContext = {
  ...newLeg({ order: swapOrder, atMs: 0 }),
  nonce: 7,
  offer: { ...fees, call, gasLimit: 100, deadlineMs: 9e9 },
}
const sent: LegContext = { ...unsigned, attempts: [attempt] }
const left = new AbortController().signal

/** A leg's effects that have heard of no cancellation yet, while trading is halted. */
function haltedEffects(halt: Halt | null) {
  const signed: UnsignedTransaction[] = []
  const ports = {
    chain: { chainId: 1 },
    clock: { now: () => 0 },
    follower: { market: () => ({ nextBaseFee: '50', tip: '10' }), head: () => ({ baseFeePerGas: '50' }) },
    lanes: new Map([[wallet, { owns: () => true }]]),
    signer: {
      sign: async (_: string, transaction: UnsignedTransaction) => {
        signed.push(transaction)
        return { hash: '0x03', raw: '0x04' }
      },
    },
    // Nothing is limited.
    ledger: { isIdle: true },
    halting: {
      check() {
        if (halt !== null) throw haltedError(halt)
      },
    },
  }
  return { effects: legEffects(ports as unknown as Ports), signed }
}

test('a halted leg that was not told yet gets no signature for its call, first or raised', async () => {
  const { effects, signed } = haltedEffects({ reason: null, atMs: 0 })

  const first = async () => effects.sign(unsigned, left)
  const raised = async () => effects.bump(sent, left)

  await expect(first()).rejects.toMatchObject({ code: 'HALTED', retryable: false })
  await expect(raised()).rejects.toMatchObject({ code: 'HALTED', retryable: false })
  expect(signed).toEqual([])
})

test('a halted leg gets the signature for its cancellation, and for the raise of that', async () => {
  const { effects, signed } = haltedEffects({ reason: null, atMs: 0 })

  const cancelled = await effects.cancel(sent, left)
  await effects.bump({ ...sent, attempts: [attempt, { ...attempt, purpose: 'cancel' }] }, left)

  expect(cancelled).toMatchObject({ type: 'leg.signed', attempt: { purpose: 'cancel', nonce: 7 } })
  expect(signed.map(({ to, data }) => [to, data])).toEqual([
    [wallet, '0x'],
    [wallet, '0x'],
  ])
})

test('while trading goes on both get theirs', async () => {
  const { effects, signed } = haltedEffects(null)

  await effects.sign(unsigned, left)
  await effects.bump(sent, left)

  expect(signed.map(({ data }) => data)).toEqual([call.data, call.data])
})
