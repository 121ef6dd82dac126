/** How much of a body that is refused is read and dropped. */
const MAX_DISCARD = 1024 * 1024 * 1024;

/** Reads what is left of a body that nobody wants, so that its client, which is still sending, gets to see why. */
export async function discardBody(body: AsyncIterable<Uint8Array>): Promise<void> {
  let left = MAX_DISCARD;
  try {
    for await (const chunk of body) {
      left -= chunk.length;
      if (left < 0) return;
    }
  } catch {
    // The client has gone, or the body was read to its end.
  }
}
