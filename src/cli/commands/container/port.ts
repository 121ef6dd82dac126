import { between, type Command } from '../../command.ts';

export const port: Command<object> = {
  operands: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  summary: "List a container's published ports",
  arity: between(1, 2),
  aliases: ['container port', 'port'],
  flags: () => ({}),
  async run(cli, _options, [container = '', wanted]) {
    const { NetworkSettings } = await cli.engine.containers.inspect(container);
    const ports = NetworkSettings.Ports ?? {};
    const address = (binding: { HostIp: string; HostPort: string }) => {
      return `${binding.HostIp.includes(':') ? `[${binding.HostIp}]` : binding.HostIp}:${binding.HostPort}`;
    };
    if (wanted !== undefined) {
      const bindings = ports[wanted.includes('/') ? wanted : `${wanted}/tcp`] ?? [];
      if (bindings.length === 0)
        throw new Error(`Error: No public port '${wanted}' published for ${container}`);
      for (const binding of bindings) cli.print(address(binding));
      return 0;
    }
    const byPort = Object.entries(ports).sort(([a], [b]) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
    for (const [name, bindings] of byPort) {
      for (const binding of bindings ?? []) cli.print(`${name} -> ${address(binding)}`);
    }
    return 0;
  },
};
