import type { Io } from '../../src/cli/io.ts'
import { runCli } from '../../src/cli/program.ts'
import type { Style, Terminal } from '../../src/cli/terminal.ts'

/** A terminal that keeps what is written to it. */
export interface Sink extends Terminal {
  readonly chunks: readonly string[]
  text(): string
}

/**
 * A file or a pipe without a size; a screen with one. Styles are written as `<green>…</green>` where `isStyled`.
 *
 * @example
 * const sink = openSink()
 * sink.write('done\n')
 * sink.text() // 'done\n'
 */
export function openSink(options: { size?: Terminal['size']; isStyled?: boolean } = {}): Sink {
  const chunks: string[] = []
  return {
    chunks,
    text: () => chunks.join(''),
    write: (text) => void chunks.push(text),
    paint: (style: Style, text) => (options.isStyled ? `<${style}>${text}</${style}>` : text),
    size: options.size ?? null,
  }
}

/**
 * Runs a command line in this process.
 *
 * @example
 * const { code, out } = await legwork(['status', '--data-dir', folder])
 */
export async function legwork(
  args: readonly string[],
  {
    signal = new AbortController().signal,
    onOut = () => {},
  }: { signal?: AbortSignal; onOut?: (text: string) => void } = {},
): Promise<{ code: number; out: string; err: string }> {
  const [out, err] = [openSink(), openSink()]
  const heard = {
    ...out,
    write(text: string) {
      out.write(text)
      onOut(text)
    },
  }
  const io: Io = { out: heard, err, signal }
  const code = await runCli(args, io)
  return { code, out: out.text(), err: err.text() }
}
