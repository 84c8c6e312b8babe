import { styleText } from 'node:util'

/** How a text looks on a terminal that can show it. */
export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan'

/** Where output goes. */
export interface Terminal {
  write(text: string): void
  /** The text in a style; as it is where there are no colours. */
  paint(style: Style, text: string): string
  /** Its size in characters now, where lines can be drawn again in place; null for a file or a pipe. */
  readonly size: { readonly columns: number; readonly rows: number } | null
}

/**
 * A standard stream as a terminal. Colours follow `NO_COLOR`, `FORCE_COLOR` and what the stream is.
 *
 * @example
 * const out = terminalOf(process.stdout)
 * out.write(out.paint('green', 'done\n'))
 */
export function terminalOf(stream: NodeJS.WriteStream): Terminal {
  return {
    write: (text) => void stream.write(text),
    paint: (style, text) => styleText(style, text, { stream }),
    get size() {
      // One without colours may be one that cannot go up a line either.
      if (!stream.isTTY || !stream.hasColors()) return null
      return { columns: stream.columns, rows: stream.rows }
    },
  }
}
