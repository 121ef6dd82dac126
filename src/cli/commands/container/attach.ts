import type { ContainerInspect } from '../../../spec/docker/mod.ts';
import { type Command, exactly } from '../../command.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { detachKeysOf } from '../../session/detach-keys.ts';
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
    // First, so that no exit is missed; where there is none to wait for, the next question says why.
    const exit = containers.wait(name).then(({ result }) => result);
    exit.catch(() => {});
    const { Config, State } = await containers.inspect(name);
    checkState(State);
    if (!options.noStdin.value && Config.Tty && !isTerminal(0)) {
      throw new Error('the input device is not a TTY');
    }
    const stdin = !options.noStdin.value && Config.OpenStdin;
    const detachKeys = await detachKeysOf(cli, options.detachKeys.value, Config.Tty);
    using _signals = options.sigProxy.value && !Config.Tty ? forwardSignals(cli, name) : undefined;
    const keys = detachKeys ? { detachKeys } : {};
    const attached = await containers.attach(name, { stdin, stdout: true, stderr: true, ...keys });
    // Race: one that ended meanwhile would be waited for until its next life.
    checkState((await containers.inspect(name)).State);
    using _size = Config.Tty
      ? followTerminalSize(cli, (size) => containers.resize(name, size), { redraw: true })
      : undefined;
    const how = await joinStreams(cli, attached, { stdin, tty: Config.Tty, detachKeys });
    if (how === 'detached') throw new Error('read escape sequence');
    const { StatusCode, Error: failure } = await exit;
    if (failure?.Message) throw new Error(failure.Message);
    return StatusCode;
  },
};

function checkState(state: ContainerInspect['State']): void {
  if (!state.Running) throw new Error('You cannot attach to a stopped container, start it first');
  if (state.Paused) throw new Error('You cannot attach to a paused container, unpause it first');
  if (state.Restarting)
    throw new Error('You cannot attach to a restarting container, wait until it is running');
}
