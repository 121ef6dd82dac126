import { atLeast, type Command } from '../../command.ts';
import type { Flag, FlagSet } from '../../flags/flag-set.ts';
import { forEachOperand } from '../../for-each.ts';

/** The flags of `stop` and `restart`. */
export interface StopFlags {
  signal: Flag<string>;
  timeout: Flag<number>;
}

export function stopFlags(flags: FlagSet): StopFlags {
  const timeout = flags.int('timeout', { short: 't', usage: 'Seconds until it is killed' });
  flags.link('time', timeout);
  return { signal: flags.string('signal', { short: 's', usage: 'Signal to send' }), timeout };
}

export function stopOptions({ signal, timeout }: StopFlags): { timeout?: number; signal?: string } {
  return {
    ...(timeout.changed ? { timeout: timeout.value } : {}),
    ...(signal.value ? { signal: signal.value } : {}),
  };
}

export const stop: Command<StopFlags> = {
  operands: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Stop running containers',
  arity: atLeast(1),
  aliases: ['container stop', 'stop'],
  flags: stopFlags,
  run: (cli, options, containers) =>
    forEachOperand(cli, containers, async (container) => {
      await cli.engine.containers.stop(container, stopOptions(options));
      return container;
    }),
};
