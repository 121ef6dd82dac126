import type { Cli } from '../cli.ts';

/** Size of the terminal that stdout is, in characters; undefined if it is none. */
export function terminalSize(cli: Cli): { h: number; w: number } | undefined {
  if (!cli.stdout.isTerminal) return undefined;
  const [w, h] = process.stdout.getWindowSize?.() ?? [0, 0];
  return w > 0 && h > 0 ? { h, w } : undefined;
}

/**
 * Tells `resize` the size of our terminal, now and at each change; dispose to stop. A failure is not worth a
 * word: the container may be gone already, or not there yet.
 */
export function followTerminalSize(
  cli: Cli,
  resize: (size: { h: number; w: number }) => Promise<void>,
): Disposable {
  const send = () => {
    const size = terminalSize(cli);
    if (size) resize(size).catch(() => {});
  };
  process.on('SIGWINCH', send);
  send();
  return { [Symbol.dispose]: () => void process.off('SIGWINCH', send) };
}
