import type { Cli } from '../cli.ts';

/** Size of the terminal that stdout is, in characters; undefined if it is none. */
export function terminalSize(cli: Cli): { h: number; w: number } | undefined {
  if (!cli.stdout.isTerminal) return undefined;
  // Race: our listener for SIGWINCH may run before the stream's own, which asks the terminal anew.
  (process.stdout as { _refreshSize?: () => void })._refreshSize?.();
  const [w, h] = process.stdout.getWindowSize?.() ?? [0, 0];
  return w > 0 && h > 0 ? { h, w } : undefined;
}

/**
 * Tells `resize` the size of our terminal, now and at each change; dispose to stop. A failure is not worth a
 * word: the container may be gone already, or not there yet. With `redraw` it is another size first: a shell shows its
 * prompt again when that changes.
 */
export function followTerminalSize(
  cli: Cli,
  resize: (size: { h: number; w: number }) => Promise<void>,
  { redraw = false } = {},
): Disposable {
  const send = async (by = 0) => {
    const size = terminalSize(cli);
    if (size) await resize({ h: size.h + by, w: size.w + by }).catch(() => {});
  };
  const follow = () => void send();
  process.on('SIGWINCH', follow);
  void (redraw ? send(1).then(() => send()) : send());
  return { [Symbol.dispose]: () => void process.off('SIGWINCH', follow) };
}
