import { expect, test } from 'vitest'
import { exitCodeOf } from '../../src/cli/openManager.ts'

test('the exit code tells the worst of what became of the trades', () => {
  const filled = { status: 'done', outcome: 'filled' } as const
  const partial = { status: 'done', outcome: 'partial' } as const
  const failed = { status: 'failed', outcome: null } as const

  expect([[], [filled], [filled, partial], [partial, failed, filled]].map(exitCodeOf)).toEqual([0, 0, 2, 1])
})
