import type { ExecBody } from '../../../client/mod.ts';
import type { Cli } from '../../cli.ts';
import { atLeast, type Command } from '../../command.ts';
import { parseEnv, readEnvFile } from '../../container-options/env.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { detachKeysOf } from '../../session/detach-keys.ts';
import { joinStreams } from '../../session/streams.ts';
import { isTerminal } from '../../terminal/is-terminal.ts';
import { followTerminalSize, terminalSize } from '../../terminal/size.ts';

interface Options {
  detach: Flag<boolean>;
  detachKeys: Flag<string>;
  env: Flag<string[]>;
  envFile: Flag<string[]>;
  interactive: Flag<boolean>;
  privileged: Flag<boolean>;
  tty: Flag<boolean>;
  user: Flag<string>;
  workdir: Flag<string>;
}

export const exec: Command<Options> = {
  operands: '[OPTIONS] CONTAINER COMMAND [ARG...]',
  summary: 'Run a command in a running container',
  arity: atLeast(2),
  aliases: ['container exec', 'exec'],
  stopAtOperand: true,
  flags: (f) => ({
    detach: f.bool('detach', { short: 'd', usage: 'Run it in the background' }),
    detachKeys: f.string('detach-keys', { usage: 'Keys that detach from the container' }),
    env: f.list('env', { short: 'e', usage: 'Set environment variables', check: parseEnv }),
    envFile: f.list('env-file', { usage: 'Read environment variables from a file' }),
    interactive: f.bool('interactive', { short: 'i', usage: 'Keep stdin open' }),
    privileged: f.bool('privileged', { usage: 'Give it all capabilities' }),
    tty: f.bool('tty', { short: 't', usage: 'Give it a terminal' }),
    user: f.string('user', { short: 'u', usage: 'User, by name or id, and group: <user>[:<group>]' }),
    workdir: f.string('workdir', { short: 'w', usage: 'Working directory inside the container' }),
  }),
  async run(cli, options, [container = '', ...command]) {
    const detachKeys = await detachKeysOf(cli, options.detachKeys.value, options.tty.value);
    const body = { ...bodyOf(options, command), DetachKeys: detachKeys };
    // Compat: that there is no such container is said before anything else.
    await cli.engine.containers.inspect(container);
    if (body.AttachStdin && body.Tty && !isTerminal(0)) throw new Error('the input device is not a TTY');
    const terminal = terminalOf(cli, options.tty.value);
    const { Id } = await cli.engine.execs.create(container, { ...body, ...terminal });
    if (options.detach.value) {
      await cli.engine.execs.start(Id, terminal);
      return 0;
    }
    return await foreground(cli, Id, body, terminal);
  },
};

/** Compat: of a size that is not known, docker says [0, 0]. */
function terminalOf(cli: Cli, tty: boolean): { Tty: boolean; ConsoleSize?: [number, number] } {
  if (!tty) return { Tty: false };
  const { h, w } = terminalSize(cli) ?? { h: 0, w: 0 };
  return { Tty: true, ConsoleSize: [h, w] };
}

async function foreground(
  cli: Cli,
  id: string,
  body: ExecBody,
  terminal: { Tty: boolean; ConsoleSize?: [number, number] },
): Promise<number> {
  const attached = await cli.engine.execs.attach(id, terminal);
  const resize = (size: { h: number; w: number }) => cli.engine.execs.resize(id, size);
  using _size = terminal.Tty && isTerminal(0) ? followTerminalSize(cli, resize) : undefined;
  const stdin = body.AttachStdin ?? false;
  await joinStreams(cli, attached, { stdin, tty: terminal.Tty, detachKeys: body.DetachKeys ?? '' });
  const { ExitCode } = await cli.engine.execs.inspect(id);
  return ExitCode ?? 0;
}

function bodyOf(options: Options, command: string[]): ExecBody {
  const attached = !options.detach.value;
  return {
    Cmd: command,
    User: options.user.value,
    Privileged: options.privileged.value,
    Tty: options.tty.value,
    ...(options.detach.value && { Detach: true }),
    AttachStdin: attached && options.interactive.value,
    AttachStdout: attached,
    AttachStderr: attached,
    Env: [...options.envFile.value.flatMap(readEnvFile), ...options.env.value],
    WorkingDir: options.workdir.value,
  };
}
