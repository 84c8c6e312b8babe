import type { Phase, TradeStatus, TradeStep } from '../index.ts'
import { seconds, short } from './figures.ts'
import type { Style, Terminal } from './terminal.ts'
import { styleOf } from './tradeReport.ts'

/** Shows trades and legs as they pass through their states. */
export interface Progress {
  /** Shows a trade that was under way before. */
  seed(trade: TradeStatus): void
  step(step: TradeStep): void
}

interface Row {
  readonly label: string
  /** Phases so far, the present one last. */
  readonly trail: readonly Phase[]
  readonly state: string
  readonly hash: string | undefined
  readonly sinceMs: number
  readonly atMs: number
}

interface Piece {
  readonly text: string
  readonly style?: Style
}

/** More than a leg has without a retry. */
const trailMax = 6
const labelWidth = 12

/**
 * Starts showing steps: a row for each leg, drawn again in place, on a terminal; a line for each step elsewhere.
 *
 * @param options.isMany - There are several trades: rows say of which trade they are.
 *
 * @example
 * const progress = startProgress(terminal)
 * execution.on('step', (step) => progress.step(step))
 */
export function startProgress(terminal: Terminal, { isMany = false }: { isMany?: boolean } = {}): Progress {
  const rows = new Map<string, Row>()
  let drawn = 0
  let startMs: number | undefined

  function put(row: Row): void {
    startMs ??= row.atMs
    const before = rows.get(row.label)
    const phases = before?.trail ?? []
    const trail = phases.at(-1) === row.trail[0] ? phases : [...phases, ...row.trail]
    rows.set(row.label, { ...row, trail, hash: row.hash ?? before?.hash, sinceMs: before?.sinceMs ?? row.sinceMs })
  }

  function draw(): void {
    const { columns, rows: height } = terminal.size ?? { columns: 0, rows: 0 }
    // A line that has scrolled away, or wrapped, cannot be drawn again.
    const shown = [...rows.values()].slice(-Math.max(1, height - 1))
    const lines = shown.map((row) => fitted(terminal, rowPieces(row), columns - 1))
    const up = drawn === 0 ? '' : `\u001b[${drawn}A`
    terminal.write(up + lines.map((line) => `\u001b[2K${line}\n`).join(''))
    drawn = lines.length
  }

  function show(row: Row, line: string): void {
    put(row)
    if (terminal.size !== null) draw()
    else terminal.write(`  ${seconds3(row.atMs - (startMs ?? row.atMs)).padStart(9)}  ${line}\n`)
  }

  function labelOf(tradeId: string, legId: string | undefined): string {
    if (isMany) return legId === undefined ? tradeId : `${tradeId} ${legId}`
    return legId ?? 'trade'
  }

  return {
    seed({ tradeId, status, state, startedAtMs, legs }) {
      const atMs = Date.now()
      const parts = [
        { legId: undefined, status, state, hash: null, startedAtMs },
        ...legs.filter((leg) => leg.status !== 'done' && leg.status !== 'failed'),
      ]
      for (const part of parts) {
        const label = labelOf(tradeId, part.legId)
        const { state: at, hash, startedAtMs: sinceMs } = part
        const row = { label, trail: [part.status], state: at, hash: hash ?? undefined, sinceMs, atMs }
        show(row, `${label.padEnd(labelWidth)}  resumes at ${at}`)
      }
    },
    step({ tradeId, legId, from, to, hash, atMs }) {
      const label = labelOf(tradeId, legId)
      const row = { label, trail: [phaseOf(to)], state: to, hash, sinceMs: atMs, atMs }
      const path = from === null ? to : `${from} → ${to}`
      const tail = hash === undefined ? '' : `  ${short(hash)}`
      show(row, `${label.padEnd(labelWidth)}  ${path}${tail}`)
    },
  }
}

function rowPieces({ label, trail, state, hash, sinceMs, atMs }: Row): Piece[] {
  const shown = trail.slice(-trailMax)
  const now = shown.at(-1) ?? 'preparing'
  const past = shown.slice(0, -1).map((phase) => `${phase} → `)
  const inner = state.slice(now.length + 1)
  const isOver = now === 'done' || now === 'failed'
  return [
    { text: `  ${label.padEnd(labelWidth)}  ` },
    { text: (trail.length > trailMax ? '… → ' : '') + past.join(''), style: 'dim' },
    { text: now, style: styleOf(now) },
    { text: inner === '' ? '' : ` (${inner})`, style: 'dim' },
    { text: hash === undefined ? '' : `  ${short(hash)}`, style: 'dim' },
    { text: isOver ? `  ${seconds(atMs - sinceMs)}` : '', style: 'dim' },
  ]
}

/** Pieces on one line of at most `width` characters. */
function fitted({ paint }: Terminal, pieces: readonly Piece[], width: number): string {
  let left = width
  return pieces
    .map(({ text, style }) => {
      const cut = text.slice(0, Math.max(0, left))
      left -= cut.length
      return style === undefined || cut === '' ? cut : paint(style, cut)
    })
    .join('')
}

function phaseOf(path: string): Phase {
  return path.split('.', 1)[0] as Phase
}

function seconds3(spanMs: number): string {
  return `${(spanMs / 1000).toFixed(3)} s`
}
