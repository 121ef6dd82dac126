import type { Cli } from '../cli.ts';
import { atLeast, type Command } from '../command.ts';
import type { Flag } from '../flags/flag-set.ts';
import { firstThatKnows, inspectObjects, type Lookup } from '../inspect-objects.ts';

interface Options {
  format: Flag<string>;
  size: Flag<boolean>;
  type: Flag<string>;
}

export const inspect: Command<Options> = {
  operands: '[OPTIONS] NAME|ID [NAME|ID...]',
  summary: 'Show everything about any object',
  arity: atLeast(1),
  flags: (flags) => ({
    format: flags.string('format', { short: 'f', usage: "'json' or a Go template" }),
    size: flags.bool('size', { short: 's', usage: 'Show the sizes of containers' }),
    type: flags.string('type', { usage: 'Only this kind: container, image, network, volume' }),
  }),
  run: (cli, { format, size, type }, names) => {
    const lookUps = allLookUps(cli, size.value);
    if (!type.changed)
      return inspectObjects(cli, names, format.value, firstThatKnows(Object.values(lookUps)));
    const kind = type.value;
    const lookUp = Object.hasOwn(lookUps, kind) ? lookUps[kind] : undefined;
    if (!lookUp) {
      const kinds = Object.keys(lookUps).map((name) => JSON.stringify(name));
      throw new Error(`unknown type: ${JSON.stringify(kind)}: must be one of ${kinds.join(', ')}`);
    }
    return inspectObjects(cli, names, format.value, lookUp);
  },
};

function allLookUps(cli: Cli, size: boolean): Record<string, Lookup> {
  const { containers, images, networks, volumes } = cli.engine;
  return {
    container: (name) => containers.inspectText(name, { size }),
    image: (name) => images.inspectText(name),
    network: (name) => networks.inspectText(name),
    volume: (name) => volumes.inspectText(name),
  };
}
