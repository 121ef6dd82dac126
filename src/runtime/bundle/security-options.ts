import { EngineError } from '../../base/mod.ts';
import type { HostConfig } from '../../spec/docker/mod.ts';

export interface SecurityOptions {
  /** undefined = the daemon's default. */
  noNewPrivileges: boolean | undefined;
  /** `unconfined`, `builtin`, or the profile's JSON; undefined = the daemon's default. */
  seccomp: string | undefined;
  /** Name of a profile. */
  appArmor: string | undefined;
  /** /sys/fs/cgroup is not read-only. */
  writableCgroups: boolean;
}

/** Reads `HostConfig.SecurityOpt`. Throws `invalid` in Docker's words. */
export function securityOptions(options: HostConfig['SecurityOpt']): SecurityOptions {
  const result: SecurityOptions = {
    noNewPrivileges: undefined,
    seccomp: undefined,
    appArmor: undefined,
    writableCgroups: false,
  };
  for (const option of options ?? []) {
    if (option === 'no-new-privileges') {
      result.noNewPrivileges = true;
      continue;
    }
    if (option === 'disable') continue;
    // Compat: `=` before 17.04 was `:`; both are still taken.
    const [, key, value] = /^([^=:]+)[=:]([\s\S]*)$/.exec(option) ?? [];
    switch (key) {
      case 'no-new-privileges':
        result.noNewPrivileges = parseBool(value ?? '', option);
        break;
      case 'seccomp':
        result.seccomp = value;
        break;
      case 'apparmor':
        result.appArmor = value;
        break;
      case 'writable-cgroups':
        result.writableCgroups = parseBool(value ?? '', option);
        break;
      case 'label':
      case 'systempaths':
        break;
      case undefined:
        throw new EngineError('invalid', `invalid --security-opt 1: "${option}"`);
      default:
        throw new EngineError('invalid', `invalid --security-opt 2: "${option}"`);
    }
  }
  return result;
}

/** Compat: Go's strconv.ParseBool. */
function parseBool(value: string, option: string): boolean {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(value)) return false;
  throw new EngineError('invalid', `invalid --security-opt 2: "${option}"`);
}
