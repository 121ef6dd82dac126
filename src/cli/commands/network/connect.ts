import { type Command, exactly } from '../../command.ts';
import { link } from '../../container-options/checks.ts';
import { cut } from '../../container-options/cut.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { wordsFlag } from './words-flag.ts';

interface Options {
  alias: Flag<string[]>;
  driverOpt: Flag<string[]>;
  gwPriority: Flag<number>;
  ip: Flag<string>;
  ip6: Flag<string>;
  link: Flag<string[]>;
  linkLocalIp: Flag<string[]>;
}

export const connect: Command<Options> = {
  operands: '[OPTIONS] NETWORK CONTAINER',
  summary: 'Put a container into a network',
  arity: exactly(2),
  flags: (flags) => ({
    alias: wordsFlag(flags, 'alias', 'Name of the container on that network'),
    driverOpt: wordsFlag(flags, 'driver-opt', 'Option for the driver'),
    gwPriority: flags.int('gw-priority', { usage: 'The network with the highest one has the default route' }),
    ip: flags.string('ip', { usage: 'IPv4 address' }),
    ip6: flags.string('ip6', { usage: 'IPv6 address' }),
    link: flags.list('link', { usage: 'Link to another container', check: link }),
    linkLocalIp: wordsFlag(flags, 'link-local-ip', 'Link-local address'),
  }),
  async run(cli, o, [network = '', container = '']) {
    await cli.engine.networks.connect(network, {
      Container: container,
      EndpointConfig: {
        IPAMConfig: {
          ...(o.ip.value && { IPv4Address: o.ip.value }),
          ...(o.ip6.value && { IPv6Address: o.ip6.value }),
          ...(o.linkLocalIp.value.length > 0 && { LinkLocalIPs: o.linkLocalIp.value }),
        },
        Links: o.link.value.length > 0 ? o.link.value : null,
        Aliases: o.alias.value.length > 0 ? o.alias.value : null,
        DriverOpts: driverOptions(o.driverOpt.value),
        GwPriority: o.gwPriority.value,
      },
    });
    return 0;
  },
};

/** Compat: docker/cli `convertDriverOpt`. */
function driverOptions(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [key, value, found] = cut(text, '=');
      if (!found || key.trim() === '') throw new Error('invalid key/value pair format in driver options');
      return [key.trim(), value.trim()];
    }),
  );
}
