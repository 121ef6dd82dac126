/**
 * Puts the terminal of stdin into raw mode; dispose to put it back. Why not: `setRawMode`. It leaves OPOST and ONLCR
 * on (libuv's own idea of raw), and full-screen programs draw stairs.
 */
export function rawMode(): Disposable {
  const saved = stty('-g').trim();
  stty('raw', '-echo');
  let raw = true;
  return {
    [Symbol.dispose]() {
      if (raw) stty(saved);
      raw = false;
    },
  };
}

function stty(...args: string[]): string {
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const { status, stdout } = spawnSync('stty', args, { stdio: ['inherit', 'pipe', 'ignore'] });
  if (status !== 0) throw new Error('the input device is not a TTY');
  return stdout.toString();
}
