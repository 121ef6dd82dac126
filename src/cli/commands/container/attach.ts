import type { ContainerInspect } from '../../../spec/docker/mod.ts';
import { type Command, exactly } from '../../command.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { forwardSignals } from '../../session/forward-signals.ts';
import { joinStreams } from '../../session/streams.ts';
import { isTerminal } from '../../terminal/is-terminal.ts';
import { followTerminalSize } from '../../terminal/size.ts';

interface Options {
  detachKeys: Flag<string>;
  noStdin: Flag<boolean>;
  sigProxy: Flag<boolean>;
}

export const attach: Command<Options> = {
  operands: '[OPTIONS] CONTAINER',
  summary: 'Attach to the streams of a running container',
  arity: exactly(1),
  aliases: ['container attach', 'attach'],
  flags: (flags) => ({
    detachKeys: flags.string('detach-keys', { usage: 'Keys that detach from the container' }),
    noStdin: flags.bool('no-stdin', { usage: 'Do not attach stdin' }),
    sigProxy: flags.bool('sig-proxy', { usage: 'Pass signals on to the process', initial: true }),
  }),
  async run(cli, options, [name = '']) {
    const { containers } = cli.engine;
    const { Id, Config, State } = await containers.inspect(name);
    checkState(State);
    const stdin = !options.noStdin.value && Config.OpenStdin;
    if (stdin && Config.Tty && !isTerminal(0)) throw new Error('the input device is not a TTY');
    const detachKeys = options.detachKeys.value;
    using _signals = options.sigProxy.value && !Config.Tty ? forwardSignals(cli, Id) : undefined;
    const { result } = await containers.wait(Id);
    const exit = result.catch(() => undefined);
    const keys = detachKeys ? { detachKeys } : {};
    const attached = await containers.attach(Id, { stdin, stdout: true, stderr: true, ...keys });
    using _size = Config.Tty
      ? followTerminalSize(cli, (size) => cli.engine.containers.resize(Id, size))
      : undefined;
    const how = await joinStreams(cli, attached, { stdin, tty: Config.Tty, detachKeys });
    if (how === 'detached') return 0;
    return (await exit)?.StatusCode ?? 1;
  },
};

function checkState(state: ContainerInspect['State']): void {
  if (!state.Running) throw new Error('cannot attach to a stopped container, start it first');
  if (state.Paused) throw new Error('cannot attach to a paused container, unpause it first');
  if (state.Restarting) throw new Error('cannot attach to a restarting container, wait until it is running');
}
