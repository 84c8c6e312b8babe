import { type Evidence, fillOf, isFilling } from './evidence.ts'

/** Notes which of the scenarios that are about limits and fill policies arose, by how trades ended. */
export function noteArisen({ world: { scenarios }, endings, legs }: Evidence): void {
  for (const { status } of endings) {
    const { failure, unallocated, outcome } = status
    const own = legs.filter(({ trade }) => trade === status)
    const again = own.filter((leg) => isFilling(leg) && leg.round > 0)
    const hasRoomLeft = own.length > 0 && unallocated !== '0'
    if (own.filter((leg) => isFilling(leg) && leg.round === 0).length > 1) scenarios.note('14 several legs')
    if (hasRoomLeft) scenarios.note('14 order cut by a limit')
    if (failure?.code === 'LIMIT_REACHED' && own.length === 0) scenarios.note('14 limit leaves nothing')
    if (own.some(({ status: leg }) => leg.failure?.code === 'LIMIT_REACHED'))
      scenarios.note('15 gas budget stops a leg')
    if (again.length > 0) scenarios.note('16 split again')
    if (again.some((leg) => fillOf(leg) !== undefined) && outcome === 'filled')
      scenarios.note('16 split again and filled')
    if (failure?.code === 'UNWOUND') scenarios.note('17 unwound')
    if (failure?.code === 'NOT_UNWOUND') scenarios.note('17 not unwound')
    if (failure?.code === 'MINIMUM_FILL') {
      scenarios.note(own.length > 0 ? '17 minimum missed' : '17 minimum out of reach')
    }
  }
}
