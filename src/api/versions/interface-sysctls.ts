import { EngineError, messageOf } from '../../base/mod.ts';
import type { EndpointSettings } from '../../spec/docker/mod.ts';
import type { CreateBody } from '../bodies/container-create.ts';
import type { CreateContext } from './container-create.ts';
import { hasOwnNamespace, mainEndpoint } from './main-endpoint.ts';

const OPTION = 'com.docker.network.endpoint.sysctls';

/**
 * Moves sysctls of `eth0` to the main endpoint's driver options for clients below 1.48, and refuses them for newer
 * ones. Compat: moby's `handleSysctlBC`; its refusals are untyped errors, so they answer 500.
 */
export function migrateInterfaceSysctls(body: CreateBody, { version }: CreateContext): string | undefined {
  const { hostConfig } = body;
  const sysctls = hostConfig.Sysctls ?? {};
  if (!hasOwnNamespace(hostConfig.NetworkMode)) return undefined;
  const moved: string[] = [];
  const values: string[] = [];
  let endpoint: Partial<EndpointSettings> | undefined;
  for (const [key, value] of Object.entries(sysctls)) {
    const match = /^net\.([^.]*)\.([^.]*)\.(eth[^.]*)\.(.*)$/s.exec(key);
    if (!match) continue;
    if (version.atLeast('1.48')) {
      throw internal(
        `interface specific sysctl setting ${JSON.stringify(key)} must be supplied using driver option '${OPTION}'`,
      );
    }
    endpoint ??= endpointFor(body, key, version);
    if (match[3] !== 'eth0') {
      throw internal(
        `unable to determine network endpoint for sysctl ${key}, use driver option '${OPTION}' to set per-interface sysctls`,
      );
    }
    moved.push(key);
    values.push(`net.${match[1]}.${match[2]}.IFNAME.${match[4]}=${value}`);
  }
  if (!endpoint) return undefined;
  const migrated = values.join(',');
  const there = endpoint.DriverOpts?.[OPTION];
  endpoint.DriverOpts = {
    ...endpoint.DriverOpts,
    [OPTION]: there === undefined ? migrated : `${migrated},${there}`,
  };
  for (const key of moved) delete sysctls[key];
  return `Migrated sysctl ${JSON.stringify(moved.join(','))} to DriverOpts{${JSON.stringify(OPTION)}:${JSON.stringify(migrated)}}.`;
}

function endpointFor(body: CreateBody, key: string, version: CreateContext['version']) {
  try {
    return mainEndpoint(body, version);
  } catch (error) {
    throw internal(`unable to find a network for sysctl ${key}: ${messageOf(error)}`);
  }
}

function internal(message: string): EngineError {
  return new EngineError('internal', message);
}
