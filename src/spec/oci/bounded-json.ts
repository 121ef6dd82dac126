import { EngineError } from '../../base/mod.ts';

/** No document of an image nests deeper. */
const MAX_DEPTH = 64;

/**
 * Parses JSON that a stranger wrote: at most `maxBytes` of UTF-8, at most 64 levels deep. Throws `corrupt`, naming
 * `what`. Why not: JSON.parse alone, because its recursion on a few megabytes of `[` is the runtime's affair.
 */
export function parseBoundedJson(bytes: Uint8Array, what: string, maxBytes: number): unknown {
  if (bytes.byteLength > maxBytes) {
    throw new EngineError('corrupt', `${what} is larger than ${maxBytes} bytes`);
  }
  if (depthOf(bytes) > MAX_DEPTH) {
    throw new EngineError('corrupt', `${what} is nested more than ${MAX_DEPTH} levels deep`);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new EngineError('corrupt', `${what} is not valid JSON`, { cause });
  }
}

/** Deepest nesting of brackets outside of strings. */
function depthOf(bytes: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return deepest;
}
