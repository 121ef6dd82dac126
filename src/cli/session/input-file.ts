import { nodeFs } from '../lazy-node.ts';

const CHUNK = 256 * 1024;

/** The bytes of a file, or of standard input for `-`. Opens it at once: throws in Go's words if it cannot. */
export function inputFile(path: string): AsyncIterable<Uint8Array> {
  if (path === '-') return Bun.stdin.stream() as unknown as AsyncIterable<Uint8Array>;
  return chunksOf(open(path));
}

function open(path: string): number {
  try {
    return nodeFs().openSync(path, 'r');
  } catch (error) {
    const code = (error as { code?: string }).code;
    const reason =
      code === 'ENOENT' ? 'no such file or directory' : code === 'EACCES' ? 'permission denied' : code;
    throw new Error(`open ${path}: ${reason}`, { cause: error });
  }
}

/** Each chunk in memory of its own: who sends it may not be done with it when the next is read. */
async function* chunksOf(fd: number): AsyncGenerator<Uint8Array> {
  const { closeSync, readSync } = nodeFs();
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafeSlow(CHUNK);
      const length = readSync(fd, chunk);
      if (length === 0) return;
      yield chunk.subarray(0, length);
    }
  } finally {
    closeSync(fd);
  }
}
