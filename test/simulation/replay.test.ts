import { expect, test } from 'vitest'
import { simulateSeed } from '../../scripts/simulate/simulate.ts'
import { toldTo } from '../../scripts/simulate/story.ts'

async function storyOf(seed: number): Promise<string> {
  const lines: string[] = []
  await simulateSeed(seed, { without: [], story: toldTo((line) => lines.push(line)) })
  return lines.join('\n')
}

test('the same seed is the same story, to the letter', async () => {
  for (const seed of [3, 17, 41, 900_001]) {
    const story = await storyOf(seed)

    expect(story.length).toBeGreaterThan(1_000)
    expect(await storyOf(seed)).toBe(story)
  }
})
