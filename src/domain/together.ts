/** All results, or the first fault once nothing is under way any more: what was still opening can then be closed. */
export async function together<const Parts extends readonly unknown[]>(
  parts: Parts,
): Promise<{ -readonly [Index in keyof Parts]: Awaited<Parts[Index]> }> {
  await Promise.allSettled(parts)
  return Promise.all(parts)
}
