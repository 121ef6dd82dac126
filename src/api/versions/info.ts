import type { ApiVersion } from '../http/api-version.ts';
import { isObject } from '../http/go-json.ts';

type Info = Record<string, unknown>;

/** One difference of `GET /info` by version: what clients below it get to see. */
interface Change {
  below: string;
  apply: (info: Info) => void;
}

/** The answer of `GET /info` as `version` knows it. `newest` is not changed. */
export function infoFor(version: ApiVersion, newest: Info): Info {
  const info = structuredClone(newest);
  for (const { below, apply } of CHANGES) if (version.below(below)) apply(info);
  if (version.atLeast('1.42')) delete info['KernelMemory'];
  if (version.atLeast('1.52')) delete info['KernelMemoryTCP'];
  return info;
}

const CHANGES: readonly Change[] = [
  {
    below: '1.25',
    apply: (info) => {
      info['ExecutionDriver'] = '<not supported>';
      const options = Array.isArray(info['SecurityOptions']) ? info['SecurityOptions'] : [];
      info['SecurityOptions'] = options.map((option) => /^name=([^,]*)/.exec(String(option))?.[1] ?? option);
    },
  },
  {
    below: '1.39',
    apply: (info) => {
      info['KernelVersion'] ||= '<unknown>';
      info['OperatingSystem'] ||= '<unknown>';
    },
  },
  {
    below: '1.44',
    apply: (info) => {
      for (const runtime of Object.values(objectOf(info['Runtimes']))) delete objectOf(runtime)['status'];
    },
  },
  { below: '1.46', apply: without('Containerd') },
  {
    below: '1.47',
    apply: (info) => {
      const config = objectOf(info['RegistryConfig']);
      config['AllowNondistributableArtifactsCIDRs'] ??= null;
      config['AllowNondistributableArtifactsHostnames'] ??= null;
    },
  },
  {
    below: '1.49',
    apply: (info) => {
      delete info['FirewallBackend'];
      for (const key of ['ContainerdCommit', 'RuncCommit', 'InitCommit']) {
        const commit = objectOf(info[key]);
        commit['Expected'] ??= commit['ID'];
      }
    },
  },
  {
    below: '1.50',
    apply: (info) => {
      delete info['DiscoveredDevices'];
      info['BridgeNfIptables'] ??= false;
      info['BridgeNfIp6tables'] ??= false;
    },
  },
  { below: '1.53', apply: without('NRI') },
];

function without(key: string): Change['apply'] {
  return (info) => {
    delete info[key];
  };
}

/** The object itself, so that it can be changed in place; a throw-away one where there is none. */
function objectOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}
