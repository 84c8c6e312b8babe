import type { Json } from '../domain/json.ts'

type Fields = { readonly [field: string]: Json }

/**
 * A stored trade's snapshot as the present machines have it.
 *
 * Version 1 had the wallet in the trade's order; it is read from each leg since, so that nothing is to be done. Version 2 knew
 * one fill policy, one split, and one kind of `retrying`.
 *
 * @example
 * upgraded(record.snapshot, record.machineVersion)
 */
export function upgraded(snapshot: Json, version: number): Json {
  return version < 3 ? withRounds(snapshot as Fields) : snapshot
}

function withRounds(snapshot: Fields): Json {
  const context = snapshot.context as Fields
  const order = context.order as Fields
  const plan = context.plan as readonly Fields[]
  return {
    ...snapshot,
    value: snapshot.value === 'retrying' ? { retrying: 'waiting' } : snapshot.value,
    context: {
      ...context,
      order: { ...order, fillPolicy: { kind: 'bestEffort' }, reallocationsMax: 0 },
      plan: plan.map((leg) => ({ ...leg, purpose: 'fill', round: 0 })),
      round: 0,
      nativePrice: null,
    },
  } as Json
}
