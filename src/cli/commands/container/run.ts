import type { Cli } from '../../cli.ts';
import { atLeast, type Command, ExitError } from '../../command.ts';
import { createBody } from '../../container-options/body.ts';
import { type ContainerFlags, containerFlags } from '../../container-options/flags.ts';
import { errorText } from '../../error-text.ts';
import type { FlagSet } from '../../flags/flag-set.ts';
import { checkPull, createContainer, createFlags } from '../../session/create-container.ts';
import { detachKeysOf } from '../../session/detach-keys.ts';
import { watchExit } from '../../session/exit-status.ts';
import { forwardSignals } from '../../session/forward-signals.ts';
import { joinStreams } from '../../session/streams.ts';
import { isTerminal } from '../../terminal/is-terminal.ts';
import { followTerminalSize, terminalSize } from '../../terminal/size.ts';

type RunOptions = ContainerFlags & ReturnType<typeof runFlags>;

function runFlags(flags: FlagSet) {
  return {
    ...createFlags(flags),
    detach: flags.bool('detach', { short: 'd', usage: 'Run in the background and print the id' }),
    detachKeys: flags.string('detach-keys', { usage: 'Keys that detach from the container' }),
    sigProxy: flags.bool('sig-proxy', { usage: 'Pass signals on to the process', initial: true }),
  };
}

export const run: Command<RunOptions> = {
  operands: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  summary: 'Make a container from an image and run it',
  arity: atLeast(1),
  aliases: ['container run', 'run'],
  stopAtOperand: true,
  flags: (flags) => ({ ...containerFlags(flags), ...runFlags(flags) }),
  run: async (cli, options, [image = '', ...command]) => {
    const body = await failing(125, async () => {
      checkPull(options);
      return createBody(options, image, command);
    });
    if (options.detach.value) {
      if (options.attach.value.length > 0) {
        throw new ExitError(1, 'conflicting options: cannot specify both --attach and --detach');
      }
      Object.assign(body, { AttachStdin: false, AttachStdout: false, AttachStderr: false, StdinOnce: false });
    } else if (body.AttachStdin && options.tty.value && !isTerminal(0)) {
      throw new ExitError(1, 'the input device is not a TTY');
    }
    const size = options.tty.value ? terminalSize(cli) : undefined;
    if (size && body.HostConfig) body.HostConfig.ConsoleSize = [size.h, size.w];
    const id = await failing(125, () => createContainer(cli, body, options));
    return options.detach.value ? await background(cli, id) : await foreground(cli, id, options, body);
  },
};

async function background(cli: Cli, id: string): Promise<number> {
  await failing('by-message', () => cli.engine.containers.start(id));
  cli.print(id);
  return 0;
}

async function foreground(
  cli: Cli,
  id: string,
  options: RunOptions,
  streams: { AttachStdin?: boolean; AttachStdout?: boolean; AttachStderr?: boolean },
): Promise<number> {
  using _signals = options.sigProxy.value ? forwardSignals(cli, id) : undefined;
  const stdin = streams.AttachStdin ?? false;
  const detachKeys = await detachKeysOf(cli, options.detachKeys.value, options.tty.value);
  // Why first: what the process says in its first millisecond must find us listening.
  const [attached, exit] = await failing(125, () =>
    Promise.all([
      cli.engine.containers.attach(id, {
        stdin,
        stdout: streams.AttachStdout ?? false,
        stderr: streams.AttachStderr ?? false,
        ...(detachKeys ? { detachKeys } : {}),
      }),
      watchExit(cli, id, options.rm.value),
    ]),
  );
  try {
    await failing('by-message', () => cli.engine.containers.start(id));
  } catch (error) {
    attached.close();
    // Compat: a container of --rm is gone before the prompt is back.
    if (options.rm.value) await exit.code;
    throw error;
  }
  using _size = options.tty.value
    ? followTerminalSize(cli, (size) => cli.engine.containers.resize(id, size))
    : undefined;
  const how = await joinStreams(cli, attached, { stdin, tty: options.tty.value, detachKeys });
  return how === 'detached' ? 0 : await exit.code;
}

/** Does it; a failure ends with the exit code of `docker run` and its pointer to the help. */
async function failing<T>(exit: 125 | 'by-message', work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ExitError) throw error;
    const text = errorText(error);
    const code = exit === 'by-message' ? exitCodeOf(text) : exit;
    throw new ExitError(code, `minke: ${text}\n\nRun 'minke run --help' for more information`);
  }
}

/** 127 for a command that is not there, 126 for one that cannot be run. Compat: docker/cli `toStatusError`. */
function exitCodeOf(message: string): number {
  if (
    /executable file not found|no such file or directory|system cannot find the file specified/.test(message)
  ) {
    return 127;
  }
  return /permission denied|is a directory/.test(message) ? 126 : 125;
}
