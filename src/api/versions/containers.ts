import { shortId } from '../../base/mod.ts';
import type { ContainerInspect, ContainerSummary, EndpointSettings } from '../../spec/docker/mod.ts';
import type { ApiVersion } from '../http/api-version.ts';

/** A row of `GET /containers/json` as `version` knows it. */
export function summaryFor(version: ApiVersion, row: ContainerSummary): object {
  const { Health, HostConfig, ...rest } = row;
  const { Annotations, ...hostConfig } = HostConfig;
  return {
    ...rest,
    HostConfig: version.below('1.46') || !Annotations ? hostConfig : { ...hostConfig, Annotations },
    ...(version.below('1.52') ? {} : { Health: Health ?? { Status: 'none', FailingStreak: 0 } }),
  };
}

/** Keys of `NetworkSettings` that repeat the endpoint on the network `bridge`, until 1.52. */
const BRIDGE_KEYS = [
  'EndpointID',
  'Gateway',
  'GlobalIPv6Address',
  'GlobalIPv6PrefixLen',
  'IPAddress',
  'IPPrefixLen',
  'IPv6Gateway',
  'MacAddress',
] as const satisfies (keyof EndpointSettings)[];

/** Keys that have been without meaning for long; until 1.52 they are there with these values. */
const DEAD_KEYS = {
  Bridge: '',
  HairpinMode: false,
  LinkLocalIPv6Address: '',
  LinkLocalIPv6PrefixLen: 0,
  SecondaryIPAddresses: null,
  SecondaryIPv6Addresses: null,
};

/** The answer of `GET /containers/{id}/json` as `version` knows it. */
export function inspectFor(version: ApiVersion, container: ContainerInspect): object {
  return {
    ...container,
    Config: configFor(version, container),
    HostConfig: version.below('1.42')
      ? { ...container.HostConfig, KernelMemory: 0, KernelMemoryTCP: 0 }
      : container.HostConfig,
    NetworkSettings: networkSettingsFor(version, container),
  };
}

function configFor(version: ApiVersion, { Config }: ContainerInspect): object {
  const { OnBuild, MacAddress, ...rest } = Config;
  const onBuild =
    OnBuild && OnBuild.length > 0 ? { OnBuild } : version.below('1.52') ? { OnBuild: null } : {};
  return { ...rest, ...onBuild, ...(version.below('1.52') && MacAddress ? { MacAddress } : {}) };
}

function networkSettingsFor(version: ApiVersion, container: ContainerInspect): object {
  const { SandboxID, SandboxKey, Ports, Networks } = container.NetworkSettings;
  const named = version.below('1.45') ? withAliases(container) : Networks;
  const settings = { SandboxID, SandboxKey, Ports, Networks: named };
  if (version.atLeast('1.52')) return settings;
  const bridge = Networks['bridge'];
  const repeated = BRIDGE_KEYS.map((key) => [key, bridge?.[key] ?? (key.endsWith('PrefixLen') ? 0 : '')]);
  return { ...settings, ...DEAD_KEYS, ...Object.fromEntries(repeated) };
}

/** Before 1.45 the aliases on networks of users also named the short id and the hostname. */
function withAliases(container: ContainerInspect): Record<string, EndpointSettings> {
  const entries = Object.entries(container.NetworkSettings.Networks).map(([name, endpoint]) => {
    if (/^(?:bridge|host|none|default)$/.test(name)) return [name, endpoint];
    const aliases = new Set([...(endpoint.Aliases ?? []), shortId(container.Id), container.Config.Hostname]);
    return [name, { ...endpoint, Aliases: [...aliases] }];
  });
  return Object.fromEntries(entries);
}
