import type { ContainerRecord } from '../../../store/mod.ts';

/** `db-1` → `DB_1`. */
const inCapitals = (alias: string) => alias.toUpperCase().replaceAll('-', '_');

/**
 * Variables that tell a container of a linked one: its ports, its name, its environment. `name` is `/parent/alias`.
 * Compat: moby `daemon/links`, without `_START` and `_END` of ranges.
 */
export function linkEnvironment(child: ContainerRecord, name: string): string[] {
  const alias = inCapitals(name.split('/').at(-1) ?? name);
  const ip = child.networks['bridge']?.IPAddress ?? '';
  const ports = Object.keys(child.config.ExposedPorts ?? {})
    .map((port) => ({ number: port.split('/')[0] ?? '', protocol: port.split('/')[1] ?? 'tcp' }))
    .sort((a, b) => Number(a.number) - Number(b.number) || (a.protocol === 'tcp' ? -1 : 1));
  const [first] = ports;
  const own = (child.config.Env ?? []).filter((entry) => entry.includes('=') && !/^(HOME|PATH)=/.test(entry));
  return [
    ...(first ? [`${alias}_PORT=${first.protocol}://${ip}:${first.number}`] : []),
    ...ports.flatMap(({ number, protocol }) => {
      const key = `${alias}_PORT_${number}_${protocol.toUpperCase()}`;
      return [
        `${key}=${protocol}://${ip}:${number}`,
        `${key}_ADDR=${ip}`,
        `${key}_PORT=${number}`,
        `${key}_PROTO=${protocol}`,
      ];
    }),
    `${alias}_NAME=${name}`,
    ...own.map((entry) => `${alias}_ENV_${entry}`),
  ];
}
