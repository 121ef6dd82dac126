import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { EngineError, messageOf } from '../../base/mod.ts';
import type { Config } from './config.ts';
import { readRuntimes } from './runtimes.ts';
import { readUlimits } from './ulimits.ts';

type Defaults = Pick<
  Config,
  | 'runtimes'
  | 'defaultUlimits'
  | 'defaultIpcMode'
  | 'defaultCgroupnsMode'
  | 'noNewPrivileges'
  | 'init'
  | 'initPath'
  | 'seccompProfile'
  | 'hostGatewayIps'
  | 'cdiSpecDirs'
>;

/** Compat: where the Container Device Interface has its files. */
const CDI_SPEC_DIRS = ['/etc/cdi', '/var/run/cdi'];

/** The settings that containers have which ask for nothing else. Throws `invalid`. */
export function readContainerDefaults(values: Record<string, unknown>): Defaults {
  const gateways = (values['host-gateway-ips'] as string[] | undefined) ?? [];
  for (const ip of gateways) {
    if (isIP(ip) === 0)
      throw new EngineError('invalid', `ParseAddr(${JSON.stringify(ip)}): unable to parse IP`);
  }
  const directories = (values['cdi-spec-dirs'] as string[] | undefined) ?? CDI_SPEC_DIRS;
  return {
    runtimes: readRuntimes(values['runtimes']),
    defaultUlimits: readUlimits(values['default-ulimits']),
    defaultIpcMode: oneOf(values, 'default-ipc-mode', ['private', 'shareable'], 'private', 'IPC mode'),
    defaultCgroupnsMode: oneOf(
      values,
      'default-cgroupns-mode',
      ['private', 'host'],
      '',
      'cgroup namespace mode',
    ),
    noNewPrivileges: values['no-new-privileges'] === true,
    init: values['init'] === true,
    initPath: (values['init-path'] as string | undefined) ?? '',
    seccompProfile: readSeccomp((values['seccomp-profile'] as string | undefined) ?? ''),
    hostGatewayIps: gateways,
    // Compat: the empty one switches it off.
    cdiSpecDirs: directories.filter((path) => path !== ''),
  };
}

function oneOf<T extends string, D extends string>(
  values: Record<string, unknown>,
  key: string,
  known: readonly T[],
  otherwise: D,
  what: string,
): T | D {
  const value = values[key];
  if (value === undefined) return otherwise;
  if (known.includes(value as T)) return value as T;
  throw new EngineError(
    'invalid',
    `default ${what} (${String(value)}) is invalid; use one of ${known.map((one) => `"${one}"`).join(', ')}`,
  );
}

function readSeccomp(profile: string): string {
  if (profile === '' || profile === 'builtin') return 'builtin';
  if (profile === 'unconfined') return profile;
  try {
    const text = readFileSync(profile, 'utf8');
    JSON.parse(text);
    return text;
  } catch (error) {
    throw new EngineError('invalid', `opening seccomp profile (${profile}) failed: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
