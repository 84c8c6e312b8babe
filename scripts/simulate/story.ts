/** What happened, for whoever asks: a line an event. */
export interface Story {
  /** `who` is one word. Costs nothing where nobody listens: the text is made only then. */
  tell(who: string, what: () => string): void
  at(now: () => number): Story
}

/** Nobody listens. */
export const untold: Story = { tell: () => {}, at: () => untold }

const startMs = 1_800_000_000_000

/** Hands each line to `write`, with the virtual seconds since the beginning. */
export function toldTo(write: (line: string) => void, now: () => number = () => startMs): Story {
  return {
    tell: (who, what) => write(`${((now() - startMs) / 1000).toFixed(3).padStart(9)} ${who.padEnd(9)} ${what()}`),
    at: (clock) => toldTo(write, clock),
  }
}
