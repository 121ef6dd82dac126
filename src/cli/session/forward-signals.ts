import type { Cli } from '../cli.ts';

const FORWARDED = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGCONT',
  'SIGTSTP',
] as const;

/** Sends the signals that we get on to the container; dispose to stop. */
export function forwardSignals(cli: Cli, id: string): Disposable {
  const forward = (signal: NodeJS.Signals) => {
    cli.engine.containers.kill(id, signal.slice('SIG'.length)).catch(() => {});
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  return {
    [Symbol.dispose]: () => {
      for (const signal of FORWARDED) process.off(signal, forward);
    },
  };
}
