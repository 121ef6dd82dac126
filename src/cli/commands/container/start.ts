import type { Cli } from '../../cli.ts';
import { atLeast, type Command, ExitError } from '../../command.ts';
import { errorText } from '../../error-text.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { detachKeysOf } from '../../session/detach-keys.ts';
import { watchExit } from '../../session/exit-status.ts';
import { forwardSignals } from '../../session/forward-signals.ts';
import { joinStreams } from '../../session/streams.ts';
import { followTerminalSize } from '../../terminal/size.ts';

interface Options {
  attach: Flag<boolean>;
  detachKeys: Flag<string>;
  interactive: Flag<boolean>;
}

export const start: Command<Options> = {
  operands: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Start stopped containers',
  arity: atLeast(1),
  aliases: ['container start', 'start'],
  flags: (flags) => ({
    attach: flags.bool('attach', { short: 'a', usage: 'Show its output and pass signals on' }),
    detachKeys: flags.string('detach-keys', { usage: 'Keys that detach from the container' }),
    interactive: flags.bool('interactive', { short: 'i', usage: "Attach to the container's stdin" }),
  }),
  run: async (cli, options, containers) => {
    if (!options.attach.value && !options.interactive.value) return await startAll(cli, containers);
    if (containers.length > 1) throw new Error('you cannot start and attach multiple containers at once');
    return await startAttached(cli, containers[0] ?? '', options);
  },
};

async function startAll(cli: Cli, containers: string[]): Promise<number> {
  const failed: string[] = [];
  for (const container of containers) {
    try {
      await cli.engine.containers.start(container);
      cli.print(container);
    } catch (error) {
      cli.complain(errorText(error));
      failed.push(container);
    }
  }
  if (failed.length === 0) return 0;
  cli.complain(`Error: failed to start containers: ${failed.join(', ')}`);
  return 1;
}

async function startAttached(cli: Cli, name: string, options: Options): Promise<number> {
  const { Id, Config, HostConfig } = await cli.engine.containers.inspect(name);
  const stdin = options.interactive.value && Config.OpenStdin;
  const detachKeys = await detachKeysOf(cli, options.detachKeys.value, Config.Tty);
  using _signals = Config.Tty ? undefined : forwardSignals(cli, Id);
  const attached = await cli.engine.containers.attach(Id, {
    stdin,
    stdout: true,
    stderr: true,
    ...(detachKeys ? { detachKeys } : {}),
  });
  const exit = await watchExit(cli, Id, HostConfig.AutoRemove);
  try {
    await cli.engine.containers.start(Id);
  } catch (error) {
    attached.close();
    throw new ExitError(1, errorText(error));
  }
  using _size = Config.Tty
    ? followTerminalSize(cli, (size) => cli.engine.containers.resize(Id, size))
    : undefined;
  const how = await joinStreams(cli, attached, { stdin, tty: Config.Tty, detachKeys });
  return how === 'detached' ? 0 : await exit.code;
}
