/**
 * Puts the terminal of stdin into raw mode; dispose to put it back. Why not: `setRawMode`. It leaves OPOST and ONLCR
 * on (libuv's own idea of raw), and full-screen programs draw stairs.
 */
export function rawMode(): Disposable {
  return changed('raw', '-echo');
}

/** Makes the terminal of stdin show nothing of what is typed; dispose to put it back. */
export function withoutEcho(): Disposable {
  return changed('-echo');
}

function changed(...settings: string[]): Disposable {
  const saved = stty('-g').trim();
  stty(...settings);
  let isChanged = true;
  return {
    [Symbol.dispose]() {
      if (isChanged) stty(saved);
      isChanged = false;
    },
  };
}

function stty(...args: string[]): string {
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const { status, stdout } = spawnSync('stty', args, { stdio: ['inherit', 'pipe', 'ignore'] });
  if (status !== 0) throw new Error('the input device is not a TTY');
  return stdout.toString();
}
